"""Jupyter notebooks, cell by cell: prose under its headings, code, and the text that it printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from converters.collecting import BlockCollector
from converters.formats import named
from converters.markdown import markdown_marks
from converters.outline import HeadingPath
from converters.safety import plain_errors
from converters.text import read_text
from localsearch.types import Block, ConversionContext, ConversionError, Document, Locator, Source

# Printed tables and logs; more of them isn't what the notebook is about.
_MAX_OUTPUT_CHARACTERS = 4_000


class NotebookConverter:
    """Reads notebooks of format 3 and 4."""

    name = "notebook"
    version = 2
    suffixes = named("notebook").suffixes
    filenames = named("notebook").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; `cell` counts from 1."""
        with plain_errors("a Jupyter notebook"):
            notebook = json.loads(read_text(source, context), strict=False)
            reader = _Reader(BlockCollector.within(context))
            for number, cell in enumerate(_cells(notebook), start=1):
                reader.read(str(number), cell)
        yield Document(
            tuple(reader.out.blocks),
            kind="notebook",
            title=reader.title,
            notes=tuple(reader.out.notes),
        )


def _cells(notebook: object) -> Iterator[dict[str, Any]]:
    if not isinstance(notebook, dict):
        raise ConversionError("damaged, or not a Jupyter notebook")
    # Format 3 has sheets of cells.
    sheets = notebook.get("worksheets") or [notebook]
    for sheet in sheets if isinstance(sheets, list) else []:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict):
                yield cell


class _Reader:
    def __init__(self, out: BlockCollector) -> None:
        self.out = out
        self.title: str | None = None
        self._path = HeadingPath()

    def read(self, number: str, cell: dict[str, Any]) -> None:
        """One cell."""
        kind = cell.get("cell_type")
        text = _joined(cell.get("source", cell.get("input")))
        if kind == "heading":
            level = cell.get("level")
            text = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + text
        if kind in ("markdown", "heading"):
            self._prose(number, text)
        else:
            code = kind == "code"
            self.out.add(text, self._at(number), "code" if code else "paragraph")
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            if isinstance(output, dict):
                printed = _printed(output)[:_MAX_OUTPUT_CHARACTERS]
                self.out.add(printed.strip("\n"), self._at(number), "note")

    def _prose(self, number: str, text: str) -> None:
        lines = text.split("\n")
        row = 0
        for mark in markdown_marks(lines):
            self.out.add("\n".join(lines[row : mark.start]), self._at(number))
            if mark.kind == "heading":
                self._path.enter(mark.level, mark.title)
                self.title = self.title or mark.title
            written = "\n".join(lines[mark.start : mark.end])
            self.out.take(Block(written, self._at(number), mark.kind))
            row = mark.end
        self.out.add("\n".join(lines[row:]), self._at(number))

    def _at(self, number: str) -> Locator:
        return Locator(cell=number, heading=self._path.path)


def _printed(output: dict[str, Any]) -> str:
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
    data = output.get("data")
    shown = data.get("text/plain") if isinstance(data, dict) else None
    return _joined(output.get("text") if shown is None else shown)


def _joined(text: object) -> str:
    """A text that the format writes as a string or as a list of lines."""
    if isinstance(text, list):
        return "".join(line for line in text if isinstance(line, str))
    return text if isinstance(text, str) else ""
