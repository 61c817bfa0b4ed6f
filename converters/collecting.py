"""Collects a document's blocks up to the limit on its text, and says so where that cut it."""

from __future__ import annotations

import math
import time

from localsearch.types import Block, BlockKind, ConversionContext, Locator

# Blocks cost memory however short their text: a million lines of one letter aren't worth it.
_MAX_BLOCKS = 200_000


OUT_OF_TIME = "the rest was left out, as reading it took too long"


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

    @classmethod
    def within(cls, context: ConversionContext) -> BlockCollector:
        """One for the limits of the context."""
        return cls(context.text_limit, deadline_s=context.deadline_s)

    @property
    def full(self) -> bool:
        """Whether a limit is reached, so that reading on is of no use."""
        if self._left <= 0 or self._blocks_left <= 0:
            return True
        if time.monotonic() < self._deadline_s:
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
