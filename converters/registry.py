"""Which converter reads a file, and the reading itself, with whatever goes wrong in plain words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from converters.cleaning import clean_document, clean_line
from converters.formats import FORMATS, NAME_ONLY_KINDS, Format
from converters.language import detect_language
from converters.sniffing import HEAD_BYTES, sniff, zip_format
from converters.sources import FileSource
from localsearch.types import (
    ConversionContext,
    ConversionError,
    Converter,
    Document,
    Kind,
    NoTextError,
    Source,
)

ENTRY_POINT_GROUP = "localsearch.converters"
_TEXT_LIMIT = 20_000_000
# An archive in a message in an archive … : nobody keeps things deeper, bombs do.
_MAX_DEPTH = 8
_BINARY = "binary file, found by name only"
# Text formats whose files may as well hold something else: their name alone isn't trusted.
_ZIP_BASED = frozenset(("docx", "pptx", "xlsx", "odt", "ods", "odp", "epub", "archive", "zip"))


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a file gave, and which converter of which version read it."""

    documents: tuple[Document, ...]
    converter: str
    version: int


def convert_file(
    path: str,
    *,
    text_limit: int = _TEXT_LIMIT,
    ocr: bool = False,
    plugins: Sequence[str] = (),
) -> Conversion:
    """Read a regular file into documents of clean text.

    `text_limit` bounds the characters of all documents together; what's beyond is left out and
    noted. `plugins` names the third-party converters that may run. Raises NoTextError for a file
    that holds no text by its nature, ConversionError with the reason for one that can't be read.
    """
    source = FileSource(path)
    converter = choose(source, plugins)
    context = _context(text_limit, ocr, tuple(plugins), depth=0)
    documents = _limited(_run(converter, source, context), text_limit)
    return Conversion(documents, converter.name, converter.version)


def convert_source(
    source: Source, context: ConversionContext, *, plugins: Sequence[str] = ()
) -> Iterator[Document]:
    """The documents of a source, each clean and with its language, as they are read."""
    yield from _run(choose(source, plugins), source, context)


def choose(source: Source, plugins: Sequence[str] = ()) -> Converter:
    """The converter that reads the source: by its name, and by its first bytes where that fails.

    Raises NoTextError where there's no text in it, ConversionError where an extra is missing.
    """
    third_party = _plugin_for(source.name, tuple(plugins))
    if third_party is not None:
        return third_party
    by_name = _format_for(source.name)
    if by_name is None and _suffix_in(source.name, NAME_ONLY_KINDS) is not None:
        raise NoTextError(_BINARY)
    with source.open() as file:
        by_content = sniff(file.read(HEAD_BYTES))
        if by_content == "zip":
            file.seek(0)
            by_content = zip_format(file)
    return _load(_settle(by_name, by_content))


def converter_version(name: str) -> int:
    """The version of the converter of that name; KeyError where there's none, or not here."""
    try:
        return _load(_BY_NAME[name]).version
    except ConversionError as error:
        raise KeyError(name) from error


def fingerprint_for(filename: str, plugins: Sequence[str] = ()) -> str:
    """`name:version` of the converter that a file's name stands for, without reading the file.

    "" where only the content can tell, or where the converter isn't installed.
    """
    third_party = _plugin_for(filename, tuple(plugins))
    if third_party is not None:
        return f"{third_party.name}:{third_party.version}"
    found = _format_for(filename)
    if found is None:
        return ""
    try:
        return f"{found.name}:{converter_version(found.name)}"
    except KeyError:
        return ""


def is_outdated(recorded: str, filename: str, plugins: Sequence[str] = ()) -> bool:
    """Whether a file that was read by the converter `recorded` (`name:version`) would be read
    differently now.

    Holds for files whose content overruled their name too, which comparing with
    `fingerprint_for` doesn't. "" (never read by any) is outdated once there's a converter.
    """
    newest = fingerprint_for(filename, plugins)
    if not recorded or recorded == newest:
        return not recorded and bool(newest)
    name, _, version = recorded.rpartition(":")
    try:
        return str(converter_version(name)) != version
    except KeyError:
        return bool(newest)


def kind_for(filename: str) -> Kind:
    """What sort of file it is by its name alone."""
    found = _format_for(filename)
    if found is not None:
        return found.kind
    suffix = _suffix_in(filename, NAME_ONLY_KINDS)
    return NAME_ONLY_KINDS[suffix] if suffix else "other"


# Choosing


def _suffixes(filename: str) -> Iterator[str]:
    """The endings of a name, the longest (`.tar.gz`) first."""
    base = os.path.basename(filename).lower()
    parts = base.lstrip(".").split(".")
    for count in (2, 1):
        if len(parts) > count:
            yield "." + ".".join(parts[-count:])


def _suffix_in(filename: str, known: dict[str, Kind]) -> str | None:
    return next((suffix for suffix in _suffixes(filename) if suffix in known), None)


def _format_for(filename: str) -> Format | None:
    base = os.path.basename(filename).lower()
    if base in _BY_FILENAME:
        return _BY_FILENAME[base]
    return next((_BY_SUFFIX[suffix] for suffix in _suffixes(base) if suffix in _BY_SUFFIX), None)


_BY_NAME = {each.name: each for each in FORMATS}
_BY_FILENAME = {filename: each for each in FORMATS for filename in each.filenames}
_BY_SUFFIX = {suffix: each for each in FORMATS for suffix in each.suffixes}
_TEXT = _BY_NAME["text"]


def _settle(by_name: Format | None, by_content: str | None) -> Format:
    """Name first, unless the content can't be what the name says."""
    if by_content is None:
        return by_name or _TEXT
    if by_name is not None and not _contradicts(by_name.name, by_content):
        return by_name
    if by_content == "" or by_content not in _BY_NAME:
        raise NoTextError(_BINARY)
    return _BY_NAME[by_content]


def _contradicts(name: str, content: str) -> bool:
    # Weak signs lose against any name: templates begin like HTML, mail archives like letters.
    if content in ("html", "code", "mbox"):
        return name == "pdf"
    if content == "archive":
        return name in ("text", "markdown", "markup", "html", "mhtml", "pdf", "code")
    return name != content and not {name, content} <= _ZIP_BASED | {"office", "book"}


# Loading


@cache
def _load(found: Format) -> Converter:
    try:
        return _instance(found.target)
    except ImportError as error:
        if not found.extra:
            raise ConversionError(
                f"the converter for {found.name} can't be loaded: {error}"
            ) from error
        raise ConversionError(
            f"reading {found.name} needs the extra [{found.extra}], which isn't installed",
            f'Install it with: pip install "localsearch[{found.extra}]"',
        ) from error


def _instance(target: str) -> Converter:
    module_name, _, class_name = target.partition(":")
    made: Converter = getattr(import_module(module_name), class_name)()
    return made


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


@cache
def _plugins(names: tuple[str, ...]) -> tuple[Converter, ...]:
    loaded: list[Converter] = []
    for name in names:
        made = _load_plugin(name)
        if isinstance(made, Converter):
            loaded.append(made)
    return tuple(loaded)


def _load_plugin(name: str) -> Converter | str:
    """The third-party converter of that entry point name, or why there's none."""
    point = _entry_points().get(name)
    if point is None:
        return f"the converter {name!r} of the settings isn't installed"
    try:
        made = point.load()()
    except Exception as error:  # noqa: BLE001 - third-party code may raise anything
        return f"the converter {name!r} of the settings can't be loaded: {error}"
    if not isinstance(made, Converter):
        return f"{name!r} of the settings isn't a converter: it lacks a part of the protocol"
    return made


def plugin_problems(names: Sequence[str]) -> tuple[str, ...]:
    """Why converters that the settings name can't be used; empty where all can."""
    return tuple(found for name in names if isinstance(found := _load_plugin(name), str))


def _plugin_for(filename: str, plugins: tuple[str, ...]) -> Converter | None:
    if not plugins:
        return None
    base = os.path.basename(filename).lower()
    suffixes = set(_suffixes(base))
    for converter in _plugins(plugins):
        if base in converter.filenames or suffixes & converter.suffixes:
            return converter
    return None


# Running


def _context(text_limit: int, ocr: bool, plugins: tuple[str, ...], depth: int) -> ConversionContext:
    def convert_nested(source: Source) -> Iterator[Document]:
        if depth >= _MAX_DEPTH:
            raise ConversionError(f"more than {_MAX_DEPTH} files inside one another")
        inner = _context(text_limit, ocr, plugins, depth + 1)
        return convert_source(source, inner, plugins=plugins)

    return ConversionContext(convert_nested, text_limit=text_limit, ocr=ocr)


def _run(converter: Converter, source: Source, context: ConversionContext) -> Iterator[Document]:
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
    except Exception as error:  # a library's own error types are its business
        detail = clean_line(str(error))[:200]
        raise ConversionError(
            "damaged, or not what its name says"
            + (f" ({type(error).__name__}: {detail})" if detail else f" ({type(error).__name__})")
        ) from error


_LANGUAGE_SAMPLE = 4000


def _language_of(document: Document) -> str | None:
    pieces: list[str] = []
    length = 0
    for block in document.blocks:
        if block.kind != "code":
            pieces.append(block.text[:_LANGUAGE_SAMPLE])
            length += len(pieces[-1])
        if length >= _LANGUAGE_SAMPLE:
            break
    return detect_language("\n".join(pieces)[:_LANGUAGE_SAMPLE])


def _limited(documents: Iterator[Document], limit: int) -> tuple[Document, ...]:
    """The documents up to `limit` characters, or up to an error where some came before it."""
    kept: list[Document] = []
    left = limit
    try:
        for document in documents:
            length = sum(len(block.text) for block in document.blocks)
            if length > left:
                kept.append(_cut(document, left, limit))
                break
            kept.append(document)
            left -= length
    except ConversionError as error:
        if not kept:
            raise
        note = f"the rest can't be read: {error.cause}"
        kept[-1] = replace(kept[-1], notes=(*kept[-1].notes, note))
    return tuple(kept)


def _cut(document: Document, left: int, limit: int) -> Document:
    blocks = []
    for block in document.blocks:
        if len(block.text) > left:
            # A block that's cut inside a line no longer has the lines that its locator says.
            text, _, _ = block.text[: left + 1].rpartition("\n")
            if text:
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
