"""From the text around a passage to the rows on screen: coloured, marked, wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from textual.content import Content

from tui.markdown_lines import render_markdown
from tui.preview_source import PreviewSource, SourceLine
from tui.syntax import highlight_code, language_of

_MARK = "bold $match"
_SENTENCE_MARK = "underline"


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of the screen; `number` is shown beside the first row of a line."""

    content: Content
    number: int | None = None
    passage: bool = False
    caption: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    content: Content
    number: int | None
    passage: bool
    caption: bool = False
    lead: str = ""
    hang: str = ""


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """A preview ready to paint: the passage begins at row `focus` and has `focus_rows`.

    `found` is the first of its rows in which something is marked, else the first of all.
    """

    source: PreviewSource
    rows: tuple[PreviewRow, ...]
    width: int
    number_width: int
    focus: int
    focus_rows: int
    found: int


def render_preview(source: PreviewSource, width: int) -> PreviewPage:
    """Lay a preview out in `width` cells, line numbers and the passage's bar included."""
    lines = _mark_needles(_style(source), source)
    last = max((line.number or 0 for line in lines), default=0)
    numbered = source.form == "code" and last > 0
    number_width = len(str(last)) + 1 if numbered else 0
    room = max(8, width - number_width - 3)
    rows = tuple(row for line in lines for row in _wrap(line, room, numbered))
    passage = [at for at, row in enumerate(rows) if row.passage]
    return PreviewPage(
        source=source,
        rows=rows,
        width=width,
        number_width=number_width,
        focus=passage[0] if passage else 0,
        focus_rows=passage[-1] - passage[0] + 1 if passage else 1,
        found=next((at for at in passage if _is_marked(rows[at])), passage[0] if passage else 0),
    )


def _style(source: PreviewSource) -> list[_Line]:
    text = "\n".join(line.text for line in source.lines)
    if source.form == "markdown":
        return _style_markdown(text, source.lines)
    if source.form == "code":
        styled: Iterable[Content] = highlight_code(text, language_of(source.hit.path))
    else:
        styled = (Content(line.text) for line in source.lines)
    return [
        _Line(content, line.number, line.passage, line.caption)
        for content, line in zip(styled, source.lines, strict=False)
    ]


def _style_markdown(text: str, source: Sequence[SourceLine]) -> list[_Line]:
    def in_passage(first: int, last: int) -> bool:
        return any(line.passage for line in source[first:last])

    lines = [
        _Line(
            line.content,
            source[line.first].number if line.first < len(source) else None,
            in_passage(line.first, line.last),
            lead=line.lead,
            hang=line.hang,
        )
        for line in render_markdown(text)
    ]
    # An empty line inside of the passage belongs to it.
    return [
        replace(line, passage=True)
        if not line.content
        and 0 < at < len(lines) - 1
        and lines[at - 1].passage
        and lines[at + 1].passage
        else line
        for at, line in enumerate(lines)
    ]


def _mark_needles(lines: list[_Line], source: PreviewSource) -> list[_Line]:
    """Mark what was found: words wherever they stand, a sentence in the passage alone."""
    pattern = _pattern(source)
    if pattern is None or not lines:
        return lines
    style = _SENTENCE_MARK if source.sentence else _MARK
    starts: list[int] = []
    length = 0
    for line in lines:
        starts.append(length)
        length += len(line.content.plain) + 1
    text = "\n".join(line.content.plain for line in lines)
    marked = [line.content for line in lines]
    at = 0
    for match in pattern.finditer(text):
        while at + 1 < len(starts) and starts[at + 1] <= match.start():
            at += 1
        for touched in range(at, len(starts)):
            start = starts[touched]
            if start >= match.end():
                break
            if lines[touched].passage or not source.sentence:
                marked[touched] = marked[touched].stylize(
                    style, max(0, match.start() - start), match.end() - start
                )
    return [replace(line, content=content) for line, content in zip(lines, marked, strict=True)]


def _is_marked(row: PreviewRow) -> bool:
    return any(span.style in (_MARK, _SENTENCE_MARK) for span in row.content.spans)


def _pattern(source: PreviewSource) -> re.Pattern[str] | None:
    words = re.findall(r"\w+", source.sentence)
    if words:
        # Rendering takes marks away from around words, and sets others.
        return re.compile(r"[\W_]+".join(map(re.escape, words)) + r"[.!?…。！？]*")
    needles = [r"\s+".join(map(re.escape, needle.split())) for needle in source.needles]
    return re.compile("|".join(needles), re.IGNORECASE) if needles else None


def _wrap(line: _Line, room: int, numbered: bool) -> Iterable[PreviewRow]:
    if line.caption:
        yield PreviewRow(line.content, caption=True)
        return
    space = max(8, room - len(line.hang))
    wrapped = line.content.wrap(space) if len(line.content) else [line.content]
    for place, content in enumerate(wrapped):
        lead = line.hang if place else line.lead
        yield PreviewRow(
            Content.styled(lead, "$faint") + content if lead else content,
            line.number if numbered and place == 0 else None,
            line.passage,
        )
