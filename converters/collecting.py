"""Collects a document's blocks up to the limit on its text, and says so where that cut it."""

from __future__ import annotations

from localsearch.types import Block, BlockKind, Locator

# Blocks cost memory however short their text: a million lines of one letter aren't worth it.
_MAX_BLOCKS = 200_000


class BlockCollector:
    """Takes blocks until `full`; from then on it takes nothing and has a note about it."""

    def __init__(self, text_limit: int, *, max_blocks: int = _MAX_BLOCKS) -> None:
        self.blocks: list[Block] = []
        self.notes: list[str] = []
        self._left = text_limit
        self._limit = text_limit
        self._blocks_left = max_blocks
        self._max_blocks = max_blocks

    @property
    def full(self) -> bool:
        """Whether a limit is reached, so that reading on is of no use."""
        return self._left <= 0 or self._blocks_left <= 0

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
