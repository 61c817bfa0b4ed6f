"""Word documents (.docx): the text of every part, under its headings, tables as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from lxml import etree

from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.formats import named
from converters.given_titles import given_title
from converters.office import checked_package
from converters.office_drawings import words_beside
from converters.outline import HeadingPath
from converters.safety import plain_errors
from converters.word_styles import ParagraphStyle, ParagraphStyles
from localsearch.types import ConversionContext, Document, Locator, Source

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

# The tree that the library builds takes about half a kilobyte an element.
_MAX_ELEMENTS = 1_500_000
_TABLE_ROWS = 50
_P, _TBL, _TR, _TC = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_T, _MATH_T = qn("w:t"), qn("m:t")
_TAB, _BR, _CR, _HYPHEN = qn("w:tab"), qn("w:br"), qn("w:cr"), qn("w:noBreakHyphen")
_PAGE = qn("w:lastRenderedPageBreak")
# A text box stands in the file twice, the second time for old programs; moved text too.
_SKIPPED = frozenset(
    (
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
        qn("w:moveFrom"),
        qn("w:del"),
        qn("w:pPr"),
    )
)
# All but the body and its relations.
_SPARE = re.compile(r"word/(?!(?:_rels/)?document\d*\.xml)", re.I)
# Parts of the package beside the body that hold text, in the order in which they're read.
_SIDE_PARTS = ("header", "footnotes", "endnotes", "comments", "footer")


class WordConverter:
    """Reads Word documents and their templates."""

    name = "docx"
    version = 5
    suffixes = named("docx").suffixes
    filenames = named("docx").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; pages are those of Word's last layout, where it left them in the file."""
        with plain_errors("a Word document"):
            out = BlockCollector.within(context)
            package = checked_package(
                source, max_elements=_MAX_ELEMENTS, spare=_SPARE, notes=out.notes
            )
            yield _read(docx.Document(package), out)


def _read(document: WordDocument, out: BlockCollector) -> Document:
    styles = ParagraphStyles(document.styles.element)
    body = document.element.body
    reader = _StoryReader(out, styles, paged=next(body.iter(_PAGE), None) is not None)
    reader.read(body)
    for part, element in _side_parts(document, out):
        _StoryReader(out, styles, part=part).read(element)
    for words in words_beside(document.part, out, set()):
        out.add(words, Locator(part="drawing"))
    title = _title_property(document) or reader.title or reader.first_heading
    return Document(tuple(out.blocks), kind="doc", title=title, notes=tuple(out.notes))


def _title_property(document: WordDocument) -> str | None:
    try:
        return given_title(document.core_properties.title)
    except Exception:  # noqa: BLE001 - damaged properties must not cost the text
        return None


def _side_parts(
    document: WordDocument, out: BlockCollector
) -> Iterator[tuple[str, etree._Element]]:
    found: dict[str, list[etree._Element]] = {name: [] for name in _SIDE_PARTS}
    seen: set[tuple[str, str]] = set()
    parsed: set[tuple[str, str]] = set()
    for relation in document.part.rels.values():
        name = relation.reltype.rpartition("/")[2]
        if relation.is_external or name not in found:
            continue
        if out.full:
            break
        target = relation.target_part
        # Each section may name the same one.
        if (name, str(target.partname)) in parsed:
            continue
        parsed.add((name, str(target.partname)))
        element = parse_xml(target.blob)
        text = "".join(node.text or "" for node in element.iter(_T)).strip()
        # Headers are often the same on first, odd and even pages.
        if text and (name, text) not in seen:
            seen.add((name, text))
            found[name].append(element)
    for name, elements in found.items():
        for story in elements:
            yield name.rstrip("s"), story


@dataclass(slots=True)
class _Paragraph:
    """A paragraph that is being read; a text box puts another one inside it."""

    style: ParagraphStyle
    page: int
    pieces: list[str] = field(default_factory=list)


class _StoryReader:
    """Reads one part of the package ("story" in the format's terms) in document order."""

    def __init__(
        self, out: BlockCollector, styles: ParagraphStyles, *, paged: bool = False, part: str = ""
    ) -> None:
        self.title: str | None = None
        self.first_heading: str | None = None
        self._out = out
        self._styles = styles
        self._part = part or None
        self._page = 1 if paged else 0
        self._headings = HeadingPath()
        self._open: list[_Paragraph] = []
        # One list of cells for each table that is open, one of texts for each cell.
        self._tables: list[list[str]] = []
        self._cells: list[list[str]] = []
        self._rows: list[str] = []
        self._items: list[str] = []

    def read(self, root: etree._Element) -> None:
        """All of the part's paragraphs and tables."""
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            if self._out.full:
                return
            if event == "start":
                if element.tag in _SKIPPED:
                    walker.skip_subtree()
                else:
                    self._start(element)
            else:
                self._end(element.tag)
        self._flush_items()

    def _start(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == _P:
            self._open.append(_Paragraph(self._styles.of(element), self._page))
        elif tag in (_T, _MATH_T):
            self._write(element.text or "")
        elif tag == _TAB:
            self._write("\t")
        elif tag in (_BR, _CR):
            self._write("\n")
        elif tag == _HYPHEN:
            self._write("-")
        elif tag == _PAGE:
            self._turn_page()
        elif tag == _TBL:
            self._flush_items()
            self._tables.append([])
        elif tag == _TC:
            self._cells.append([])

    def _end(self, tag: object) -> None:
        if tag == _P and self._open:
            self._end_paragraph(self._open.pop())
        elif tag == _TC and self._cells and self._tables:
            self._tables[-1].append(" ".join(self._cells.pop()))
        elif tag == _TR and self._tables:
            self._end_row()
        elif tag == _TBL and self._tables:
            self._tables.pop()
            if not self._tables:
                self._flush_rows()

    def _write(self, text: str) -> None:
        if self._open:
            self._open[-1].pieces.append(text)

    def _turn_page(self) -> None:
        if self._page:
            self._page += 1
            for paragraph in self._open:
                if not "".join(paragraph.pieces).strip():
                    paragraph.page = self._page

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        text = "".join(paragraph.pieces).strip()
        if self._cells:
            if text:
                self._cells[-1].append(" ".join(text.split()))
            return
        style = paragraph.style
        if style.is_list and text and not style.level:
            self._items.append("- " + text)
            if len(self._items) >= _TABLE_ROWS:
                self._flush_items()
            return
        self._flush_items()
        if not text:
            return
        if style.is_title:
            self.title = self.title or clean_line(text)
        if style.level:
            self.first_heading = self.first_heading or clean_line(text)
            self._headings.enter(style.level, clean_line(text))
        kind = "heading" if style.level or style.is_title else "paragraph"
        locator = self._locator(paragraph.page)
        self._out.add(text, locator, "note" if self._part else kind)  # type: ignore[arg-type]

    def _end_row(self) -> None:
        cells = self._tables[-1]
        if len(self._tables) > 1:
            # A table inside a cell is part of that cell's text.
            if self._cells:
                self._cells[-1].append(" ".join(cells))
        elif any(cells):
            self._rows.append(" | ".join(cells))
            if len(self._rows) >= _TABLE_ROWS:
                self._flush_rows()
        cells.clear()

    def _flush_rows(self) -> None:
        self._out.add("\n".join(self._rows), self._locator(self._page), "table")
        self._rows.clear()

    def _flush_items(self) -> None:
        if self._items:
            self._out.add("\n".join(self._items), self._locator(self._page), "list")
            self._items.clear()

    def _locator(self, page: int) -> Locator:
        return Locator(page=page or None, heading=self._headings.path, part=self._part)
