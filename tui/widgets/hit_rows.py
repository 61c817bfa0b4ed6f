"""How one hit is drawn: its lines of text, styled, for a given width."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content, Span

from localsearch.terminal import clean
from localsearch.types import Hit
from tui.format import describe_age, describe_place, describe_score, ellipsise, shorten_path
from tui.kinds import look_of

# Cells left of the text: the bar of the highlighted row, the sign of a marked one, a space.
_GUTTER = 3
_INDENT = 2


@dataclass(frozen=True, slots=True)
class RowStyle:
    """What the drawing of a hit depends on, besides the hit.

    `best` and `worst` are the outer scores of the list, `scored` says whether they mean anything,
    `judged` whether they're a reranker's; `faded` shows a hit that probably isn't relevant.
    """

    width: int
    snippet_lines: int
    spaced: bool
    now_s: float
    home: str
    best: float
    worst: float = 0.0
    faded: bool = False
    scored: bool = True
    judged: bool = False

    @property
    def height(self) -> int:
        """Lines of one hit, the empty one after it included."""
        return 2 + self.snippet_lines + (1 if self.spaced else 0)


def draw_hit(hit: Hit, style: RowStyle, *, current: bool, marked: bool) -> list[Content]:
    """The lines of a hit, `style.height` of them."""
    gutter = Content.assemble(
        ("▌" if current else " ", "$primary"), ("●" if marked else " ", "$success"), " "
    )
    width = max(10, style.width - _GUTTER - 2)
    lines = [_head(hit, width, style), _where(hit, width, style), *_snippet(hit, width, style)]
    if style.spaced:
        lines.append(Content(""))
    return [gutter + line for line in lines]


def _head(hit: Hit, width: int, style: RowStyle) -> Content:
    look = look_of(hit.kind)
    age = describe_age(hit.mtime_ns, style.now_s)
    score = ""
    if style.scored:
        score = describe_score(hit, style.best, style.worst, judged=style.judged)
    facts = f"{hit.kind} · {age}" + (" · " if score else "")
    right = cell_len(facts) + cell_len(score)
    if right + 16 > width:
        facts = ""
        right = cell_len(score)
    name = Content(clean(hit.title) or clean(hit.path.rpartition(os.sep)[2]))
    title = name.truncate(max(4, width - _INDENT - right - 2), ellipsis=True)
    gap = max(1, width - _INDENT - title.cell_length - right)
    return Content.assemble(
        (look.mark, "$faint" if style.faded else look.style),
        " ",
        title.stylize("$dim" if style.faded else "bold"),
        " " * gap,
        (facts, "$faint"),
        (score, "$faint" if style.faded else "$success"),
    )


def _where(hit: Hit, width: int, style: RowStyle) -> Content:
    room = width - _INDENT
    place = describe_place(hit.locator, hit.member)
    if cell_len(place) > room // 2:
        # Where it stands matters more than under which heading.
        place = ellipsise(describe_place(hit.locator, hit.member, headings=0), room // 2)
    if hit.copies:
        copies = f"{len(hit.copies)} {'copy' if len(hit.copies) == 1 else 'copies'}"
        place = f"{place} · {copies}" if place else copies
    path_room = room - cell_len(place) - (3 if place else 0)
    path = shorten_path(hit.path, path_room, home=style.home)
    folder, separator, name = path.rpartition("/")
    return Content.assemble(
        " " * _INDENT,
        (folder + separator, "$faint"),
        (name, "$dim"),
        (" · " if place else "", "$faint"),
        (place, "$faint" if style.faded else "$text-primary"),
    )


def _snippet(hit: Hit, width: int, style: RowStyle) -> list[Content]:
    room = width - _INDENT
    if hit.nearest is None:
        text = marked_text(hit.snippet, hit.highlights, "bold $match")
    else:
        # A sentence is longer than a word: a quieter mark.
        text = marked_text(hit.snippet, (hit.nearest,), "underline $foreground")
    text = text.stylize_before("$faint" if style.faded else "$dim")
    wrapped = text.wrap(room) if len(text) else [Content("")]
    lines = wrapped[: style.snippet_lines]
    if len(wrapped) > style.snippet_lines:
        last = lines[-1].rstrip()
        lines[-1] = last.truncate(room - 1) + "…"
    lines += [Content("")] * (style.snippet_lines - len(lines))
    return [Content(" " * _INDENT) + line for line in lines]


def marked_text(text: str, ranges: Sequence[tuple[int, int]], style: str) -> Content:
    """`text`, safe to show, with these code-point ranges of it in `style`."""
    pieces: list[str] = []
    spans: list[Span] = []
    done = length = 0
    for start, end in sorted(ranges):
        if start < done:
            continue
        before, inside = clean(text[done:start]), clean(text[start:end])
        spans.append(Span(length + len(before), length + len(before) + len(inside), style))
        pieces += (before, inside)
        length += len(before) + len(inside)
        done = end
    pieces.append(clean(text[done:]))
    return Content("".join(pieces), spans)
