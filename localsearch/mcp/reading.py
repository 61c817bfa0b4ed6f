"""The text of a file around a place in it, as far as a budget of characters reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localsearch.mcp.answers import DataMarks, cut
from localsearch.mcp.sources import shown_source
from localsearch.places import shown_place
from localsearch.terminal import clean
from localsearch.types import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.store.matches import Passage
    from localsearch.types import Locator


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read: one of these, or none for the start. All but `time_s` count from 1."""

    line: int | None = None
    page: int | None = None
    slide: int | None = None
    time_s: float | None = None
    section: str | None = None
    passage: int | None = None


def read_answer(passages: Sequence[Passage], place: Place, *, max_characters: int) -> str:
    """The passages around a place, in order, each below where it stands; says how to go on.

    `passages` are all of one document. Raises UsageError for a place that it doesn't have.
    """
    marks = DataMarks()
    first = passages[0]
    target = _position(passages, place)
    top = f"{shown_source(first.path, first.member)}\n{marks.explanation}\n"
    # Kept free for the remark at the end.
    room = max_characters - len(top) - marks.length - 120
    pieces = [_piece(passage) for passage in passages]
    start, end = _window(pieces, target, room, centred=place.passage is None)
    title = cut(clean(first.title), max(room, 0) // 4)
    text = cut("\n\n".join((title, *pieces[start:end])), max(room, 0))
    rest = _remark(start, end, len(pieces))
    return cut(f"{top}{marks.around(text)}\n{rest}", max_characters)


def whole_text(passages: Sequence[Passage], *, max_characters: int) -> str:
    """The text of a document from its start."""
    return cut(
        "\n\n".join(clean(each.text, keep_newlines=True) for each in passages), max_characters
    )


def _piece(passage: Passage) -> str:
    place = shown_place(passage.locator)
    text = clean(passage.text, keep_newlines=True).strip()
    return f"[{place}]\n{text}" if place else text


def _window(pieces: Sequence[str], target: int, room: int, *, centred: bool) -> tuple[int, int]:
    """The passages that fit around the target, which is always one of them, or from it on."""
    start, end = target, target + 1
    used = len(pieces[target])
    grown = True
    while grown:
        grown = False
        if end < len(pieces) and used + len(pieces[end]) + 2 <= room:
            used += len(pieces[end]) + 2
            end, grown = end + 1, True
        if centred and start > 0 and used + len(pieces[start - 1]) + 2 <= room:
            start, grown = start - 1, True
            used += len(pieces[start]) + 2
    return start, end


def _remark(start: int, end: int, count: int) -> str:
    said = f"Passages {start + 1}-{end} of {count}."
    if end < count:
        said += f" Go on with passage={end + 1}."
    return said


def _position(passages: Sequence[Passage], place: Place) -> int:
    """The index of the first passage at the place. Raises UsageError where there's none."""
    if place.passage is not None:
        if place.passage > len(passages):
            raise UsageError(f"it has only {len(passages)} passages")
        return place.passage - 1
    locators = [each.locator for each in passages]
    if place.section is not None:
        wanted = place.section.casefold()
        for position, locator in enumerate(locators):
            if any(wanted in name.casefold() for name in _names(locator)):
                return position
        raise UsageError(f"it has no section {place.section}", "Read it from its start.")
    for name, number in (
        ("line", place.line),
        ("page", place.page),
        ("slide", place.slide),
        ("time", place.time_s),
    ):
        if number is not None:
            last = max((_end(each, name) or 0 for each in locators), default=0)
            if 0 < last < number:
                raise UsageError(f"its text ends with {name} {last}", "Name one up to that.")
            return _last_begun(name, [_start(each, name) for each in locators], number)
    return 0


def _names(locator: Locator) -> tuple[str, ...]:
    names = (locator.symbol, locator.sheet, locator.cell, locator.part)
    return (*locator.heading, *(each for each in names if each))


def _start(locator: Locator, name: str) -> float | None:
    starts = {
        "line": locator.line_start,
        "page": locator.page,
        "slide": locator.slide,
        "time": locator.time_start_s,
    }
    return starts[name]


def _end(locator: Locator, name: str) -> int | None:
    """The last line, page or slide that a passage is known to stand on; times are never said."""
    return {"line": locator.line_end, "page": locator.page, "slide": locator.slide}.get(name)


def _last_begun(name: str, starts: Sequence[float | None], number: float) -> int:
    """The first of the passages with the latest start that isn't after the number."""
    known = [each for each in starts if each is not None]
    if not known:
        raise UsageError(f"this file isn't divided by {name}", "Read it from its start.")
    begun = [each for each in known if each <= number]
    return starts.index(max(begun) if begun else min(known))
