"""Words in the drawings of office files: text boxes, SmartArt, and what charts are labelled with.

They stand in parts of their own, which the libraries for these formats don't read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO

from converters.collecting import BlockCollector
from converters.office_parts import related_parts
from converters.xml_stream import MalformedXmlError, xml_events

_DRAWN = "http://schemas.openxmlformats.org/drawingml/2006/main "
_CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart "
# What stands there again for old programs.
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
# The ends of the types of relations that lead to such parts.
_KINDS = ("/chart", "/diagramData")


def words_in(drawing: bytes, out: BlockCollector) -> str:
    """A drawing's paragraphs and a chart's labels, each in a line, as far as it's well-formed.

    No more are read than `out` has time and room for.
    """
    reader = _Reader()
    try:
        for event in xml_events(BytesIO(drawing)):
            if event.kind == "text":
                reader.text(event.text)
            elif event.kind == "start":
                reader.start(event.name)
            else:
                reader.end(event.name)
                if out.full or reader.characters > out.room:
                    break
    except MalformedXmlError:
        pass
    return "\n".join(reader.lines)


def words_beside(part: Any, out: BlockCollector, seen: set[str]) -> Iterator[str]:
    """The words in each drawing that a part of a document or presentation leads to.

    `part` is one of python-docx or of python-pptx. `seen` holds the drawings that were read:
    thousands of relations may lead to the same one. Ends where `out` is full.
    """
    for relation in part.rels.values():
        if out.full:
            return
        if not relation.is_external and relation.reltype.endswith(_KINDS):
            target = relation.target_part
            if _is_new(str(target.partname), seen):
                yield words_in(target.blob, out)


def words_on_sheet(
    package: BinaryIO, sheet_path: str, out: BlockCollector, seen: set[str]
) -> Iterator[str]:
    """The words in each drawing on a workbook's sheet, whose path in the package is given.

    `out` and `seen` are those of `words_beside`.
    """
    with zipfile.ZipFile(package) as archive:
        for kind, path in related_parts(archive, sheet_path):
            if not kind.endswith("/drawing") or not _is_new(path, seen):
                continue
            yield words_in(archive.read(path), out)
            for inner_kind, inner in related_parts(archive, path):
                if out.full:
                    return
                if inner_kind.endswith(_KINDS) and _is_new(inner, seen):
                    yield words_in(archive.read(inner), out)


def _is_new(path: str, seen: set[str]) -> bool:
    is_new = path not in seen
    seen.add(path)
    return is_new


class _Reader:
    """Gathers the lines of one drawing."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.characters = 0
        self._pieces: list[str] = []
        self._takes = False
        self._fallbacks = 0
        self._labels = 0
        self._seen: set[str] = set()

    def start(self, name: str) -> None:
        self._fallbacks += name == _FALLBACK
        self._labels += name == _CHART + "strCache"
        is_text = name == _DRAWN + "t" or (name == _CHART + "v" and self._labels > 0)
        self._takes = is_text and not self._fallbacks
        if name == _DRAWN + "br":
            self._pieces.append(" ")

    def text(self, text: str) -> None:
        if self._takes:
            self._pieces.append(text)

    def end(self, name: str) -> None:
        self._takes = False
        self._fallbacks -= name == _FALLBACK
        self._labels -= name == _CHART + "strCache"
        if name not in (_DRAWN + "p", _CHART + "v"):
            return
        line = " ".join("".join(self._pieces).split())
        self._pieces.clear()
        if not line or (name == _CHART + "v" and line in self._seen):
            # Every series of a chart has its categories again.
            return
        self._seen.add(line)
        self.lines.append(line)
        self.characters += len(line) + 1
