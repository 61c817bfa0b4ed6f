"""PDF files page by page: outline as headings, annotations, an honest word on scans."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from converters.cleaning import clean_line, clean_text
from converters.collecting import OUT_OF_TIME
from converters.formats import named
from converters.given_titles import given_title
from converters.pdf_breaks import skip_breaks
from converters.pdf_columns import page_text
from converters.pdf_opening import REBUILT, open_pdf
from converters.pdf_outline import OutlineReader, read_outline
from converters.pdf_widths import FontWidths
from localsearch.types import (
    Block,
    ConversionContext,
    ConversionError,
    Document,
    Locator,
    Source,
)

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

# A hyphen that a line break put there: "exam-\nple". Capitals after it are names: "Anna-\nLena".
_HYPHENATED = re.compile(r"(?<=[^\W\d_])([-\u00ad])\n([^\W\d_])")
# Ligatures and Arabic presentation forms are how letters look; searches are for the letters.
_PRESENTATION = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb50-\ufdfb\ufe70-\ufefc]")
# Glyph names instead of characters: fonts that don't say which letters their shapes are.
_GLYPH_NAMES = re.compile(r"(?:/[A-Za-z]{1,3}\d{1,5}){3,}|(?:\(cid:\d+\)){3,}")
_MIN_TITLE = 3
# What's looked at of a page, or of all, where its text isn't concerned.
_MAX_OBJECTS = 1_000
_MAX_ANNOTATIONS = 1_000
_MAX_ATTACHMENTS = 100
_MAX_LABEL_STEPS = 5_000_000


class PdfConverter:
    """Reads PDF with pypdf; scanned pages with tesseract, where that's wanted and there."""

    name = "pdf"
    version = 6
    suffixes = named("pdf").suffixes
    filenames = named("pdf").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document with a block or more for each page that has text."""
        with source.open() as file:
            reader, is_rebuilt = open_pdf(file)
            pages = _read_pages(reader, context)
            if is_rebuilt:
                pages.notes.append(REBUILT)
            if context.ocr and pages.scanned:
                _recognise(reader, pages)
            yield _document(reader, pages)


@dataclass
class _Pages:
    """What reading the pages brought; pages count from 1."""

    total: int
    texts: dict[int, str] = field(default_factory=dict)
    annotations: dict[int, list[str]] = field(default_factory=dict)
    scanned: list[int] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ocr_problem: str = "OCR is off in the settings"


def _read_pages(reader: PdfReader, context: ConversionContext) -> _Pages:
    pages = _Pages(len(reader.pages))
    fonts = FontWidths()
    left = context.text_limit
    for number in range(1, pages.total + 1):
        try:
            page = reader.pages[number - 1]
            text = _text_of(page, number, fonts, pages)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - one bad page of a file must not cost the others
            pages.unreadable.append(number)
            continue
        if text:
            pages.texts[number] = text
        elif _has_image(page):
            pages.scanned.append(number)
        if notes := _annotations(page):
            pages.annotations[number] = notes
        left -= len(text) + sum(map(len, notes))
        if left < 0:
            break
        if time.monotonic() >= context.deadline_s:
            pages.notes.append(f"only the first {number:,} of {pages.total:,} pages were read")
            pages.notes.append(OUT_OF_TIME)
            break
    return pages


def _text_of(page: PageObject, number: int, fonts: FontWidths, pages: _Pages) -> str:
    try:
        return readable(page_text(page, fonts))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - what's around the damage may well be whole
        skip_breaks(page)
        text = readable(page_text(page, fonts))
    if not text:
        raise ConversionError("nothing of the page can be read")
    pages.broken.append(number)
    return text


def readable(text: str) -> str:
    """A page's text with letters for ligatures and glyph names, and words whole again.

    Where a font's shapes weren't mapped to characters, there's nothing to read: such lines are
    left out.
    """
    text = _GLYPH_NAMES.sub(" ", clean_text(text))
    text = _PRESENTATION.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _HYPHENATED.sub(_joined, text).replace("\u00ad", "")
    # Justified lines come with several spaces between words.
    text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
    if _is_unmapped(text):
        return "\n".join(line for line in text.split("\n") if not _is_unmapped(line)).strip()
    return text


def _is_unmapped(text: str) -> bool:
    unmapped = sum(char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in text)
    return unmapped > 0.3 * max(1, len(text))


def _joined(broken: re.Match[str]) -> str:
    hyphen, letter = broken[1], broken[2]
    return letter if letter.islower() else hyphen + letter


def _has_image(page: Any) -> bool:
    """Whether there's a picture on the page, or in a form that it shows."""
    level = [page]
    seen = 0
    for _ in range(3):
        shown: list[Any] = []
        for holder in level:
            shown += _objects_of(holder, _MAX_OBJECTS - seen)
            seen += len(shown)
        if any(each.get("/Subtype") == "/Image" for each in shown):
            return True
        level = shown
    return False


def _objects_of(holder: Any, most: int) -> list[Any]:
    try:
        objects: Any = holder["/Resources"].get_object()["/XObject"].get_object()
        found = [objects[name].get_object() for name in islice(objects, max(0, most))]
        return [each for each in found if hasattr(each, "get")]
    except Exception:  # noqa: BLE001 - missing or broken resources mean nothing is shown
        return []


def _annotations(page: PageObject) -> list[str]:
    """Comments, and what was filled into forms."""
    texts: list[str] = []
    try:
        for reference in (page.annotations or ())[:_MAX_ANNOTATIONS]:
            annotation: Any = reference.get_object()
            for key in ("/Contents", "/V"):
                value = annotation.get(key)
                if isinstance(value, str) and not value.startswith("/") and value.strip():
                    texts.append(clean_text(str(value)).strip())
    except Exception:  # noqa: BLE001 - broken annotations must not cost the page's text
        return texts
    return texts


def _recognise(reader: PdfReader, pages: _Pages) -> None:
    from converters.pdf_ocr import recognise_pages

    result = recognise_pages(reader, pages.scanned)
    pages.ocr_problem = result.problem
    pages.texts.update(result.texts)
    pages.scanned = [number for number in pages.scanned if number not in result.texts]
    if result.texts:
        pages.notes.append(f"the text of {len(result.texts)} scanned pages was recognised (OCR)")


def _document(reader: PdfReader, pages: _Pages) -> Document:
    if not pages.texts and not pages.annotations:
        raise _nothing_read(pages)
    outline = read_outline(reader)
    labels = _page_labels(reader, pages)
    headings = OutlineReader(outline)
    blocks: list[Block] = []
    for number in sorted(pages.texts.keys() | pages.annotations.keys()):
        label = labels[number - 1] if number <= len(labels) else None
        for heading, text in headings.split(number, pages.texts.get(number, "")):
            locator = Locator(page=number, page_label=label, heading=heading)
            blocks.append(Block(text, locator))
        for note in pages.annotations.get(number, ()):
            locator = Locator(page=number, page_label=label, heading=headings.path)
            blocks.append(Block(note, locator, "note"))
    return Document(
        tuple(blocks), kind="pdf", title=_title(reader, pages), notes=_notes(reader, pages)
    )


def _nothing_read(pages: _Pages) -> ConversionError:
    if pages.scanned:
        return ConversionError(
            f"no text: scanned pages ({pages.ocr_problem})",
            "Turn on [index] ocr in the settings, and install tesseract with your languages.",
        )
    if pages.unreadable or REBUILT in pages.notes:
        return ConversionError("damaged PDF: none of its pages can be read")
    return ConversionError("no text: its pages are empty, or drawn without letters")


def _page_labels(reader: PdfReader, pages: _Pages) -> list[str | None]:
    try:
        numbers: Any = reader.trailer["/Root"]["/PageLabels"].get("/Nums", ())  # type: ignore[index]
        # The library goes through the ranges again for every page.
        if len(numbers) * pages.total > _MAX_LABEL_STEPS:
            pages.notes.append("its pages' own numbers weren't read: there are too many of them")
            return []
        labels = reader.page_labels
    except Exception:  # noqa: BLE001 - labels are a convenience, broken ones are left out
        return []
    if all(label == str(number) for number, label in enumerate(labels, start=1)):
        return []
    return [clean_line(label) or None for label in labels]


def _title(reader: PdfReader, pages: _Pages) -> str | None:
    try:
        title = given_title(reader.metadata.title if reader.metadata is not None else None)
    except Exception:  # noqa: BLE001 - broken metadata means no title in it
        title = None
    if title is not None and len(title) >= _MIN_TITLE:
        return title
    first = pages.texts.get(min(pages.texts, default=0), "")
    line = next((clean_line(line) for line in first.split("\n")[:5] if line.strip()), "")
    return line if _MIN_TITLE <= len(line) <= 120 and any(map(str.isalpha, line)) else None


def _notes(reader: PdfReader, pages: _Pages) -> tuple[str, ...]:
    notes = list(pages.notes)
    for numbers, what in (
        (pages.scanned, "are scans without text"),
        (pages.unreadable, "are damaged and couldn't be read"),
        (pages.broken, "are damaged and were read in part"),
    ):
        if numbers:
            notes.append(f"{len(numbers)} of {pages.total} pages {what}")
    try:
        names = list(reader.attachments)
    except Exception:  # noqa: BLE001 - a broken list of attachments costs only itself
        names = []
    if names:
        more = len(names) - _MAX_ATTACHMENTS
        listed = ", ".join(map(clean_line, names[:_MAX_ATTACHMENTS]))
        notes.append(f"attachments: {listed}{f' and {more:,} more' if more > 0 else ''}")
    return tuple(notes)
