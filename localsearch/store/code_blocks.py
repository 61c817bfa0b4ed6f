"""What do the codes of an index look like in memory? Rows in blocks, which never change.

A block in which rows came or went is another one, so that what's known of it holds for good.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from localsearch.store.quantise import CodedRows, taken_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping, Sequence

    import numpy as np
    import numpy.typing as npt

    Ids = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

    # (id, chunk id, document id, code)
    CodeRow = tuple[int, int, int, bytes]

# Of so many rows a call of numpy takes long enough for another thread to have its turn.
BLOCK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows may be found; None asks for nothing.

    `documents` has a flag for each document id, the last one for all ids beyond it. `required` and
    `excluded` are chunk ids. `known` are the rows of each block that was asked for them.
    """

    documents: Flags | None = None
    required: Ids | None = None
    excluded: Ids | None = None
    known: MutableMapping[Block, Ids | None] = field(default_factory=WeakKeyDictionary)

    @property
    def is_everything(self) -> bool:
        """Whether all rows may be found."""
        return self.documents is None and self.required is None and self.excluded is None


# Each is only itself, as a row may have come or gone in one that looks the same.
@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Block:
    """Some rows, in order of their ids."""

    ids: Ids
    chunk_ids: Ids
    document_ids: Ids
    coded: CodedRows


def rows_of(blocks: Sequence[Block]) -> int:
    """How many rows they hold together."""
    return sum(len(each.ids) for each in blocks)


def read_blocks(
    rows_after: Callable[[int, int], Sequence[CodeRow]], last_id: int
) -> Iterator[Block]:
    """The rows after one, in order; `rows_after(id, limit)` reads the next ones."""
    import numpy as np

    while rows := rows_after(last_id, BLOCK_ROWS):
        ids, chunk_ids, document_ids, codes = zip(*rows, strict=True)
        yield Block(
            np.array(ids, np.int64),
            np.array(chunk_ids, np.int64),
            np.array(document_ids, np.int64),
            taken_apart(codes),
        )
        last_id = ids[-1]


def joined(first: Block, second: Block) -> Block:
    """The rows of both, those of `second` after the others."""
    import numpy as np

    return Block(
        np.concatenate((first.ids, second.ids)),
        np.concatenate((first.chunk_ids, second.chunk_ids)),
        np.concatenate((first.document_ids, second.document_ids)),
        first.coded.joined(second.coded),
    )


def without(block: Block, documents: Ids, last_ids: Ids) -> Block:
    """A block without the rows of these documents (in order) up to each one's last id."""
    import numpy as np

    places = np.searchsorted(documents, block.document_ids).clip(max=len(documents) - 1)
    gone = (documents[places] == block.document_ids) & (block.ids <= last_ids[places])
    if not gone.any():
        return block
    rows = np.flatnonzero(~gone)
    return Block(
        block.ids[rows], block.chunk_ids[rows], block.document_ids[rows], block.coded.only(rows)
    )


def wanted_rows(block: Block, wanted: Wanted) -> Ids | None:
    """The positions of the wanted rows; None for all."""
    import numpy as np

    if block in wanted.known:
        return wanted.known[block]
    conditions: list[Flags] = []
    if wanted.documents is not None:
        conditions.append(wanted.documents.take(block.document_ids, mode="clip"))
    if wanted.required is not None:
        conditions.append(np.isin(block.chunk_ids, wanted.required))
    if wanted.excluded is not None:
        conditions.append(np.isin(block.chunk_ids, wanted.excluded, invert=True))
    rows = np.flatnonzero(np.logical_and.reduce(conditions)) if conditions else None
    wanted.known[block] = rows
    return rows
