"""A PDF page's text in reading order, where its columns were written across, row by row.

Most programs write one column after the other; those pages, and all on which no columns of prose
are certain (tables, turned pages, single columns), keep the order in which they were written.
"""

from __future__ import annotations

import statistics
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from converters.pdf_widths import FontWidths, PageWidths

if TYPE_CHECKING:
    from pypdf import PageObject

_SHOWN_OPERAND = {b"Tj": 0, b"TJ": 0, b"'": 0, b'"': 2}
# More pieces of text than this on a page are a drawing or a map.
_MAX_RUNS = 20_000
# So often, and so far across the page, must the writing have jumped to the right.
_MIN_JUMPS = 6
_JUMP_SHARE = 0.2
# Of the lines of the shortest column, so many must have been written by turns with the next one's.
_MIN_JUMPS_PER_LINE = 0.6
_RUNS_PER_LINE = 3
# What lies closer together on a line belongs together; in letters' heights, as all below.
_WORD_GAP = 1.0
_MIN_GUTTER = 0.8
_BASELINE = 0.3
# A column of prose: lines that many, that long, and most of them full; cells of tables are neither.
_MIN_LINES = 6
_MIN_LINE = 9.0
_FULL = 0.8
_MIN_FULL_SHARE = 0.5
# Lines across the columns (titles, page numbers) are few.
_MAX_CROSSING_SHARE = 0.15
_MAX_CROSSING = 40
_MAX_REGIONS = 12


@dataclass(frozen=True, slots=True)
class _Run:
    """What one operator shows; `x`, `y` where it begins, `size` the height of its letters."""

    x: float
    y: float
    size: float
    shown: Any
    font: str
    stretch: float


@dataclass(slots=True)
class _Segment:
    """Neighbouring runs of a line, from `left` to `right`."""

    left: float
    right: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class _Region:
    """A part of the page; what begins within it is read before the next part."""

    left: float
    right: float
    bottom: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x < self.right and self.bottom <= y < self.top


@dataclass(slots=True)
class _Spy:
    """Notes where on the page each piece of text is shown, as pypdf's visitor of operators."""

    runs: list[_Run] = field(default_factory=list)
    is_turned: bool = False
    _font: str = ""
    _size: float = 1.0

    def visit(self, operation: bytes, operands: Any, cm: Any, tm: Any) -> None:
        if operation == b"Tf" and len(operands) >= 2:
            self._font = str(operands[0])
            self._size = _number(operands[1], self._size)
        elif operation in _SHOWN_OPERAND and not self.is_turned:
            at = _SHOWN_OPERAND[operation]
            if len(operands) <= at:
                return
            x, y, across, slant = _place(cm, tm)
            height = self._size * across
            if across <= 0 or abs(slant) > 0.01 * across or len(self.runs) >= _MAX_RUNS:
                self.is_turned = True
            elif height > 0:
                self.runs.append(_Run(x, y, height, operands[at], self._font, across * self._size))


def _place(cm: Any, tm: Any) -> tuple[float, float, float, float]:
    """Where text that's shown now begins, how wide its unit is, and how much it climbs."""
    return (
        tm[4] * cm[0] + tm[5] * cm[2] + cm[4],
        tm[4] * cm[1] + tm[5] * cm[3] + cm[5],
        tm[0] * cm[0] + tm[1] * cm[2],
        tm[0] * cm[1] + tm[1] * cm[3],
    )


def _number(written: Any, otherwise: float) -> float:
    return float(written) if isinstance(written, (int, float)) else otherwise


def page_text(page: PageObject, fonts: FontWidths) -> str:
    """The page's text, column by column where it's sure to have columns that were mixed up.

    `fonts` is the same for all pages of a file.
    """
    spy = _Spy()
    text: str = page.extract_text(visitor_operand_before=spy.visit)
    if spy.is_turned or not _jumps_across(spy.runs):
        return text
    try:
        regions = _regions(_segments(spy.runs, fonts.of_page(page)), is_rtl=_is_rtl(text))
        pieces = [_text_within(page, region) for region in regions]
    except (ArithmeticError, TypeError, ValueError):
        # Places beyond all numbers: there's the text still.
        return text
    if not pieces:
        return text
    # Letter for letter the same, or what was left out may matter more than the order.
    if sorted("".join("".join(pieces).split())) != sorted("".join(text.split())):
        return text
    return "\n".join(piece.strip() for piece in pieces)


def _jumps_across(runs: Sequence[_Run]) -> bool:
    """Whether the writing may have gone far to the right again and again.

    Cheap, as all pages are asked; where words were written one by one, the jumps don't show.
    """
    if len(runs) < 2 * _MIN_LINES:
        return False
    if len(runs) > _RUNS_PER_LINE * len({round(run.y) for run in runs}):
        return True
    xs = [run.x for run in runs]
    far = _JUMP_SHARE * (max(xs) - min(xs))
    jumps = sum(after - before > far for before, after in pairwise(xs))
    return far > 0 and jumps >= _MIN_JUMPS


def _segments(runs: Sequence[_Run], widths: PageWidths) -> list[_Segment]:
    """The lines' parts in the order of writing; a wide gap ends one."""
    segments: list[_Segment] = []
    for run in runs:
        width = widths.width(run.font, run.shown) * run.stretch
        if width <= 0:
            continue
        last = segments[-1] if segments else None
        if (
            last is not None
            and abs(run.y - last.y) < _BASELINE * run.size
            and -_WORD_GAP * run.size < run.x - last.right < _WORD_GAP * run.size
        ):
            last.right = max(last.right, run.x + width)
        else:
            segments.append(_Segment(run.x, run.x + width, run.y, run.size))
    return segments


def _regions(segments: Sequence[_Segment], *, is_rtl: bool) -> list[_Region]:
    """The parts of the page in reading order; none where there are no columns of prose."""
    if len(segments) < 2 * _MIN_LINES:
        return []
    gutters = _gutters(segments)
    crossing = [each for each in segments if any(_covers(each, x) for x in gutters)]
    inside = [each for each in segments if not any(_covers(each, x) for x in gutters)]
    edges = [-float("inf"), *gutters, float("inf")]
    columns = list(pairwise(edges))
    if not gutters or len(crossing) > _MAX_CROSSING or not _alternates(segments, gutters):
        return []
    if not all(_is_prose(inside, *column) for column in columns):
        return []
    regions: list[_Region] = []
    top = float("inf")
    for y in sorted({each.y for each in crossing}, reverse=True):
        size = next(each.size for each in crossing if each.y == y)
        above, below = y + _BASELINE * size, y - _BASELINE * size
        # Lines across the page that follow each other are one part.
        if any(above <= each.y < top for each in inside):
            regions += _row_of_columns(columns, above, top, is_rtl=is_rtl)
            top = above
        if regions and regions[-1].left == -float("inf") == -regions[-1].right:
            top = regions.pop().top
        regions.append(_Region(-float("inf"), float("inf"), below, top))
        top = below
    regions += _row_of_columns(columns, -float("inf"), top, is_rtl=is_rtl)
    return regions if len(regions) <= _MAX_REGIONS else []


def _alternates(segments: Sequence[_Segment], gutters: Sequence[float]) -> bool:
    """Whether columns were written by turns, line by line.

    A table is written cell by cell, and cells that are prose have several lines.
    """
    columns = [bisect(gutters, each.left) for each in segments]
    rightwards = sum(before < after for before, after in pairwise(columns))
    lines: dict[int, set[int]] = defaultdict(set)
    for column, segment in zip(columns, segments, strict=True):
        lines[column].add(round(segment.y))
    fewest = min(map(len, lines.values()))
    return rightwards >= max(_MIN_JUMPS, _MIN_JUMPS_PER_LINE * fewest * (len(lines) - 1))


def _row_of_columns(
    columns: Sequence[tuple[float, float]], bottom: float, top: float, *, is_rtl: bool
) -> Iterator[_Region]:
    for left, right in reversed(columns) if is_rtl else columns:
        yield _Region(left, right, bottom, top)


def _gutters(segments: Sequence[_Segment]) -> list[float]:
    """The middles of the strips from top to bottom of the page that hardly any text crosses."""
    size = statistics.median(each.size for each in segments)
    steps = sorted([(each.left, 1) for each in segments] + [(each.right, -1) for each in segments])
    allowed = _MAX_CROSSING_SHARE * len(segments)
    found: list[float] = []
    covering, began = 0, None
    passed = 0
    for x, step in steps:
        covering += step
        passed += step < 0
        if covering <= allowed:
            began = x if began is None else began
            continue
        # Before the first column and after the last there's the margin.
        if began is not None and passed > allowed and x - began >= _MIN_GUTTER * size:
            found.append((began + x) / 2)
        began = None
    return found


def _covers(segment: _Segment, x: float) -> bool:
    return segment.left < x < segment.right


def _is_prose(inside: Sequence[_Segment], left: float, right: float) -> bool:
    """Whether most lines of a column are full, as only a paragraph's last one isn't."""
    lines = [each for each in inside if left <= each.left < right]
    if len(lines) < _MIN_LINES:
        return False
    lengths = sorted((each.right - each.left) / each.size for each in lines)
    usual = lengths[int(0.9 * (len(lengths) - 1))]
    full = sum(length >= _FULL * usual for length in lengths)
    return usual >= _MIN_LINE and full >= _MIN_FULL_SHARE * len(lengths)


def _is_rtl(text: str) -> bool:
    rtl = sum("\u0590" <= char <= "\u08ff" or "\ufb1d" <= char <= "\ufefc" for char in text)
    return 2 * rtl > sum(map(str.isalpha, text))


def _text_within(page: PageObject, region: _Region) -> str:
    def leave_out(operation: bytes, operands: Any, cm: Any, tm: Any) -> None:
        at = _SHOWN_OPERAND.get(operation)
        if at is None or len(operands) <= at:
            return
        x, y, _, _ = _place(cm, tm)
        if not region.holds(x, y):
            operands[at] = type(operands[at])()

    text: str = page.extract_text(visitor_operand_before=leave_out)
    return text
