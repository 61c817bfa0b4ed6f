"""Excel workbooks: every sheet's values row by row and comments, with the cells they stand in."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import openpyxl

from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.formats import named
from converters.office import checked_package
from converters.rows import RecordWriter, SheetRows
from converters.safety import plain_errors
from converters.sheet_comments import read_comments
from localsearch.types import ConversionContext, ConversionError, Document, Locator, Source

_MAX_ELEMENTS = 20_000_000
# One far cell makes a million empty rows, or thousands of empty cells in a row.
_MAX_CELLS = 5_000_000
# Cells that are only there because one stands far to the right; they cost little.
_EMPTY_AS_ONE = 16
# Other sheets can be read without them; which sheet is which is in none of them.
_SPARE = re.compile(
    r"_rels/|xl/(?:worksheets|chartsheets|drawings|charts|tables|theme|pivot|printerSettings)",
    re.I,
)


class SheetsConverter:
    """Reads Excel workbooks; of a formula, the value that Excel saved with it."""

    name = "xlsx"
    version = 4
    suffixes = named("xlsx").suffixes
    filenames = named("xlsx").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document, a block for every few rows."""
        with plain_errors("an Excel workbook"), warnings.catch_warnings():
            # The library warns of what it leaves out, none of which is text.
            warnings.simplefilter("ignore")
            out = BlockCollector.within(context)
            package = checked_package(
                source, max_elements=_MAX_ELEMENTS, spare=_SPARE, notes=out.notes
            )
            book = openpyxl.load_workbook(package, read_only=True, data_only=True, keep_links=False)
            document = _read(book, package, out)
        yield document


def _read(book: openpyxl.Workbook, package: BinaryIO, out: BlockCollector) -> Document:
    cells_left = _MAX_CELLS
    unread = [ConversionError(note) for note in out.notes]
    for sheet in book.worksheets:
        try:
            with plain_errors("an Excel workbook"):
                cells_left = _read_sheet(sheet, out, cells_left)
        except ConversionError as error:
            unread.append(error)
            out.notes.append(f"sheet {sheet.title!r} can't be read: {error.cause}")
        _read_comments(sheet, package, out)
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
        if out.full or cells_left <= 0:
            break
        # A far cell has all rows above it, none of which has anything.
        if not row:
            continue
        texts = ["" if value is None else _as_text(value) for value in row]
        empty = texts.count("")
        cells_left -= len(texts) - empty + empty // _EMPTY_AS_ONE + 1
        group.add(number, len(texts), writer.line(texts))
    group.flush()
    return cells_left


def _read_comments(sheet: Any, package: BinaryIO, out: BlockCollector) -> None:
    name = clean_line(sheet.title)
    try:
        with plain_errors("an Excel workbook"):
            for cell, text in read_comments(package, sheet._worksheet_path):
                if out.full:
                    return
                out.add(text, Locator(sheet=name, cell=cell or None, part="comment"), "note")
    except ConversionError as error:
        out.notes.append(f"some comments on sheet {name!r} can't be read: {error.cause}")


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        written = value.isoformat(" ", "minutes")
        return written.removesuffix(" 00:00")
    if isinstance(value, float):
        # 0.1 + 0.2 as people see it in the cell.
        return f"{value:.15g}"
    return str(value)
