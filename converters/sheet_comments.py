"""The comments on the cells of an Excel workbook, which its library leaves out when it streams."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from converters.office_parts import related_parts
from converters.xml_stream import xml_events
from localsearch.types import ConversionError

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_THREADED = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments "


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of comments is written: the relation's type ends so, then elements' names."""

    relation: str
    comment: str
    text: str


_NOTES = _Kind("/comments", _MAIN + "comment", _MAIN + "t")
_THREADS = _Kind("/threadedComment", _THREADED + "threadedComment", _THREADED + "text")


def read_comments(package: BinaryIO, sheet_path: str) -> Iterator[tuple[str, str]]:
    """Cell and text of each comment on a sheet, whose path inside the checked package is given.

    Raises ConversionError after those that can be read, where others can't.
    """
    with zipfile.ZipFile(package) as archive:
        targets = list(dict.fromkeys(related_parts(archive, sheet_path)))
        errors: list[ConversionError] = []
        threads: dict[str, list[str]] = {}
        for cell, text in _comments(archive, targets, _THREADS, errors):
            threads.setdefault(cell, []).append(text)
        # A thread stands among the notes as well: for old programs, with advice in the language
        # of the one that wrote it.
        for cell, text in _comments(archive, targets, _NOTES, errors):
            yield cell, "\n".join(threads.pop(cell, (text,)))
        for cell, texts in threads.items():
            yield cell, "\n".join(texts)
        if errors:
            raise errors[0]


def _comments(
    archive: zipfile.ZipFile,
    targets: list[tuple[str, str]],
    kind: _Kind,
    errors: list[ConversionError],
) -> Iterator[tuple[str, str]]:
    """Those of all parts of the kind, each part as far as it can be read."""
    for relation, path in targets:
        if relation.endswith(kind.relation):
            try:
                yield from _comments_of(archive.read(path), kind)
            except ConversionError as error:
                errors.append(error)


def _comments_of(part: bytes, kind: _Kind) -> Iterator[tuple[str, str]]:
    cell, pieces = "", list[str]()
    in_text = False
    for event in xml_events(BytesIO(part)):
        if event.kind == "text":
            if in_text:
                pieces.append(event.text)
        elif event.name == kind.comment:
            if event.kind == "end":
                yield cell, "".join(pieces).replace("\r\n", "\n").strip()
            cell, pieces = event.attributes.get("ref", ""), []
        elif event.name == kind.text:
            in_text = event.kind == "start"
