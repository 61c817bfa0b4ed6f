"""The comments on the cells of an Excel workbook, which its library leaves out when it streams."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from converters.xml_stream import xml_events

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_KIND = "/comments"
# What Excel writes for old versions where a comment has answers; its text comes after it.
_THREADED, _TEXT_BEGINS = "[Threaded comment]", "Comment:\n"


def read_comments(package: BinaryIO, sheet_path: str) -> Iterator[tuple[str, str]]:
    """Cell and text of each comment on a sheet, whose path inside the checked package is given."""
    with zipfile.ZipFile(package) as archive:
        folder, name = posixpath.split(sheet_path)
        relations = f"{folder}/_rels/{name}.rels"
        if relations not in archive.namelist():
            return
        for target in _targets(archive.read(relations)):
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            if path in archive.namelist():
                yield from _comments(archive.read(path))


def _targets(relations: bytes) -> Iterator[str]:
    for event in xml_events(BytesIO(relations)):
        if event.name.endswith(" Relationship") and event.kind == "start":
            is_inside = event.attributes.get("TargetMode") != "External"
            if is_inside and event.attributes.get("Type", "").endswith(_KIND):
                yield event.attributes.get("Target", "")


def _comments(part: bytes) -> Iterator[tuple[str, str]]:
    cell, pieces = "", list[str]()
    in_text = False
    for event in xml_events(BytesIO(part)):
        if event.kind == "text":
            if in_text:
                pieces.append(event.text)
        elif event.name == _MAIN + "comment":
            if event.kind == "end":
                yield cell, _written("".join(pieces))
            cell, pieces = event.attributes.get("ref", ""), []
        elif event.name == _MAIN + "t":
            in_text = event.kind == "start"


def _written(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if text.startswith(_THREADED):
        text = "\n".join(line.strip() for line in text.partition(_TEXT_BEGINS)[2].split("\n"))
    return text.strip()
