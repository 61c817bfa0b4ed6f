"""Excel workbooks: the values of every sheet, row by row, with the cells they stand in."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from typing import Any

import openpyxl

from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.formats import named
from converters.office import checked_package
from converters.rows import RecordWriter, SheetRows
from converters.safety import plain_errors
from localsearch.types import ConversionContext, ConversionError, Document, Source

_MAX_ELEMENTS = 20_000_000
# One far cell makes a million empty rows, or thousands of empty cells in a row.
_MAX_CELLS = 5_000_000


class SheetsConverter:
    """Reads Excel workbooks; of a formula, the value that Excel saved with it."""

    name = "xlsx"
    version = 1
    suffixes = named("xlsx").suffixes
    filenames = named("xlsx").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document, a block for every few rows."""
        with plain_errors("an Excel workbook"), warnings.catch_warnings():
            # The library warns of what it leaves out, none of which is text.
            warnings.simplefilter("ignore")
            package = checked_package(source, max_elements=_MAX_ELEMENTS)
            book = openpyxl.load_workbook(package, read_only=True, data_only=True, keep_links=False)
            document = _read(book, BlockCollector.within(context))
        yield document


def _read(book: openpyxl.Workbook, out: BlockCollector) -> Document:
    cells_left = _MAX_CELLS
    unread: list[ConversionError] = []
    for sheet in book.worksheets:
        try:
            with plain_errors("an Excel workbook"):
                cells_left = _read_sheet(sheet, out, cells_left)
        except ConversionError as error:
            unread.append(error)
            out.notes.append(f"sheet {sheet.title!r} can't be read: {error.cause}")
        if out.full or cells_left <= 0:
            break
    if unread and not out.blocks:
        raise unread[0]
    if cells_left <= 0:
        out.notes.append(f"only the first {_MAX_CELLS:,} cells were read")
    title = clean_line(book.properties.title or "") or None
    return Document(tuple(out.blocks), kind="sheet", title=title, notes=tuple(out.notes))


def _read_sheet(sheet: Any, out: BlockCollector, cells_left: int) -> int:
    """Read one sheet; the number of cells that may still be read."""
    # The size that the file claims would be filled up with empty cells.
    sheet.reset_dimensions()
    writer = RecordWriter()
    group = SheetRows(clean_line(sheet.title), out)
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells_left -= len(row) + 1
        if out.full or cells_left <= 0:
            break
        if not row:
            continue
        texts = [_as_text(value) for value in row]
        group.add(number, len(texts), writer.line(texts))
    group.flush()
    return cells_left


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        written = value.isoformat(" ", "minutes")
        return written.removesuffix(" 00:00")
    if isinstance(value, float):
        # 0.1 + 0.2 as people see it in the cell.
        return f"{value:.15g}"
    return str(value)
