"""Markup languages whose headings stand on lines of their own: reST, AsciiDoc, Org, LaTeX, man …

The text itself stays as it's written, so that each line is that line of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from converters.cleaning import clean_line
from converters.collecting import in_time
from converters.formats import named
from converters.outline import Mark, outlined_blocks
from converters.text import read_text
from localsearch.types import ConversionContext, Document, Source


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a language's reader made of the lines."""

    marks: tuple[Mark, ...]
    title: str | None = None
    lines: Sequence[str] | None = None


class MarkupConverter:
    """Reads the markup languages that have a reader below."""

    name = "markup"
    version = 2
    suffixes = named("markup").suffixes
    filenames = named("markup").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; its title is what the file declares, else its first heading."""
        lines = read_text(source, context).split("\n")
        reading = _reader_for(source.name)(lines)
        title = reading.title or next(
            (mark.title for mark in reading.marks if mark.kind == "heading" and mark.title), None
        )
        notes: list[str] = []
        outlined = outlined_blocks(reading.lines or lines, reading.marks)
        blocks = tuple(in_time(outlined, context, notes))
        yield Document(blocks, kind="text", title=title, notes=tuple(notes))


def _reader_for(filename: str) -> Callable[[Sequence[str]], _Reading]:
    suffix = os.path.splitext(filename.lower())[1]
    return _READERS.get(suffix, _read_man)


# reStructuredText

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")


def _read_rest(lines: Sequence[str]) -> _Reading:
    """Titles are underlined; a style's level is the order in which it first appears."""
    marks: list[Mark] = []
    styles: list[tuple[str, bool]] = []
    row = 1
    while row < len(lines):
        title = lines[row - 1].strip()
        adorned = _ADORNMENT.match(lines[row])
        if (
            adorned is None
            or not title
            or _ADORNMENT.match(title)
            or len(lines[row].rstrip()) < min(len(title), 8)
        ):
            row += 1
            continue
        overlined = row >= 2 and lines[row - 2].rstrip() == lines[row].rstrip()
        indented = lines[row - 1][:1].isspace()
        start = row - 2 if overlined else row - 1
        if (indented and not overlined) or (start > 0 and lines[start - 1].strip()):
            row += 1
            continue
        style = (adorned[1], overlined)
        if style not in styles:
            styles.append(style)
        marks.append(Mark(start, row + 1, "heading", styles.index(style) + 1, _rest_text(title)))
        row += 2
    return _Reading(tuple(marks))


def _rest_text(title: str) -> str:
    # :role:`text` and ``literal`` are markup, their content is the title.
    return clean_line(re.sub(r":[\w:]+:`|`{1,2}", "", title))


# Languages with one line a heading

_MAX_HEADING = 1000


def _marked_lines(
    lines: Sequence[str],
    heading: Callable[[str], tuple[int, str] | None],
    fences: Sequence[tuple[re.Pattern[str], Callable[[str, str], bool]]] = (),
) -> tuple[Mark, ...]:
    """Headings outside of fenced passages, and the passages as code.

    A fence is how its first line looks, and whether a later line closes what that line opened.
    """
    marks: list[Mark] = []
    never_closed: set[str] = set()
    row = 0
    while row < len(lines):
        line = lines[row]
        closes = next((closes for opens, closes in fences if opens.match(line)), None)
        if closes is not None and line not in never_closed:
            end = next(
                (late for late in range(row + 1, len(lines)) if closes(line, lines[late])), None
            )
            if end is not None:
                marks.append(Mark(row, end + 1, "code"))
                row = end + 1
                continue
            never_closed.add(line)
        found = heading(line) if len(line) <= _MAX_HEADING else None
        if found is not None:
            marks.append(Mark(row, row + 1, "heading", found[0], clean_line(found[1])))
        row += 1
    return tuple(marks)


_ASCIIDOC_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?\s*$")
_ASCIIDOC_FENCES = (
    (re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|```\w*)\s*$"), lambda opened, line: (
        line.rstrip() == ("```" if opened.startswith("```") else opened.rstrip())
    )),
)  # fmt: skip


def _read_asciidoc(lines: Sequence[str]) -> _Reading:
    def heading(line: str) -> tuple[int, str] | None:
        match = _ASCIIDOC_HEADING.match(line)
        return (len(match[1]), match[2]) if match else None

    return _Reading(_marked_lines(lines, heading, _ASCIIDOC_FENCES))


_ORG_HEADING = re.compile(
    r"(\*+)\s+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)\s+)?(?:\[#\w\]\s+)?"
    r"(\S.*?)(?:\s+:[\w@#%:]+:)?\s*$"
)
_ORG_FENCES = (
    (
        re.compile(r"\s*#\+begin_(?:src|example)\b", re.I),
        lambda opened, line: line.strip().lower().startswith(("#+end_src", "#+end_example")),
    ),
)
_ORG_TITLE = re.compile(r"#\+title:\s*(\S.*)", re.I)


def _read_org(lines: Sequence[str]) -> _Reading:
    def heading(line: str) -> tuple[int, str] | None:
        match = _ORG_HEADING.match(line)
        return (len(match[1]), match[2]) if match else None

    title = next((found[1] for line in lines[:50] if (found := _ORG_TITLE.match(line))), None)
    return _Reading(_marked_lines(lines, heading, _ORG_FENCES), title)


_LATEX_LEVELS = {
    name: level
    for level, name in enumerate(
        ("part", "chapter", "section", "subsection", "subsubsection", "paragraph"), start=1
    )
}
_LATEX_HEADING = re.compile(
    r"\s*\\(part|chapter|section|subsection|subsubsection|paragraph)\*?\s*(?:\[[^\]]*\])?\s*\{(.*)"
)
_LATEX_TITLE = re.compile(r"[^%]*\\title\s*(?:\[[^\]]*\])?\s*\{(.*)")
_LATEX_VERBATIM = re.compile(r"\s*\\begin\{(verbatim|lstlisting|minted)\*?\}")


def _latex_argument(written: str) -> str:
    """What stands before the brace that closes the argument, its commands taken off."""
    depth = 1
    for index, char in enumerate(written):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            written = written[:index]
            break
    return clean_line(re.sub(r"\\[A-Za-z]+\*?\s*|[{}]|(?<!\\)\$", " ", written))


def _read_latex(lines: Sequence[str]) -> _Reading:
    def heading(line: str) -> tuple[int, str] | None:
        match = _LATEX_HEADING.match(line)
        return (_LATEX_LEVELS[match[1]], _latex_argument(match[2])) if match else None

    def closes(opened: str, line: str) -> bool:
        match = _LATEX_VERBATIM.match(opened)
        return match is not None and f"\\end{{{match[1]}" in line

    title = next((found[1] for line in lines if (found := _LATEX_TITLE.match(line))), None)
    marks = _marked_lines(lines, heading, ((_LATEX_VERBATIM, closes),))
    return _Reading(marks, _latex_argument(title) if title else None)


_TEXTILE_HEADING = re.compile(r"h([1-6])(?:\([^)]*\))?\.\s+(\S.*)")
_WIKI_HEADING = re.compile(r"(={1,6})\s*([^=\s].*?)\s*\1\s*$")


def _read_textile(lines: Sequence[str]) -> _Reading:
    def heading(line: str) -> tuple[int, str] | None:
        match = _TEXTILE_HEADING.match(line)
        return (int(match[1]), match[2]) if match else None

    return _Reading(_marked_lines(lines, heading))


def _read_wiki(lines: Sequence[str]) -> _Reading:
    def heading(line: str) -> tuple[int, str] | None:
        match = _WIKI_HEADING.match(line)
        return (len(match[1]), match[2]) if match else None

    return _Reading(_marked_lines(lines, heading))


# Manual pages

_MAN_HEADING = re.compile(r"\.(SH|SS|Sh|Ss)\s+\"?([^\"]*)\"?")
_MAN_TITLE = re.compile(r"\.(?:TH|Dt)\s+\"?([^\s\"]+)\"?(?:\s+\"?([^\s\"]+))?")
_MAN_FONT = re.compile(r"\\f(?:\[[^\]]*\]|\(..|.)|\\s[-+]?\d|\\[&|^/,%:]")
_MAN_CHARACTERS = {
    r"\-": "-", r"\(em": "—", r"\(en": "–", r"\(aq": "'", r"\(dq": '"', r"\(co": "©", r"\(bu": "•",
    r"\(lq": "“", r"\(rq": "”", r"\~": " ", r"\ ": " ", r"\e": "\\", r"\'": "´", r"\(oq": "‘",
    r"\(cq": "’", r"\(ti": "~", r"\(ha": "^",
}  # fmt: skip
_MAN_CHARACTER = re.compile("|".join(map(re.escape, _MAN_CHARACTERS)))
_MAN_REQUEST = re.compile(r"[.'][ \t]*([A-Za-z]{1,3})?(?:[ \t]+(.*))?$")


def _read_man(lines: Sequence[str]) -> _Reading:
    """Manual pages in troff; a file called `.1` without its requests is plain text."""
    declared = next((found for line in lines[:200] if (found := _MAN_TITLE.match(line))), None)
    if declared is None:
        return _Reading(())

    def heading(line: str) -> tuple[int, str] | None:
        match = _MAN_HEADING.match(line)
        return (1 if match[1].lower() == "sh" else 2, _man_text(match[2])) if match else None

    title = f"{declared[1]}({declared[2]})" if declared[2] else declared[1]
    return _Reading(_marked_lines(lines, heading), title, [_man_text(line) for line in lines])


def _man_text(line: str) -> str:
    """A line as its reader sees it, near enough: without requests, fonts and escapes."""
    if line.startswith(('.\\"', "'\\\"")):
        return ""
    request = _MAN_REQUEST.match(line)
    if request is not None:
        # Requests of set-up (.nf, .ds, .TH) show nothing; the others show their arguments.
        shown = request[1] not in ("TH", "ds", "de", "ie", "el", "if", "nr", "Dd", "Dt", "Os", "ft")
        line = (request[2] or "").replace('"', "") if shown else ""
    return _MAN_CHARACTER.sub(lambda match: _MAN_CHARACTERS[match[0]], _MAN_FONT.sub("", line))


_READERS: dict[str, Callable[[Sequence[str]], _Reading]] = {
    ".rst": _read_rest,
    ".rest": _read_rest,
    ".adoc": _read_asciidoc,
    ".asciidoc": _read_asciidoc,
    ".org": _read_org,
    ".tex": _read_latex,
    ".ltx": _read_latex,
    ".latex": _read_latex,
    ".textile": _read_textile,
    ".mediawiki": _read_wiki,
    ".wiki": _read_wiki,
}
