"""Makes an office file safe for the library that reads it: every part checked, no other kept."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO

from converters.collecting import first_few
from converters.formats import named
from converters.office_parts import is_list, mended_lists
from converters.safety import (
    OLE_MAGIC,
    CheckedZip,
    DamagedMemberError,
    Limits,
    TooMuchError,
    checked_zip,
)
from converters.tables import CsvConverter
from converters.text import TextConverter
from converters.xml_stream import MalformedXmlError, check_xml
from localsearch.types import ConversionContext, ConversionError, Document, NoTextError, Source

# XML parts only; pictures are never unpacked.
_LIMITS = Limits(member_bytes=256 << 20, total_bytes=384 << 20)
_TABLE_NAMES = (".xls", ".xlt")
_PARSED = (".xml", ".rels")
# Parts that these files don't need to be read.
_OPTIONAL = (
    "customxml/", "docprops/", "word/glossary/", "ppt/tags/", "xl/comments", "xl/persons/",
    "xl/threadedcomments/",
)  # fmt: skip
# Libraries read these all the same.
_EMPTY = {
    "docprops/core.xml": b'<coreProperties xmlns="http://schemas.openxmlformats.org/package/2006/'
    b'metadata/core-properties"/>',
    "docprops/app.xml": b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'extended-properties"/>',
    "docprops/custom.xml": b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/'
    b'2006/custom-properties"/>',
}
_NOTHING_TAG = "nothing"
_NOTHING = b"<%s/>" % _NOTHING_TAG.encode()
_NO_RELATIONS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
)
_STRICT = b"http://purl.oclc.org/ooxml/"
# ISO 29500 names its strict and transitional namespaces differently; libraries know the latter.
_TRANSITIONAL = (
    (_STRICT + b"officeDocument/relationships",
     b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"),
    (_STRICT + b"wordprocessingml/main",
     b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (_STRICT + b"spreadsheetml/main",
     b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (_STRICT + b"presentationml/main",
     b"http://schemas.openxmlformats.org/presentationml/2006/main"),
    (_STRICT + b"drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (_STRICT + b"officeDocument/math",
     b"http://schemas.openxmlformats.org/officeDocument/2006/math"),
)  # fmt: skip
# Files with macros and templates differ in this alone; libraries refuse some of the names.
_MAIN_TYPES = (
    (b"application/vnd.ms-word.document.macroEnabled.main+xml", b"wordprocessingml.document"),
    (b"application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
     b"wordprocessingml.document"),
    (b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
     b"wordprocessingml.document"),
    (b"application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
     b"presentationml.presentation"),
    (b"application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
     b"presentationml.presentation"),
    (b"application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
     b"presentationml.presentation"),
    (b"application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
     b"presentationml.presentation"),
)  # fmt: skip


def checked_package(
    source: Source,
    *,
    max_elements: int,
    spare: re.Pattern[str],
    notes: list[str],
    left_out: re.Pattern[str] | None = None,
) -> BinaryIO:
    """A copy of an office file in memory that holds its XML parts, checked, and no pictures.

    `max_elements` bounds each part. Of the parts whose names begin as `spare` says, a damaged one
    is left out, with a note; those of `left_out` are in any case. Raises ConversionError with the
    reason where the file is locked, damaged elsewhere, or made to hurt.
    """
    refuse_ole(source)
    copy = BytesIO()
    damages: list[str] = []

    def checked(part: str) -> bytes:
        if left_out is not None and left_out.match(part):
            return _in_place_of(part, _NOTHING)
        try:
            return _checked_part(package, part, max_elements)
        except (MalformedXmlError, DamagedMemberError) as error:
            if not spare.match(part):
                raise
            damages.append(f"{error.cause}, which is left out")
            return _in_place_of(part, _NOTHING)

    with checked_zip(source, _LIMITS) as package, zipfile.ZipFile(copy, "w") as safe:
        lists = {part: checked(part) for part in package.members if is_list(part)}
        called, lists = mended_lists(package.members, lists, damages)
        for part, name in called.items():
            safe.writestr(name, lists[part] if part in lists else checked(part))
    notes += first_few(damages)
    copy.seek(0)
    return copy


def is_left_out(root: Any) -> bool:
    """Whether the root element is that of a damaged part, of which there's a note."""
    return bool(root.tag == _NOTHING_TAG)


def _checked_part(package: CheckedZip, name: str, max_elements: int) -> bytes:
    # An empty part stands for one that isn't needed: whatever refers to it still finds it.
    if not name.lower().endswith(_PARSED):
        return b""
    try:
        data = package.read(name)
        check_xml(BytesIO(data), max_elements=max_elements)
    except TooMuchError:
        raise
    except ConversionError as error:
        if name.lower().startswith(_OPTIONAL):
            return _in_place_of(name, b"")
        if isinstance(error, MalformedXmlError):
            raise MalformedXmlError(f"{error.cause} of {name}") from error
        raise
    if name == "[Content_Types].xml":
        for special, main in _MAIN_TYPES:
            plain = b"application/vnd.openxmlformats-officedocument." + main + b".main+xml"
            data = data.replace(special, plain)
    if _STRICT in data:
        for strict, transitional in _TRANSITIONAL:
            data = data.replace(strict, transitional)
    return data


def _in_place_of(name: str, otherwise: bytes) -> bytes:
    """What stands for a damaged part that's left out."""
    name = name.lower()
    return _NO_RELATIONS if name.endswith(".rels") else _EMPTY.get(name, otherwise)


def refuse_ole(source: Source) -> None:
    """Raise ConversionError for the container of locked office files and of those before 2007."""
    with source.open() as file:
        head = file.read(1 << 20)
    if not head.startswith(OLE_MAGIC):
        return
    # Names in the container's directory are UTF-16.
    if "EncryptedPackage".encode("utf-16-le") in head or source.name.lower().endswith("x"):
        raise ConversionError("locked by a password")
    raise ConversionError(
        "the format of Office 97 to 2003 isn't read",
        "Save it in the current format (.docx, .xlsx or .pptx).",
    )


class LegacyOfficeConverter:
    """Says of office files from before 2007 what can be done about them.

    What's text under such a name is read: tables that banks and machines call a spreadsheet, and
    documents from before there were formats; graphs have the ending of templates.
    """

    name = "legacy-office"
    version = 3
    suffixes = named("legacy-office").suffixes
    filenames = named("legacy-office").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """The table or text in a text file; raises ConversionError for all else."""
        refuse_ole(source)
        is_table = source.name.lower().endswith(_TABLE_NAMES)
        try:
            yield from (CsvConverter() if is_table else TextConverter()).convert(source, context)
        except NoTextError as error:
            raise ConversionError("damaged, or not an office file") from error
