"""Runs a converter: cleans what it yields, tells the language, bounds it, and names what failed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from converters.cleaning import clean_document, clean_line
from converters.collecting import OUT_OF_TIME
from converters.language import detect_language
from localsearch.types import (
    INSTALL_AGAIN,
    ConversionContext,
    ConversionError,
    Converter,
    Document,
    Source,
)


def run_converter(
    converter: Converter, source: Source, context: ConversionContext
) -> Iterator[Document]:
    """The converter's documents, clean and with their language.

    Whatever the converter raises comes out as a ConversionError with its cause in plain words.
    """
    for document in _guarded(lambda: converter.convert(source, context)):
        clean = clean_document(document)
        if clean.language is None and clean.kind != "code":
            clean = replace(clean, language=_language_of(clean))
        yield clean


def _guarded(convert: Callable[[], Iterator[Document]]) -> Iterator[Document]:
    """What the converter yields; anything that it raises becomes a ConversionError."""
    try:
        yield from convert()
    except ConversionError:
        raise
    except RecursionError as error:
        raise ConversionError("nested too deeply to be read") from error
    except MemoryError as error:
        raise ConversionError("reading it takes more memory than there is") from error
    except OSError as error:
        raise ConversionError(f"can't be read: {error.strerror or error}") from error
    except ImportError as error:
        raise ConversionError(
            f"a package that reads such files is missing or broken: {clean_line(str(error))[:200]}",
            f"{INSTALL_AGAIN}; `localsearch index --full` then reads what failed.",
        ) from error
    except Exception as error:
        detail = clean_line(str(error))[:200]
        raise ConversionError(
            "damaged, or not what its name says"
            + (f" ({type(error).__name__}: {detail})" if detail else f" ({type(error).__name__})")
        ) from error


# A mail folder of a million empty messages costs memory all the same.
_MAX_DOCUMENTS = 100_000
# A block that's cut inside a line no longer has the lines that its locator says: that's for lines
# longer than all that's read, and no reason to end with a few words.
_WHOLE_LINES_SHARE = 0.5
_LEAST_PIECE_CHARACTERS = 1_000
_LANGUAGE_SAMPLE = 4000
_LANGUAGE_PIECES = 8


def _language_of(document: Document) -> str | None:
    """The language of pieces from all over the document; its licence may be in another."""
    prose = [block.text for block in document.blocks if block.kind != "code"]
    step = max(1, len(prose) // _LANGUAGE_PIECES)
    # Small documents count whole.
    chosen = prose if sum(map(len, prose)) <= _LANGUAGE_SAMPLE else prose[::step]
    share = max(_LANGUAGE_SAMPLE // max(1, len(chosen)), _LANGUAGE_SAMPLE // _LANGUAGE_PIECES)
    return detect_language("\n".join(text[:share] for text in chosen)[: 2 * _LANGUAGE_SAMPLE])


def limit_documents(
    documents: Iterator[Document], limit: int, deadline_s: float = math.inf
) -> tuple[Document, ...]:
    """The documents up to `limit` characters and `deadline_s`, with a note of what that cut off.

    An error after the first document is a note as well; before it, it's raised. A converter that
    says itself that time was up goes on to its end: it may have to tell what it left out.
    """
    kept: list[Document] = []
    left = limit
    is_late = is_told = False
    try:
        for document in documents:
            is_told = is_told or OUT_OF_TIME in document.notes
            # An archive's names come last, whatever its files took.
            if is_late and not is_told and document.kind != "archive":
                kept[-1] = replace(kept[-1], notes=(*kept[-1].notes, OUT_OF_TIME))
                break
            length = sum(len(block.text) for block in document.blocks)
            if length > left:
                kept.append(cut_document(document, left, limit))
                break
            kept.append(document)
            left -= length
            if len(kept) >= _MAX_DOCUMENTS:
                note = f"only the first {_MAX_DOCUMENTS:,} files or messages inside were read"
                kept[-1] = replace(document, notes=(*document.notes, note))
                break
            is_late = time.monotonic() >= deadline_s
    except ConversionError as error:
        if not kept:
            raise
        note = f"the rest can't be read: {error.cause}"
        kept[-1] = replace(kept[-1], notes=(*kept[-1].notes, note))
    return tuple(_told_once(kept))


def _told_once(documents: Sequence[Document]) -> Iterator[Document]:
    """The documents, only the last of those that were cut for want of time saying so."""
    late = [number for number, each in enumerate(documents) if OUT_OF_TIME in each.notes]
    for number, document in enumerate(documents):
        if number in late[:-1]:
            notes = tuple(note for note in document.notes if note != OUT_OF_TIME)
            yield replace(document, notes=notes)
        else:
            yield document


def _first_characters(text: str, count: int) -> str:
    """The whole lines among so many characters, or a piece of a line where that's much more."""
    lines, _, _ = text[: count + 1].rpartition("\n")
    whole_are_most = len(lines) >= _WHOLE_LINES_SHARE * count
    return lines if whole_are_most or count < _LEAST_PIECE_CHARACTERS else text[:count]


def cut_document(document: Document, left: int, limit: int) -> Document:
    """The first `left` characters of a document, noted as what `limit` left of the file."""
    blocks = []
    for block in document.blocks:
        if len(block.text) > left:
            text = _first_characters(block.text, left)
            if text.strip():
                lines = text.count("\n")
                start = block.locator.line_start
                locator = block.locator
                if start is not None:
                    locator = replace(locator, line_end=start + lines)
                blocks.append(replace(block, text=text, locator=locator))
            break
        blocks.append(block)
        left -= len(block.text)
    note = f"only the first {limit:,} characters were read"
    return replace(document, blocks=tuple(blocks), notes=(*document.notes, note))
