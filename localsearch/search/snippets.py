"""What of a passage is shown, and which parts of it are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from localsearch.keywords import find_needles

if TYPE_CHECKING:
    from collections.abc import Sequence

SNIPPET_CHARACTERS = 240
_SPACES = regex.compile(r"\s+")
_GRAPHEME = regex.compile(r"\X")


def make_snippet(
    text: str, needles: Sequence[str], *, width: int = SNIPPET_CHARACTERS
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The part of `text` where most needles stand together, and where they stand in it.

    White space is folded to single spaces; ranges are code points of the snippet.
    """
    flat = _SPACES.sub(" ", text).strip()
    marks = find_needles(flat, needles)
    if len(flat) <= width:
        return flat, marks
    start = _best_start(marks, width)
    start, end = _whole_words(flat, start, min(len(flat), start + width))
    lead, tail = ("…" if start else ""), ("…" if end < len(flat) else "")
    snippet = lead + flat[start:end] + tail
    shift = len(lead) - start
    inside = tuple((a + shift, b + shift) for a, b in marks if a >= start and b <= end)
    return snippet, inside


def snippet_from(
    text: str, start: int, end: int, *, width: int = SNIPPET_CHARACTERS
) -> tuple[str, tuple[int, int]]:
    """The part of `text` that begins at `start`, and where in it stands what ends at `end`.

    White space is folded to single spaces; the range is code points of the snippet.
    """
    before = _SPACES.sub(" ", text[:start]).strip()
    marked = _SPACES.sub(" ", text[start:end]).strip()
    flat = _SPACES.sub(" ", text[start:]).strip()
    lead = "…" if before else ""
    if len(flat) > width:
        _, cut = _whole_words(flat, 0, width)
        flat = flat[:cut] + "…"
        marked = marked[:cut]
    return lead + flat, (len(lead), len(lead) + len(marked))


def text_position(text: str, snippet: str, position: int) -> int | None:
    """Where in `text` stands what's at `position` of its snippet; None where that's no part of it.

    Both count code points.
    """
    kept: list[int] = []
    end = 0
    for run in _SPACES.finditer(text):
        kept.extend(range(end, run.start()))
        # Of white space one stays, at the ends of the text none.
        kept.extend((run.start(),) if run.start() else ())
        end = run.end()
    kept.extend(range(end, len(text)))
    flat = _SPACES.sub(" ", text).strip()
    for shown, lead in ((snippet, 0), (snippet.removeprefix("…"), 1)):
        start = flat.find(shown.removesuffix("…"))
        if start >= 0 and 0 <= start + position - lead < len(flat):
            return kept[start + position - lead]
    return None


def _best_start(marks: Sequence[tuple[int, int]], width: int) -> int:
    if not marks:
        return 0
    # The window that begins a little before a mark and holds the most marks after it.
    lead = width // 6

    def held(start: int) -> int:
        return sum(start <= a and b <= start + width for a, b in marks)

    starts = [max(0, a - lead) for a, _ in marks[:200]]
    return max(starts, key=lambda start: (held(start), -start))


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Move both ends to a space nearby, or at least to the edge of a grapheme."""
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else _grapheme_edge(text, start)
    if end < len(text):
        space = text.rfind(" ", end - 20, end)
        end = space if space > start else _grapheme_edge(text, end)
    return start, end


def _grapheme_edge(text: str, position: int) -> int:
    begin = max(0, position - 32)
    edge = begin
    for cluster in _GRAPHEME.finditer(text, begin, min(len(text), position + 32)):
        if cluster.start() > position:
            break
        edge = cluster.start()
    return edge
