"""Collects a document's blocks up to the limit on its text, and says so where that cut it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence

from localsearch.types import Block, BlockKind, ConversionContext, Locator

# Blocks cost memory however short their text: a million lines of one letter aren't worth it.
_MAX_BLOCKS = 200_000
_MAX_NOTES = 20


OUT_OF_TIME = "the rest was left out, as reading it took too long"
# A library may take all of the time before it gives anything, which is worth a little more then.
_FIRST_BLOCK_S = 2.0


class BlockCollector:
    """Takes blocks until `full`; from then on it takes nothing and has a note about it."""

    def __init__(
        self, text_limit: int, *, max_blocks: int = _MAX_BLOCKS, deadline_s: float = math.inf
    ) -> None:
        self.blocks: list[Block] = []
        self.notes: list[str] = []
        self._left = text_limit
        self._limit = text_limit
        self._blocks_left = max_blocks
        self._max_blocks = max_blocks
        self._deadline_s = deadline_s
        self._first_block_s = max(time.monotonic(), deadline_s) + _FIRST_BLOCK_S

    @classmethod
    def within(cls, context: ConversionContext) -> BlockCollector:
        """One for the limits of the context."""
        return cls(context.text_limit, deadline_s=context.deadline_s)

    @property
    def room(self) -> int:
        """How many characters are still taken."""
        return max(0, self._left)

    @property
    def full(self) -> bool:
        """Whether a limit is reached, so that reading on is of no use."""
        if self._left <= 0 or self._blocks_left <= 0:
            return True
        if time.monotonic() < (self._deadline_s if self.blocks else self._first_block_s):
            return False
        self._blocks_left = 0
        self.notes.append(OUT_OF_TIME)
        return True

    def add(self, text: str, locator: Locator | None = None, kind: BlockKind = "paragraph") -> None:
        """Take a block; white space alone is no block."""
        if self.full or not text or text.isspace():
            return
        self.blocks.append(Block(text[: self._left], locator or Locator(), kind))
        self._left -= len(text)
        self._blocks_left -= 1
        if self._left <= 0:
            self.notes.append(f"only the first {self._limit:,} characters were read")
        elif self._blocks_left <= 0:
            self.notes.append(f"only the first {self._max_blocks:,} paragraphs were read")

    def take(self, block: Block) -> None:
        """Take a block that another converter made."""
        self.add(block.text, block.locator, block.kind)


def first_few(notes: Sequence[str]) -> list[str]:
    """Notes of one kind that a damaged file may give thousands of: the first, and how many more."""
    left_out = len(notes) - _MAX_NOTES
    if left_out <= 0:
        return list(notes)
    return [*notes[:_MAX_NOTES], f"and {left_out:,} more like these"]


def in_time(
    blocks: Iterable[Block], context: ConversionContext, notes: list[str]
) -> Iterator[Block]:
    """The blocks until the context's time is up, the first one in any case; `notes` says so."""
    is_first = True
    for block in blocks:
        if not is_first and time.monotonic() >= context.deadline_s:
            notes.append(OUT_OF_TIME)
            return
        yield block
        is_first = False
