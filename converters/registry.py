"""Which converter reads a file, and the reading itself, with whatever goes wrong in plain words."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from converters.formats import FORMATS, NAME_ONLY_KINDS, Format, suffixes_of
from converters.pipeline import limit_documents, run_converter
from converters.plugins import plugin_for
from converters.safety import LimitError
from converters.secrets import begins_with_key
from converters.sniffing import HEAD_BYTES, sniff, zip_format
from converters.sources import FileSource
from localsearch.types import (
    INSTALL_ALL,
    ConversionContext,
    ConversionError,
    Converter,
    Document,
    Kind,
    NoTextError,
    Source,
)

TEXT_LIMIT = 20_000_000
# An archive in a message in an archive … : nobody keeps things deeper, bombs do.
_MAX_DEPTH = 8
# Of the time that's left, for a file inside another one.
_INNER_SHARE = 0.9
_BINARY = "binary file, found by name only"
_KEY = "a private key, found by name only"
# A ZIP that's called so isn't one of the formats that are ZIPs inside.
_NEVER_ZIP = frozenset(
    (
        "text", "markdown", "markup", "html", "mhtml", "pdf", "code", "rtf", "eml", "mbox",
        "notebook", "json", "yaml", "toml", "csv", "subtitles",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a file gave, and which converter of which version read it."""

    documents: tuple[Document, ...]
    converter: str
    version: int


def convert_file(
    path: str,
    *,
    text_limit: int = TEXT_LIMIT,
    ocr: bool = False,
    plugins: Sequence[str] = (),
    time_s: float = math.inf,
) -> Conversion:
    """Read a regular file into documents of clean text.

    `text_limit` bounds the characters of all documents together; what's beyond is left out and
    noted, as is what isn't read after `time_s` seconds. `plugins` names the third-party converters
    that may run. Raises NoTextError for a file that holds no text by its nature, ConversionError
    with the reason for one that can't be read.
    """
    source = FileSource(path)
    converter = choose(source, plugins)
    deadline_s = time.monotonic() + time_s
    context = _context(text_limit, ocr, tuple(plugins), 0, deadline_s)
    try:
        read = run_converter(converter, source, context)
        documents = limit_documents(read, text_limit, deadline_s)
    except ConversionError as error:
        # What a format's reader says of nothing at all sounds like damage.
        if source.size == 0 and error.cause.startswith("damaged"):
            raise ConversionError("an empty file") from error
        raise
    return Conversion(documents, converter.name, converter.version)


def convert_source(
    source: Source, context: ConversionContext, *, plugins: Sequence[str] = ()
) -> Iterator[Document]:
    """The documents of a source, each clean and with its language, as they are read."""
    yield from run_converter(choose(source, plugins), source, context)


def choose(source: Source, plugins: Sequence[str] = ()) -> Converter:
    """The converter that reads the source: by its name, and by its first bytes where that fails.

    Raises NoTextError where there's no text in it, ConversionError where an extra is missing.
    """
    third_party = plugin_for(source.name, tuple(plugins))
    if third_party is not None:
        return third_party
    by_name = _format_for(source.name)
    if by_name is None and _suffix_in(source.name, NAME_ONLY_KINDS) is not None:
        raise NoTextError(_BINARY)
    with source.open() as file:
        head = file.read(HEAD_BYTES)
        if begins_with_key(head):
            raise NoTextError(_KEY)
        by_content = sniff(head)
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
    third_party = plugin_for(filename, tuple(plugins))
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


def telling_part(filename: str, plugins: Sequence[str] = ()) -> str:
    """What of a file's name chooses its converter: a name that stands for many, hence for memory.

    The functions here answer for it as for the whole.
    """
    base = filename.rpartition(os.sep)[2].lower()
    if plugins or base in _BY_FILENAME:
        return base
    _, dot, endings = base.lstrip(".").partition(".")
    return f"*.{endings}" if dot else base


def kind_for(filename: str) -> Kind:
    """What sort of file it is by its name alone."""
    found = _format_for(filename)
    if found is not None:
        return found.kind
    suffix = _suffix_in(filename, NAME_ONLY_KINDS)
    return NAME_ONLY_KINDS[suffix] if suffix else "other"


# Choosing


def _suffix_in(filename: str, known: dict[str, Kind]) -> str | None:
    return next((suffix for suffix in suffixes_of(filename) if suffix in known), None)


def _format_for(filename: str) -> Format | None:
    base = os.path.basename(filename).lower()
    if base in _BY_FILENAME:
        return _BY_FILENAME[base]
    return next((_BY_SUFFIX[suffix] for suffix in suffixes_of(base) if suffix in _BY_SUFFIX), None)


_BY_NAME = {each.name: each for each in FORMATS}
_BY_FILENAME = {filename: each for each in FORMATS for filename in each.filenames}
_BY_SUFFIX = {suffix: each for each in FORMATS for suffix in each.suffixes}
_TEXT = _BY_NAME["text"]


# Signs that text may show by chance: they count where the name says nothing.
_WEAK_SIGNS = frozenset(("html", "svg", "code", "mbox", "eml", "rtf"))


def _settle(by_name: Format | None, by_content: str | None) -> Format:
    """Name first, unless the content can't be what the name says."""
    if by_content is None or (by_content in _WEAK_SIGNS and by_content not in _BY_NAME):
        return by_name or _TEXT
    if by_name is not None and not _contradicts(by_name.name, by_content):
        return by_name
    if by_content not in _BY_NAME:
        raise NoTextError(_BINARY)
    return _BY_NAME[by_content]


def _contradicts(name: str, content: str) -> bool:
    # Many a .doc is RTF, and many an .xls a web page.
    if name == "legacy-office":
        return True
    if content in _WEAK_SIGNS:
        return name == "pdf"
    if content == "archive":
        return name in _NEVER_ZIP
    return name != content


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
            INSTALL_ALL,
        ) from error


def _instance(target: str) -> Converter:
    module_name, _, class_name = target.partition(":")
    made: Converter = getattr(import_module(module_name), class_name)()
    return made


# Running


def _context(
    text_limit: int,
    ocr: bool,
    plugins: tuple[str, ...],
    depth: int,
    deadline_s: float = math.inf,
) -> ConversionContext:
    def convert_nested(source: Source) -> Iterator[Document]:
        if depth >= _MAX_DEPTH:
            raise LimitError(f"more than {_MAX_DEPTH} files inside one another")
        # What's around it needs some time for itself afterwards.
        now = time.monotonic()
        inner_deadline_s = now + _INNER_SHARE * max(0.0, deadline_s - now)
        inner = _context(text_limit, ocr, plugins, depth + 1, inner_deadline_s)
        return convert_source(source, inner, plugins=plugins)

    return ConversionContext(convert_nested, text_limit, ocr, deadline_s)
