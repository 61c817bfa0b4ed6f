"""Rich Text Format: the text as a word processor shows it, paragraph by paragraph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

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
# Comes first in a pattern, so that the word after an escaped backslash is no command.
_ESCAPED = r"(\\[\\{}])|"
_PAGE = re.compile(_ESCAPED + r"\\page(?![a-z])")
_PAGE_MARK = "\ue00c"
_PICTURE_DATA = re.compile(r"(?<![0-9a-fA-F\s])[0-9a-fA-F\s]{400,}+")

# The library takes these for the beginning of binary data, which has a length.
_NO_BINARY = re.compile(_ESCAPED + r"\\bin(?![\da-z])")
# Numbers of character sets on old Macs that Python has no codec for, and the nearest that it has.
_SAME_CHARSET = {
    "78": "128", "79": "136", "80": "129", "81": "178", "82": "177", "83": "161", "84": "204",
    "85": "134", "86": "238", "87": "204", "88": "222", "89": "238",
}  # fmt: skip
_MAC_CHARSET = re.compile(_ESCAPED + r"\\fcharset(7[89]|8\d)(?!\d)")
# Notes, comments and text boxes are "destinations" besides the text. An older copy of a text box,
# for programs that don't know this one, stays left out.
_HIDDEN = (
    # The mark of what may be passed over counts at the beginning of a group alone.
    (re.compile(_ESCAPED + r"(?<!\{)(?<!\{\s)(?<!\{\s\s)\\\*(?=\\)"), ""),
    (re.compile(_ESCAPED + r"\{\\footnote(?![a-z])"), "{ "),
    (re.compile(_ESCAPED + r"\{\\\*\\annotation(?![a-z])"), "{\\par "),
    (re.compile(_ESCAPED + r"\{\\shp(?:grp)?(?![a-z])|\{\\\*\\shpinst(?![a-z])"), "{"),
    (re.compile(_ESCAPED + r"\\shptxt(?![a-z])"), "\\par "),
)
_RUNNING = ("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf")


class RtfConverter:
    """Reads RTF files."""

    name = "rtf"
    version = 3
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
    text = _shown(_PICTURE_DATA.sub("", data.decode("latin-1")))
    info = _INFO_TITLE.search(text)
    title = clean_line(_plain("{\\rtf1" + _code_page(text) + info[1][8:])) if info else ""
    # The library makes page breaks paragraphs: they're carried through as a private character.
    mark = f"\\par\\u{ord(_PAGE_MARK) - 0x10000}?\\par "
    marked = _PAGE.sub(_unless_escaped(mark), text)
    pages = _plain(marked).split(_PAGE_MARK)
    for number, page in enumerate(pages, start=1):
        locator = Locator(page=number if len(pages) > 1 else None)
        for paragraph in page.split("\n"):
            out.add(paragraph.replace("|", " | ").strip(" |"), locator)
    if len(data) == _MAX_BYTES:
        out.notes.append(f"only the first {_MAX_BYTES >> 20} MB were read")
    return Document(tuple(out.blocks), kind="doc", title=title or None, notes=tuple(out.notes))


def _shown(text: str) -> str:
    """The file with what the library leaves out, or stumbles over, as ordinary text."""
    text = _NO_BINARY.sub(_unless_escaped(""), text)
    text = _MAC_CHARSET.sub(lambda match: match[1] or f"\\fcharset{_SAME_CHARSET[match[2]]}", text)
    for hidden, shown in _HIDDEN:
        text = hidden.sub(_unless_escaped(shown), text)
    for word in _RUNNING:
        # Each section has its own, mostly the same again.
        text = re.sub(rf"\{{\\{word}(?![a-z])", r"{\\par ", text, count=1)
    return text


def _unless_escaped(shown: str) -> Callable[[re.Match[str]], str]:
    return lambda match: match[1] or shown


def _code_page(text: str) -> str:
    found = re.search(r"\\ansicpg\d+", text[:1000])
    return found[0] + " " if found else " "


def _plain(rtf: str) -> str:
    plain: str = rtf_to_text(rtf, errors="replace")  # type: ignore[no-untyped-call]
    return plain
