"""Rich Text Format: the text as a word processor shows it, paragraph by paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.formats import named
from converters.safety import plain_errors
from localsearch.types import ConversionContext, ConversionError, Document, Locator, Source

_HEADER = b"{\\rtf"
# Pictures are written as hexadecimal digits in the text.
_MAX_BYTES = 64 << 20
_INFO_TITLE = re.compile(r"\{\\info\b[^{}]*(?:\{(?!\\title)[^{}]*\}[^{}]*)*(\{\\title [^{}]*\})")
_PAGE = re.compile(r"\\page(?![a-z])")
_PAGE_MARK = "\ue00c"
_PICTURE_DATA = re.compile(r"(?<![0-9a-fA-F\s])[0-9a-fA-F\s]{400,}+")


class RtfConverter:
    """Reads RTF files."""

    name = "rtf"
    version = 2
    suffixes = named("rtf").suffixes
    filenames = named("rtf").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; pages are counted where the writer put page breaks."""
        with source.open() as file:
            data = file.read(_MAX_BYTES)
        if not data.lstrip().startswith(_HEADER):
            raise ConversionError("damaged, or not an RTF file")
        with plain_errors("an RTF file"):
            document = _read(data, BlockCollector.within(context))
        yield document


def _read(data: bytes, out: BlockCollector) -> Document:
    # The format is ASCII; what isn't is escaped, or written raw by careless programs.
    text = _PICTURE_DATA.sub("", data.decode("latin-1"))
    info = _INFO_TITLE.search(text)
    title = clean_line(_plain("{\\rtf1" + _code_page(text) + info[1][8:])) if info else ""
    # The library makes page breaks paragraphs: they're carried through as a private character.
    marked = _PAGE.sub(lambda _: f"\\par\\u{ord(_PAGE_MARK) - 0x10000}?\\par ", text)
    pages = _plain(marked).split(_PAGE_MARK)
    for number, page in enumerate(pages, start=1):
        locator = Locator(page=number if len(pages) > 1 else None)
        for paragraph in page.split("\n"):
            out.add(paragraph.replace("|", " | ").strip(" |"), locator)
    if len(data) == _MAX_BYTES:
        out.notes.append(f"only the first {_MAX_BYTES >> 20} MB were read")
    return Document(tuple(out.blocks), kind="doc", title=title or None, notes=tuple(out.notes))


def _code_page(text: str) -> str:
    found = re.search(r"\\ansicpg\d+", text[:1000])
    return found[0] + " " if found else " "


def _plain(rtf: str) -> str:
    plain: str = rtf_to_text(rtf, errors="replace")  # type: ignore[no-untyped-call]
    return plain
