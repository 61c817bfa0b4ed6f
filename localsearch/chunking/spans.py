"""Where does a part of a block stand in its file, and what is the text of several together?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from localsearch.chunking.segments import line_starts
from localsearch.types import Block, Locator


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a block, without blank lines at its ends, and where it stands."""

    block: Block
    start: int
    end: int
    locator: Locator

    @property
    def text(self) -> str:
        """The part's text."""
        return self.block.text[self.start : self.end]


class Lines:
    """Tells the lines of parts of a block, where its text has its range's lines one by one."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._breaks: list[int] | None = None
        at = block.locator
        if at.line_start is None or at.line_end is None:
            return
        if block.text.count("\n") == at.line_end - at.line_start:
            self._breaks = [start - 1 for start in line_starts(block.text, 0, len(block.text))]

    def span(self, start: int, end: int) -> Span:
        """The part from `start` to `end`, without blank lines at its ends."""
        text = self._block.text
        kept = text[start:end].rstrip()
        end = start + len(kept)
        first = end - len(kept.lstrip())
        line = text.rfind("\n", start, first) + 1
        if line == 0:
            # An indentation belongs to the text, a space between two words doesn't.
            line = start if start == 0 or text[start - 1] == "\n" else first
        return Span(self._block, line, end, self._located(line, end))

    def _located(self, start: int, end: int) -> Locator:
        at = self._block.locator
        if self._breaks is None or at.line_start is None or start >= end:
            return at
        return replace(
            at,
            line_start=at.line_start + bisect_right(self._breaks, start - 1),
            line_end=at.line_start + bisect_right(self._breaks, end - 1),
        )


def joined(spans: Sequence[Span]) -> str:
    """The text of spans of neighbouring blocks."""
    parts = [spans[0].text]
    for before, after in pairwise(spans):
        parts += (_between(before, after), after.text)
    return "".join(parts)


def _between(before: Span, after: Span) -> str:
    """Line breaks, as many as in the file where its lines tell."""
    if before.locator.line_end is not None and after.locator.line_start is not None:
        lines = after.locator.line_start - before.locator.line_end
        if lines in (1, 2):
            return "\n" * lines
    tight = before.block.kind == after.block.kind and after.block.kind in ("code", "list", "table")
    return "\n" if tight else "\n\n"


def located(spans: Sequence[Span]) -> Locator:
    """From where the first starts to where the last ends."""
    if len(spans) == 1:
        return spans[0].locator
    places = [span.locator for span in spans]
    lines = [line for at in places for line in (at.line_start, at.line_end) if line is not None]
    times = [time for at in places for time in (at.time_start_s, at.time_end_s) if time is not None]
    return replace(
        places[0],
        line_start=min(lines, default=None),
        line_end=max(lines, default=None),
        time_start_s=min(times, default=None),
        time_end_s=max(times, default=None),
    )
