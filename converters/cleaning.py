"""The one place where text from files is cleaned, so that whatever comes after may rely on it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from localsearch.types import Block, Document, Locator

# Everything that Python, terminals or editors may take for a line break, and that isn't "\n".
_OTHER_BREAKS = re.compile("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# C0 and C1 controls but "\n" and "\t", the byte order mark, and what Unicode calls noncharacters.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufeff\ufdd0-\ufdef\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean_text(text: str) -> str:
    r"""Text in NFC with "\n" as its only line break and "\t" as its only control character.

    A line ends with "\n" or "\r\n", or with "\r" where the text has no "\n" at all; the number of
    lines stays what it was. Lone surrogates become U+FFFD, other breaks a space. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    # By far the quicker way where there are millions of them.
    text = text.replace("\0", "").replace("\r\n", "\n")
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    text = _OTHER_BREAKS.sub(" ", text)
    text = _UNWANTED.sub("", text)
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", _joined_surrogates(text))
        text = unicodedata.normalize("NFC", text)
    return text


def _joined_surrogates(text: str) -> str:
    # Some libraries hand out UTF-16 halves as two characters; a proper pair is one character.
    if _SURROGATES.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean_line(text: str) -> str:
    """Clean text on one line, runs of white space as one space: for titles, headings, names."""
    return " ".join(clean_text(text).split())


def clean_document(document: Document) -> Document:
    """The document with all its texts clean, and without blocks that hold nothing to read."""
    return replace(
        document,
        blocks=tuple(
            clean for block in document.blocks if (clean := clean_block(block)).text.strip()
        ),
        title=clean_line(document.title or "") or None,
        member=clean_line(document.member),
        notes=tuple(clean_line(note) for note in document.notes),
    )


def clean_block(block: Block) -> Block:
    """The block with its text and the names in its locator clean."""
    text = clean_text(block.text)
    locator = _clean_locator(block.locator)
    if text == block.text and locator is block.locator:
        return block
    return replace(block, text=text, locator=locator)


def _clean_locator(locator: Locator) -> Locator:
    heading = tuple(clean for part in locator.heading if (clean := clean_line(part)))
    cleaned = replace(
        locator,
        heading=heading,
        page_label=_clean_name(locator.page_label),
        symbol=_clean_name(locator.symbol),
        sheet=_clean_name(locator.sheet),
        cell=_clean_name(locator.cell),
        part=_clean_name(locator.part),
    )
    return locator if cleaned == locator else cleaned


def _clean_name(name: str | None) -> str | None:
    return None if name is None else clean_line(name)
