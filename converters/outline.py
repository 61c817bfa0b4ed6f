"""Turns the headings and code passages that a markup reader found into blocks with paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from converters.paragraphs import line_block, paragraphs
from localsearch.types import Block, BlockKind


class HeadingPath:
    """The headings above the place where a reader is."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> tuple[str, ...]:
        """Go below a heading of that level (1 is the highest); the path with it at its end."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        if title:
            self._open.append((level, title))
        return self.path

    @property
    def path(self) -> tuple[str, ...]:
        """The titles from the highest level down."""
        return tuple(title for _, title in self._open)


@dataclass(frozen=True, slots=True)
class Mark:
    """Rows `start` … `end` (not included, from 0) that are a block of their own.

    A heading has its level and title; the rows between marks are cut into paragraphs.
    """

    start: int
    end: int
    kind: BlockKind
    level: int = 0
    title: str = ""


def outlined_blocks(lines: Sequence[str], marks: Iterable[Mark]) -> Iterator[Block]:
    """All lines as blocks in their order, each with the path of headings that it stands under.

    `marks` come in the order of the file and don't overlap.
    """
    path = HeadingPath()
    row = 0
    for mark in marks:
        yield from paragraphs(lines[row : mark.start], row + 1, heading=path.path)
        if mark.kind == "heading":
            path.enter(mark.level, mark.title)
        yield line_block(lines, mark.start, mark.end, heading=path.path, kind=mark.kind)
        row = mark.end
    yield from paragraphs(lines[row:], row + 1, heading=path.path)
