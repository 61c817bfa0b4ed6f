"""Keeps the codes of all vectors in memory, and finds those nearest to a query on all cores."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from localsearch.store.quantise import coded_query, quick_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    import numpy.typing as npt

    from localsearch.store.quantise import CodedQuery, Scores, Words
    from localsearch.types import FloatVector

    Ids = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

    # (id, chunk id, document id, code)
    CodeRow = tuple[int, int, int, bytes]

_T = TypeVar("_T")
_Found = TypeVar("_Found")
_Number = TypeVar("_Number", bound="np.generic")

# Of so many rows a call of numpy takes long enough for another thread to have its turn.
_BLOCK_ROWS = 65_536
# The first bits alone choose this share of the rows, but so many at least, for both bits to choose
# from. Of real vectors (384 numbers) .99 of the nearest ten are among the first 300 of 2,500, and
# 380 of 5,000; by signs alone, 580 and 670. Rows that will do grow more slowly than all rows.
_SHARE = 0.02
_FEWEST = 4000
# When so much was added to what was loaded, as much may have gone: all is loaded anew.
_GROWTH = 0.5
# Picking out more of the rows than this share costs more than looking at all of them.
_FEW = 0.1
# Fewer rows aren't worth another thread.
_ROWS_OF_THREAD = 8192
# Memory's speed is the limit beyond.
_MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows may be found; None asks for nothing.

    `documents` has a flag for each document id, the last one for all ids beyond it. `required` and
    `excluded` are chunk ids.
    """

    documents: Flags | None = None
    required: Ids | None = None
    excluded: Ids | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows, in order of their ids.

    The first bits are (words, rows), as all rows' are looked at; the second ones (rows, words), as
    few rows are picked out, and each is then in one place.
    """

    ids: Ids
    chunk_ids: Ids
    document_ids: Ids
    firsts: Words
    seconds: Words


class CodeMatrix:
    """The codes of one index, shared by all connections of a process.

    Rows only join it: ids are never used twice, so that one that has gone finds nothing when its
    vector is looked up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: tuple[_Block, ...] = ()
        self._generation = ""
        self._loaded_rows = 0
        self._pool: ThreadPoolExecutor | None = None

    def refresh(self, generation: str, rows_after: Callable[[int, int], Sequence[CodeRow]]) -> None:
        """Take in what was added; `rows_after(id, limit)` reads the next rows in order.

        Of another `generation` nothing that's known holds any more.
        """
        with self._lock:
            blocks = list(self._blocks) if generation == self._generation else []
            last_id = int(blocks[-1].ids[-1]) if blocks else 0
            added = list(_read(rows_after, last_id))
            if blocks and _rows_of(added) > _GROWTH * self._loaded_rows:
                blocks, added = [], list(_read(rows_after, 0))
            if not blocks:
                self._loaded_rows = _rows_of(added)
            elif added and len(blocks[-1].ids) + len(added[0].ids) <= _BLOCK_ROWS:
                added[0] = _joined(blocks.pop(), added[0])
            self._blocks = (*blocks, *added)
            self._generation = generation

    def drop(self) -> None:
        """Forget all of it, as too much has gone."""
        with self._lock:
            self._blocks = ()

    def nearest(self, query: FloatVector, limit: int, wanted: Wanted) -> list[int]:
        """Ids of the wanted rows that are nearest by their codes, in no order.

        `query` is its offset from the mean, as the codes are of the vectors'.
        """
        import numpy as np

        blocks = self._blocks
        found = self._each(lambda block: _wanted_rows(block, wanted), blocks)
        picked = [_Picked(*each) for each in zip(blocks, found, strict=True)]
        promising = self._promising(query, [each for each in picked if each.count], limit)
        if not promising:
            return []
        coded = coded_query(query)
        parts = self._each(lambda part: _closely(part, coded), _parted(promising))
        ids = np.concatenate([each for each, _ in parts])
        scores = np.concatenate([each for _, each in parts])
        kept: list[int] = ids[_best(scores, limit)].tolist()
        return kept

    def _promising(
        self, query: FloatVector, picked: Sequence[_Picked], limit: int
    ) -> Sequence[_Picked]:
        """Those of the rows that a first look at one bit a number puts first."""
        import numpy as np

        count = sum(each.count for each in picked)
        fewest = max(_FEWEST, limit)
        if count <= max(fewest, _FEW * sum(len(each.block.ids) for each in picked)):
            return picked
        quick = quick_query(query)
        scores = self._each(lambda each: each.of(quick.scores(each.block.firsts)), picked)
        best = _best(np.concatenate(scores), max(int(_SHARE * count), fewest))
        # Memory is read faster in its order.
        best.sort()
        ends = np.cumsum([each.count for each in picked])
        parts = np.split(best, np.searchsorted(best, ends[:-1]))
        return [
            each.only(part - (end - each.count))
            for each, part, end in zip(picked, parts, ends, strict=True)
            if len(part)
        ]

    def _each(self, look: Callable[[_T], _Found], parts: Sequence[_T]) -> list[_Found]:
        """What `look` finds in each, on all cores."""
        return list(map(look, parts) if len(parts) < 2 else self._threads().map(look, parts))

    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        with self._lock:
            if self._pool is None:
                count = min(_MOST_THREADS, os.cpu_count() or 1)
                self._pool = ThreadPoolExecutor(count, thread_name_prefix="codes")
            return self._pool

    def close(self) -> None:
        """End its threads and give back its memory."""
        with self._lock:
            self._blocks = ()
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None


def _rows_of(blocks: Sequence[_Block]) -> int:
    return sum(len(each.ids) for each in blocks)


def _read(rows_after: Callable[[int, int], Sequence[CodeRow]], last_id: int) -> Iterator[_Block]:
    import numpy as np

    while rows := rows_after(last_id, _BLOCK_ROWS):
        ids, chunk_ids, document_ids, codes = zip(*rows, strict=True)
        words = np.frombuffer(b"".join(codes), np.uint64).reshape(len(rows), -1).T
        half = len(words) // 2
        yield _Block(
            np.array(ids, np.int64),
            np.array(chunk_ids, np.int64),
            np.array(document_ids, np.int64),
            np.ascontiguousarray(words[:half]),
            np.ascontiguousarray(words[half:].T),
        )
        last_id = ids[-1]


def _joined(first: _Block, second: _Block) -> _Block:
    import numpy as np

    return _Block(
        np.concatenate((first.ids, second.ids)),
        np.concatenate((first.chunk_ids, second.chunk_ids)),
        np.concatenate((first.document_ids, second.document_ids)),
        np.concatenate((first.firsts, second.firsts), axis=1),
        np.concatenate((first.seconds, second.seconds)),
    )


@dataclass(frozen=True, slots=True)
class _Picked:
    """Some rows of a block by their positions, in order; None for all of them."""

    block: _Block
    rows: Ids | None

    @property
    def count(self) -> int:
        return len(self.block.ids if self.rows is None else self.rows)

    def of(self, values: npt.NDArray[_Number], axis: int = -1) -> npt.NDArray[_Number]:
        """What belongs to these rows of something that there is for each of the block's."""
        return values if self.rows is None else values.take(self.rows, axis=axis)

    def only(self, positions: Ids) -> _Picked:
        """Some of these rows."""
        return _Picked(self.block, positions if self.rows is None else self.rows.take(positions))


def _parted(picked: Sequence[_Picked]) -> list[list[_Picked]]:
    """Neighbours put together, as looking at a few rows costs a thread no less than at many."""
    parts: list[list[_Picked]] = []
    rows = _ROWS_OF_THREAD
    for each in picked:
        if rows >= _ROWS_OF_THREAD:
            parts.append([])
            rows = 0
        parts[-1].append(each)
        rows += each.count
    return parts


def _closely(picked: Sequence[_Picked], query: CodedQuery) -> tuple[Ids, Scores]:
    """The ids of these rows, and their scores by both bits."""
    import numpy as np

    firsts = np.concatenate([each.of(each.block.firsts) for each in picked], axis=1)
    seconds = np.concatenate([each.of(each.block.seconds, axis=0) for each in picked])
    scores = 2 * query.scores(firsts) + query.scores(np.ascontiguousarray(seconds.T))
    return np.concatenate([each.of(each.block.ids) for each in picked]), scores


def _wanted_rows(block: _Block, wanted: Wanted) -> Ids | None:
    """The positions of the wanted rows; None for all."""
    import numpy as np

    conditions: list[Flags] = []
    if wanted.documents is not None:
        conditions.append(wanted.documents.take(block.document_ids, mode="clip"))
    if wanted.required is not None:
        conditions.append(np.isin(block.chunk_ids, wanted.required))
    if wanted.excluded is not None:
        conditions.append(np.isin(block.chunk_ids, wanted.excluded, invert=True))
    return np.flatnonzero(np.logical_and.reduce(conditions)) if conditions else None


def _best(scores: Scores, count: int) -> Ids:
    """The positions of the highest scores, in no order."""
    import numpy as np

    if len(scores) <= count:
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - count)[-count:]
