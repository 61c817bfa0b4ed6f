"""PowerPoint presentations: slide by slide, with tables, drawings and speaker notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pptx import Presentation

from converters.cleaning import clean_line
from converters.collecting import BlockCollector, first_few
from converters.formats import named
from converters.given_titles import given_title
from converters.office import checked_package, is_left_out
from converters.office_drawings import words_beside
from converters.safety import plain_errors
from localsearch.types import ConversionContext, ConversionError, Document, Locator, Source

if TYPE_CHECKING:
    from pptx.presentation import Presentation as Slides
    from pptx.slide import Slide

_MAX_ELEMENTS = 500_000
# All but those that say which slides there are.
_SPARE = re.compile(r"(?!\[Content_Types\]|_rels/|ppt/(?:_rels/)?presentation\.xml)", re.I)
_WHAT = "a PowerPoint presentation"


class SlidesConverter:
    """Reads PowerPoint presentations, shows and templates."""

    name = "pptx"
    version = 5
    suffixes = named("pptx").suffixes
    filenames = named("pptx").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document, its headings the titles of the slides."""
        with plain_errors(_WHAT):
            out = BlockCollector.within(context)
            package = checked_package(
                source, max_elements=_MAX_ELEMENTS, spare=_SPARE, notes=out.notes
            )
            yield _read(Presentation(package), out)


def _read(presentation: Slides, out: BlockCollector) -> Document:
    title = _title_property(presentation)
    unread: list[ConversionError] = []
    damages: list[str] = []
    drawings: set[str] = set()
    # The library's own list of slides fails as a whole where one has no part.
    slides: list[Any] = presentation.element.get_or_add_sldIdLst().sldId_lst
    for number, listed in enumerate(slides, start=1):
        if out.full:
            break
        try:
            with plain_errors(_WHAT):
                slide = _slide(presentation, listed.rId)
                if is_left_out(slide.element):
                    unread.append(ConversionError("damaged: its slides can't be read"))
                    continue
                heading = _slide_title(slide)
                title = title or heading
                _read_slide(slide, number, heading, out, drawings)
        except ConversionError as error:
            unread.append(error)
            damages.append(f"slide {number} can't be read: {error.cause}")
            continue
        try:
            with plain_errors(_WHAT):
                _read_notes(slide, number, heading, out)
        except ConversionError as error:
            unread.append(error)
            damages.append(f"the notes of slide {number} can't be read: {error.cause}")
    out.notes += first_few(damages)
    if unread and not out.blocks:
        raise unread[0]
    return Document(tuple(out.blocks), kind="slides", title=title or None, notes=tuple(out.notes))


def _slide(presentation: Slides, relation: str) -> Slide:
    try:
        return presentation.part.related_slide(relation)
    except KeyError as error:
        raise ConversionError("its part is missing") from error


def _title_property(presentation: Slides) -> str:
    try:
        return given_title(presentation.core_properties.title) or ""
    except Exception:  # noqa: BLE001 - damaged properties must not cost the text
        return ""


def _slide_title(slide: Slide) -> str:
    shape = slide.shapes.title
    # A picture may stand in the title's place.
    return clean_line(shape.text_frame.text) if shape is not None and shape.has_text_frame else ""


def _read_slide(
    slide: Slide, number: int, heading: str, out: BlockCollector, drawings: set[str]
) -> None:
    locator = Locator(slide=number, heading=(heading,) if heading else ())
    title_shape = slide.shapes.title
    if title_shape is not None:
        out.add(heading, locator, "heading")
    title_id = title_shape.shape_id if title_shape is not None else None
    for shape in _flat(slide.shapes):
        if out.full:
            return
        if shape.shape_id == title_id:
            continue
        if shape.has_text_frame:
            out.add(_text(shape.text_frame), locator)
        elif getattr(shape, "has_table", False):
            rows = (" | ".join(clean_line(cell.text) for cell in row.cells)
                    for row in shape.table.rows)  # fmt: skip
            out.add("\n".join(row for row in rows if row.strip(" |")), locator, "table")
    for words in words_beside(slide.part, out, drawings):
        out.add(words, locator)


def _read_notes(slide: Slide, number: int, heading: str, out: BlockCollector) -> None:
    if slide.has_notes_slide and not is_left_out(slide.notes_slide.element):
        frame = slide.notes_slide.notes_text_frame
        if frame is not None:
            at = Locator(slide=number, heading=(heading,) if heading else (), part="notes")
            out.add(_text(frame), at, "note")


def _flat(shapes: Iterable[Any]) -> Iterator[Any]:
    """All shapes, those inside groups too, in the order of the file."""
    stack = [iter(shapes)]
    while stack:
        shape = next(stack[-1], None)
        if shape is None:
            stack.pop()
        elif hasattr(shape, "shapes"):
            stack.append(iter(shape.shapes))
        else:
            yield shape


def _text(frame: Any) -> str:
    # A line break inside a paragraph comes as a vertical tab.
    paragraphs = (paragraph.text.replace("\v", "\n") for paragraph in frame.paragraphs)
    return "\n".join(text for text in paragraphs if text.strip())
