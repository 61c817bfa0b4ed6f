"""Keeps the codes of all vectors in memory, and finds those nearest to a query on all cores."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from localsearch.store.code_blocks import (
    BLOCK_ROWS,
    joined,
    read_blocks,
    rows_of,
    wanted_rows,
    without,
)
from localsearch.store.quantise import coded_query, quick_query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    import numpy.typing as npt

    from localsearch.store.code_blocks import Block, CodeRow, Ids, Wanted
    from localsearch.store.quantise import CodedQuery, Floats, Signs
    from localsearch.types import FloatVector

_T = TypeVar("_T")
_Found = TypeVar("_Found")
_Number = TypeVar("_Number", bound="np.generic")

# A first look chooses this share of the rows, but so many at least, for both bits to choose from.
# Rows that will do grow more slowly than all rows.
_SHARE = 0.01
FEWEST = 10_000
# When so much was added to what was loaded, as much may have gone: all is loaded anew.
_GROWTH = 0.5
# Picking out more of a block's rows than this share costs more than looking at all of them.
_FEW = 0.2
# Of each document so many are compared in full, where only the nearest of it is wanted: scores by
# codes may be in another order.
OF_DOCUMENT = 3
# Which score so many rows have is told from every so-manieth, if that's enough of them.
_ONE_OF, _ENOUGH_TO_TELL = 10, 400
# A sample tells so much too little at most, unless many rows have the same score.
_MOST_TIMES = 2
# Fewer rows aren't worth another thread.
_ROWS_OF_THREAD = 4096
# So many times as many rows as are wanted mostly have enough that are the nearest of theirs.
_LOOKED_AT_FIRST = 5
# Memory's speed is the limit beyond.
_MOST_THREADS = 8


class CodeMatrix:
    """The codes of one index, shared by all connections of a process.

    Rows join it; one that has gone finds nothing when its vector is looked up, as ids are never
    used twice, and is taken out then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: tuple[Block, ...] = ()
        self._generation = ""
        self._loaded_rows = 0
        self._pool: ThreadPoolExecutor | None = None

    def refresh(
        self, generation: str, rows_after: Callable[[int, int], Sequence[CodeRow]]
    ) -> tuple[Block, ...]:
        """Take in what was added; `rows_after(id, limit)` reads the next rows in order.

        Of another `generation` nothing that's known holds any more. Gives what `nearest` is to
        look at, as another thread may be at another generation.
        """
        with self._lock:
            blocks = list(self._blocks) if generation == self._generation else []
            last_id = int(blocks[-1].ids[-1]) if blocks else 0
            added = list(read_blocks(rows_after, last_id))
            grown = rows_of(blocks) + rows_of(added) - self._loaded_rows
            if blocks and grown > _GROWTH * self._loaded_rows:
                blocks, added = [], list(read_blocks(rows_after, 0))
            if not blocks:
                self._loaded_rows = rows_of(added)
            elif added and len(blocks[-1].ids) + len(added[0].ids) <= BLOCK_ROWS:
                added[0] = joined(blocks.pop(), added[0])
            self._blocks = (*blocks, *added)
            self._generation = generation
            return self._blocks

    def remove(self, gone: Sequence[int]) -> None:
        """Forget rows that have gone, and those of their documents that joined before them.

        All of a document goes at once, but its id may be another's by now.
        """
        import numpy as np

        with self._lock:
            last: dict[int, int] = {}
            for block in self._blocks:
                for place in np.flatnonzero(np.isin(block.ids, gone)).tolist():
                    last[int(block.document_ids[place])] = int(block.ids[place])
            if last:
                documents = np.array(sorted(last), np.int64)
                last_ids = np.array([last[each] for each in sorted(last)], np.int64)
                left = [without(each, documents, last_ids) for each in self._blocks]
                self._blocks = tuple(each for each in left if len(each.ids))

    def drop(self) -> None:
        """Forget all of it, as too much has gone."""
        with self._lock:
            self._blocks = ()

    def nearest(
        self,
        blocks: Sequence[Block],
        query: FloatVector,
        limit: int,
        wanted: Wanted,
        *,
        of_documents: bool = False,
    ) -> list[int]:
        """Ids of the wanted rows of `blocks` that are nearest by their codes, in no order.

        `query` is its offset from the mean, as the codes are of the vectors'. With `of_documents`
        only the nearest few of each document take part, so that a long one leaves room for others.
        """
        import numpy as np

        # Without conditions there's nothing to look at, and threads take turns slowly.
        every = map if wanted.is_everything else self._each
        found = every(lambda block: wanted_rows(block, wanted), blocks)
        picked = [_Picked(*each) for each in zip(blocks, found, strict=True)]
        promising = self._promising(query, [each for each in picked if each.count], limit)
        if not promising:
            return []
        coded = coded_query(query)
        parts = self._each(lambda part: _closely(part, coded), _parted(promising))
        ids, document_ids, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
        best = _best_of_each(document_ids, scores, limit) if of_documents else _best(scores, limit)
        kept: list[int] = ids[best].tolist()
        return kept

    def _promising(
        self, query: FloatVector, picked: Sequence[_Picked], limit: int
    ) -> Sequence[_Picked]:
        """Those of the rows that a first look at one bit a number puts first."""
        import numpy as np

        count = sum(each.count for each in picked)
        wanted = max(int(_SHARE * count), FEWEST, limit)
        if count <= wanted:
            return picked
        quick = quick_query(query)
        scores = self._each(lambda each: _quickly(each, quick), picked)
        lowest = _reached_by(scores, wanted)
        # In the rows' order, in which memory is read faster.
        parts = [np.flatnonzero(each >= lowest) for each in scores]
        if sum(map(len, parts)) > _MOST_TIMES * wanted:
            parts = _without_equals(scores, lowest, wanted)
        pairs = zip(picked, parts, strict=True)
        return [each.only(part) for each, part in pairs if len(part)]

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


@dataclass(frozen=True, slots=True)
class _Picked:
    """Some rows of a block by their positions, in order; None for all of them."""

    block: Block
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
    count = sum(each.count for each in picked)
    # As many for each, as all wait for the last.
    enough = count / max(1, count // _ROWS_OF_THREAD)
    parts: list[list[_Picked]] = []
    rows = enough
    for each in picked:
        if rows >= enough:
            parts.append([])
            rows = 0.0
        parts[-1].append(each)
        rows += each.count
    return parts


def _quickly(picked: _Picked, query: CodedQuery | Signs) -> Floats:
    """The scores of these rows by what a first look reads."""
    coded = picked.block.coded
    if picked.count < _FEW * len(picked.block.ids):
        factors, bases = picked.of(coded.quick_factors), picked.of(coded.bases)
        return query.quick_estimates(picked.of(coded.quick), factors, bases)
    return picked.of(query.quick_estimates(coded.quick, coded.quick_factors, coded.bases))


def _closely(picked: Sequence[_Picked], query: CodedQuery) -> tuple[Ids, Ids, Floats]:
    """The ids of these rows and of their documents, and their scores by both bits."""
    import numpy as np

    coded = [each.block.coded for each in picked]
    pairs = list(zip(picked, coded, strict=True))
    quick = np.concatenate([each.of(rows.quick) for each, rows in pairs], axis=1)
    rest = np.concatenate([each.of(rows.rest, axis=0) for each, rows in pairs])
    firsts, seconds = np.split(np.concatenate((quick, rest.T)), 2)
    factors = np.concatenate([each.of(rows.factors) for each, rows in pairs])
    bases = np.concatenate([each.of(rows.bases) for each, rows in pairs])
    ids = np.concatenate([each.of(each.block.ids) for each in picked])
    document_ids = np.concatenate([each.of(each.block.document_ids) for each in picked])
    return ids, document_ids, query.estimates(firsts, seconds, factors, bases)


def _reached_by(scores: Sequence[Floats], count: int) -> float:
    """The score that some `count` reach.

    A tenth of them tell, where that's many: ordering a million takes as long as all else.
    """
    import numpy as np

    step = _ONE_OF if count >= _ENOUGH_TO_TELL * _ONE_OF else 1
    sample = np.concatenate([each[::step] for each in scores])
    place = max(0, len(sample) - -(-count // step))
    return float(np.partition(sample, place)[place])


def _without_equals(scores: Sequence[Floats], lowest: float, count: int) -> list[Ids]:
    """The positions of what's above a score, and of what has it the first, up to `count`."""
    import numpy as np

    parts = [np.flatnonzero(each > lowest) for each in scores]
    left = max(0, count - sum(map(len, parts)))
    for number, each in enumerate(scores):
        equal = np.flatnonzero(each == lowest)[:left]
        left -= len(equal)
        parts[number] = np.sort(np.concatenate((parts[number], equal)))
    return parts


def _best_of_each(document_ids: Ids, scores: Floats, count: int) -> Ids:
    """The positions of the highest scores, in no order, of each document only the few highest."""
    looked_at = _best(scores, _LOOKED_AT_FIRST * count)
    first = looked_at[_first_of_each(document_ids[looked_at], scores[looked_at])]
    if len(first) < count and len(looked_at) < len(scores):
        first = _first_of_each(document_ids, scores)
    best: Ids = first[_best(scores[first], count)]
    return best


def _first_of_each(document_ids: Ids, scores: Floats) -> Ids:
    """The positions of the few highest scores of each document."""
    import numpy as np

    order = np.lexsort((-scores, document_ids))
    starts = np.flatnonzero(np.diff(document_ids[order], prepend=-1))
    places = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    first: Ids = order[places < OF_DOCUMENT]
    return first


def _best(scores: Floats, count: int) -> Ids:
    """The positions of the highest scores, in no order."""
    import numpy as np

    if len(scores) <= count:
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - count)[-count:]
