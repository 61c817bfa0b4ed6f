"""From the XML events of OpenDocument content to blocks with their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.given_titles import given_title
from converters.opendocument_tables import OFFICE, TABLE, TableReader, number
from converters.outline import HeadingPath
from converters.rows import SheetRows
from converters.xml_stream import MalformedXmlError, XmlEvent, xml_events
from localsearch.types import Block, BlockKind, Locator

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _DRAW = f"{_NS}text:1.0 ", f"{_NS}drawing:1.0 "
_PRESENTATION = f"{_NS}presentation:1.0 "
_DC = "http://purl.org/dc/elements/1.1/ "
# What isn't read: what was deleted, furigana, form controls, who wrote a comment when.
_SKIPPED = frozenset(
    (
        _TEXT + "tracked-changes", _TEXT + "ruby-text", _TEXT + "note-citation", OFFICE + "forms",
        OFFICE + "scripts", OFFICE + "styles", OFFICE + "automatic-styles", OFFICE + "meta",
        OFFICE + "master-styles", OFFICE + "font-face-decls", OFFICE + "settings",
        _DC + "creator", _DC + "date", OFFICE + "binary-data",
    )
)  # fmt: skip
_PARAGRAPHS = frozenset((_TEXT + "p", _TEXT + "h"))
_ASIDES = {
    OFFICE + "annotation": "comment",
    _TEXT + "note-body": "note",
    _PRESENTATION + "notes": "notes",
}
_MAX_SPACES = 8
# White space in the XML is one space, as in HTML; that which elements stand for is meant, and is
# carried past the collapsing as private characters.
_COLLAPSED = re.compile(r"[ \t\r\n]+")
_SPACE, _TAB, _BREAK = "\ue000", "\ue001", "\ue002"
_WRITTEN = str.maketrans({_SPACE: " ", _TAB: "\t", _BREAK: "\n"})
_LANGUAGE_LENGTHS = (2, 3)


@dataclass(slots=True)
class _Paragraph:
    """A paragraph that is being read; a footnote puts another one inside it."""

    level: int
    page: int
    is_title: bool
    pieces: list[str] = field(default_factory=list)


class ContentReader:
    """Takes the events of a content part in order; `finish`, then ask for `blocks`."""

    def __init__(self, out: BlockCollector) -> None:
        self.title: str | None = None
        self._out = out
        self._skip_depth = 0
        self._page = 1
        self._slide = 0
        self._headings = HeadingPath()
        self._paragraphs: list[_Paragraph] = []
        self._asides: list[str] = []
        # Footnotes stand inside what they're about; they're read after it.
        self._notes: list[tuple[str, Locator]] = []
        self._is_title_frame = False
        self._lists = 0
        self._items: list[str] = []
        # Comments come after the rows around them: after all of the sheet there may be no room.
        self._tables = TableReader(
            self._add_rows, lambda sheet: SheetRows(sheet, out, self._add_notes)
        )

    def take(self, event: XmlEvent) -> None:
        """Read on by one event."""
        if event.kind == "text":
            if self._paragraphs and not self._skip_depth:
                self._paragraphs[-1].pieces.append(event.text)
        elif self._skip_depth:
            self._skip_depth += 1 if event.kind == "start" else -1
        elif event.kind == "end":
            self._end(event.name)
        elif event.name in _SKIPPED:
            self._skip_depth = 1
        else:
            self._start(event.name, event.attributes)

    def finish(self) -> None:
        """Write what's still open, in a file that ends too early."""
        self._flush_items()
        self._tables.finish()
        self._add_notes()

    def blocks(self) -> Iterator[Block]:
        """All blocks; with pages only where the file says where pages end."""
        for block in self._out.blocks:
            if self._page > 1 or block.locator.page is None:
                yield block
            else:
                yield replace(block, locator=replace(block.locator, page=None))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name in _PARAGRAPHS:
            is_heading = name == _TEXT + "h"
            level = number(attributes.get(_TEXT + "outline-level"), 1) if is_heading else 0
            is_title = attributes.get(_TEXT + "style-name") == "Title"
            if (is_heading or self._is_title_frame) and not self._asides:
                self._flush_items()
            self._paragraphs.append(_Paragraph(level, self._page, is_title))
        elif name.startswith(TABLE):
            self._flush_items()
            self._tables.start(name, attributes)
        elif name.startswith(_TEXT) and name not in _ASIDES:
            self._start_text(name.removeprefix(_TEXT), attributes)
        elif name in _ASIDES:
            self._asides.append(_ASIDES[name])
        elif name == OFFICE + "spreadsheet":
            self._tables.is_sheet = True
        elif name == _DRAW + "page":
            self._slide += 1
            self._headings = HeadingPath()
        elif name == _DRAW + "frame":
            self._is_title_frame = attributes.get(_PRESENTATION + "class") == "title"

    def _start_text(self, name: str, attributes: dict[str, str]) -> None:
        if name == "list":
            self._lists += 1
        elif name == "soft-page-break":
            self._page += 1
            for paragraph in self._paragraphs:
                if not paragraph.pieces:
                    paragraph.page = self._page
        elif self._paragraphs and name in ("s", "tab", "line-break"):
            spaces = _SPACE * min(number(attributes.get(_TEXT + "c"), 1), _MAX_SPACES)
            written = {"tab": _TAB, "line-break": _BREAK}.get(name, spaces)
            self._paragraphs[-1].pieces.append(written)

    def _end(self, name: str) -> None:
        if name in _PARAGRAPHS:
            if self._paragraphs:
                self._end_paragraph(self._paragraphs.pop())
        elif name.startswith(TABLE):
            self._tables.end(name)
            self._add_notes_between()
        elif name == _TEXT + "list":
            self._lists = max(0, self._lists - 1)
            if not self._lists:
                self._flush_items()
        elif name in _ASIDES:
            if self._asides:
                self._asides.pop()
            if not self._lists:
                self._add_notes_between()
        elif name == _DRAW + "frame":
            self._is_title_frame = False

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        text = _COLLAPSED.sub(" ", "".join(paragraph.pieces)).translate(_WRITTEN).strip()
        if text:
            self._write(text, paragraph)
        if not self._lists:
            self._add_notes_between()

    def _write(self, text: str, paragraph: _Paragraph) -> None:
        if self._asides:
            self._notes.append((text, self._place(paragraph.page)))
        elif self._tables.in_cell:
            self._tables.add_text(" ".join(text.split()))
        elif paragraph.level or self._is_title_frame:
            title = clean_line(text)
            self._headings.enter(paragraph.level or 1, title)
            self.title = self.title or title
            self._add(text, "heading", paragraph.page)
        elif self._lists:
            self._items.append("  " * min(self._lists - 1, _MAX_SPACES) + "- " + text)
        else:
            if paragraph.is_title:
                self.title = self.title or clean_line(text)
            self._add(text, "heading" if paragraph.is_title else "paragraph", paragraph.page)

    def _flush_items(self) -> None:
        if self._items:
            self._add("\n".join(self._items), "list", self._page)
            self._items.clear()
        self._add_notes_between()

    def _add_rows(self, lines: str) -> None:
        self._add(lines, "table", self._page)
        self._add_notes()

    def _add_notes_between(self) -> None:
        """Write the notes, unless what they're about is still being read."""
        if not (self._paragraphs or self._asides or self._tables.is_open):
            self._add_notes()

    def _add_notes(self) -> None:
        for text, place in self._notes:
            self._out.add(text, replace(place, heading=self._headings.path), "note")
        self._notes.clear()

    def _add(self, text: str, kind: BlockKind, page: int) -> None:
        self._out.add(text, self._place(page), kind)

    def _place(self, page: int) -> Locator:
        sheet, cell = self._tables.place
        return Locator(
            page=None if self._slide or sheet else page,
            slide=self._slide or None,
            sheet=sheet,
            cell=cell,
            heading=self._headings.path,
            part=self._asides[-1] if self._asides else None,
        )


def read_properties(meta: BinaryIO) -> tuple[str | None, str | None]:
    """The title and the language that a file's properties name; None where they don't.

    Raises ConversionError where they hold a DOCTYPE.
    """
    found = {_DC + "title": "", _DC + "language": ""}
    current = ""
    # What's broken here costs the title, not the text.
    try:
        for event in xml_events(meta):
            if event.kind == "start":
                if event.name == OFFICE + "body":
                    break
                current = event.name
            elif event.kind == "end":
                current = ""
            elif current in found:
                found[current] += event.text
    except MalformedXmlError:
        current = ""
    language = found[_DC + "language"].strip().lower().partition("-")[0]
    known = len(language) in _LANGUAGE_LENGTHS and language.isalpha()
    return given_title(found[_DC + "title"]), language if known else None
