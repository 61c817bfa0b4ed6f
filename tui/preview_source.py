"""What the preview shows of a hit: a window of the file itself, or the index's passages of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from localsearch.terminal import clean
from localsearch.types import Hit, Locator
from tui.backend import Backend, PassageLike
from tui.format import describe_place
from tui.text_window import is_cut, read_window

_LINES_BEFORE = 150
_LINES_AFTER = 350
_PASSAGES_BEFORE = 12
_PASSAGES_AFTER = 24
_MARKDOWN = (".md", ".markdown", ".mkd", ".mdown")
_TAB = 4
_UNREADABLE = "The file can't be read now; this is what the index holds of it."
_LONG_LINES = "Its lines are very long; this is what the index holds of them."


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line to show, safe; `number` is its line in the file, a caption stands between pages."""

    text: str
    number: int | None = None
    passage: bool = False
    caption: bool = False


@dataclass(frozen=True, slots=True)
class PreviewSource:
    """The text around a passage, and what is known of it.

    `stops` are the passages that n and N go through, `stop` the place of this one among them.
    `needles` are words to mark wherever they stand, `sentence` one to mark in the passage; `note`
    says what the reader should know.
    """

    hit: Hit
    lines: tuple[SourceLine, ...]
    form: Literal["code", "markdown", "prose"]
    needles: tuple[str, ...] = ()
    stops: tuple[PassageLike, ...] = field(default=(), repr=False)
    stop: int = 0
    note: str = ""

    @property
    def sentence(self) -> str:
        """The sentence that's nearest to what was asked, where that was looked for."""
        return self.hit.snippet[slice(*self.hit.nearest)] if self.hit.nearest else ""


def load_preview(backend: Backend, hit: Hit) -> PreviewSource:
    """Read what the preview of a hit needs; may take as long as the disk does."""
    passages = backend.passages_of(hit.path, hit.member)
    needles = find_needles(hit)
    stops, stop = find_stops(passages, hit, needles)
    note = ""
    if hit.locator.line_start is not None and not hit.member:
        window = _lines_of_file(hit)
        # What was found may stand in the part that's left out.
        cut = bool(passages) and any(line.passage and is_cut(line.text) for line in window)
        if window and not cut:
            markdown = PurePath(hit.path).suffix.lower() in _MARKDOWN
            form: Literal["code", "markdown"] = "markdown" if markdown else "code"
            return PreviewSource(hit, window, form, needles, stops, stop)
        note = _LONG_LINES if cut else _UNREADABLE
    if not passages:
        # What was indexed in the meantime, or found by its name alone.
        text = hit.text or hit.snippet
        lines = tuple(SourceLine(line, passage=bool(hit.text)) for line in _clean_lines(text))
        if not hit.text:
            note = "Found by its name alone: it has no text, or isn't read yet."
        return PreviewSource(hit, lines, "prose", needles, note=note)
    return PreviewSource(
        hit, _lines_of_passages(passages, hit), "prose", needles, stops, stop, note
    )


def find_needles(hit: Hit) -> tuple[str, ...]:
    """The distinct texts that the hit's snippet marks."""
    marked = (hit.snippet[start:end].strip() for start, end in hit.highlights)
    return tuple(dict.fromkeys(each for each in marked if each))


def find_stops(
    passages: Sequence[PassageLike], hit: Hit, needles: Sequence[str]
) -> tuple[tuple[PassageLike, ...], int]:
    """The passages worth stepping through: those that hold a needle, else all of them."""
    folded = [needle.casefold() for needle in needles]
    stops = [
        each
        for each in passages
        if each.chunk_id == hit.chunk_id or any(needle in each.text.casefold() for needle in folded)
    ]
    if len(stops) < 2:
        stops = list(passages)
    here = [place for place, each in enumerate(stops) if each.chunk_id == hit.chunk_id]
    return tuple(stops), here[0] if here else 0


def _clean_lines(text: str) -> list[str]:
    return [clean(line.expandtabs(_TAB)) for line in text.split("\n")]


def _lines_of_file(hit: Hit) -> tuple[SourceLine, ...]:
    start = hit.locator.line_start or 1
    end = hit.locator.line_end or start
    window = read_window(hit.path, max(1, start - _LINES_BEFORE), end + _LINES_AFTER)
    if window is None:
        return ()
    first, lines = window
    start, end = _where_it_is_now(lines, first, hit.text, start, end)
    return tuple(
        SourceLine(clean(line.expandtabs(_TAB)), number, passage=start <= number <= end)
        for number, line in enumerate(lines, first)
    )


def _where_it_is_now(
    lines: Sequence[str], first: int, text: str, start: int, end: int
) -> tuple[int, int]:
    """The passage's lines, even if the file has changed above it since it was indexed."""
    wanted = next((line.strip() for line in text.split("\n") if line.strip()), "")
    at = start - first
    if not wanted or (0 <= at < len(lines) and wanted in lines[at]):
        return start, end
    places = [place for place, line in enumerate(lines) if line.strip() == wanted]
    if not places:
        return start, end
    shift = min(places, key=lambda place: abs(place - at)) - at
    return start + shift, end + shift


def _lines_of_passages(passages: Sequence[PassageLike], hit: Hit) -> tuple[SourceLine, ...]:
    here = next((at for at, each in enumerate(passages) if each.chunk_id == hit.chunk_id), 0)
    lines: list[SourceLine] = []
    caption, before = "", ""
    for passage in passages[max(0, here - _PASSAGES_BEFORE) : here + _PASSAGES_AFTER]:
        is_hit = passage.chunk_id == hit.chunk_id
        place = _caption(passage.locator)
        text = passage.text
        if place != caption:
            caption, before = place, ""
            if place:
                lines.append(SourceLine(place, caption=True))
        elif lines and not is_hit:
            text = without_overlap(before, text)
        elif lines:
            overlap = len(text) - len(without_overlap(before, text))
            if overlap:
                lines = _drop_tail(lines, text[:overlap])
        if text.strip():
            lines += [SourceLine(line, passage=is_hit) for line in _clean_lines(text)]
            lines.append(SourceLine(""))
        before = passage.text
    return tuple(lines)


def _caption(locator: Locator) -> str:
    return describe_place(
        Locator(
            page=locator.page,
            page_label=locator.page_label,
            slide=locator.slide,
            sheet=locator.sheet,
            part=locator.part,
        )
    )


def without_overlap(before: str, text: str) -> str:
    """`text` without the words at its start that already end `before`."""
    for match in re.finditer(r"\s+|$", text[:600]):
        head = text[: match.start()]
        if head and before.endswith(head) and len(head) >= 12:
            return text[match.end() :]
    return text


def _drop_tail(lines: list[SourceLine], overlap: str) -> list[SourceLine]:
    """The lines without the words at their end that the hit begins with: it's shown whole."""
    tail = _clean_lines(overlap)
    kept = [*lines]
    while kept and not kept[-1].text:
        kept.pop()
    if not kept or kept[-1].caption or len(tail) != 1 or not kept[-1].text.endswith(tail[0]):
        return lines
    text = kept.pop().text[: -len(tail[0])].rstrip()
    return [*kept, SourceLine(text), SourceLine("")] if text else [*kept, SourceLine("")]
