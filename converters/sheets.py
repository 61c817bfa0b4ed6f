"""Excel workbooks: every sheet's values row by row and comments, with the cells they stand in."""

from __future__ import annotations

import datetime as dt
import re
import time
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import openpyxl

from converters.cleaning import clean_line
from converters.collecting import BlockCollector, first_few
from converters.formats import named
from converters.given_titles import given_title
from converters.office import checked_package
from converters.office_drawings import words_on_sheet
from converters.rows import RecordWriter, SheetRows
from converters.safety import plain_errors
from converters.sheet_comments import read_comments
from localsearch.types import Block, ConversionContext, ConversionError, Document, Locator, Source

_MAX_ELEMENTS = 20_000_000
# One far cell makes a million empty rows, or thousands of empty cells in a row.
_MAX_CELLS = 5_000_000
_MAX_TEXT_BESIDE = 1_000_000
# What's beside the cells is read first, and gets this share of the text and of the time at most.
_SHARE_BESIDE = 0.25
# Cells that are only there because one stands far to the right; they cost little.
_EMPTY_AS_ONE = 16
# All but those that say which sheets there are.
_SPARE = re.compile(r"(?!\[Content_Types\]|xl/(?:_rels/)?workbook\.xml)", re.I)
# What the library refuses a file for, and no cell's text is in.
_LOOKS = re.compile(r"xl/(?:styles|theme)|docProps/", re.I)


class SheetsConverter:
    """Reads Excel workbooks; of a formula, the value that Excel saved with it."""

    name = "xlsx"
    version = 6
    suffixes = named("xlsx").suffixes
    filenames = named("xlsx").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document, a block for every few rows."""
        with plain_errors("an Excel workbook"), warnings.catch_warnings():
            # The library warns of what it leaves out, none of which is text.
            warnings.simplefilter("ignore")
            notes: list[str] = []
            book, package = _opened(source, notes)
            document = _read(book, _beside_cells(book, package, notes, context), notes, context)
        yield document


def _opened(source: Source, notes: list[str]) -> tuple[openpyxl.Workbook, BinaryIO]:
    """The workbook, and the checked package that it's read from."""
    try:
        return _loaded(
            checked_package(source, max_elements=_MAX_ELEMENTS, spare=_SPARE, notes=notes)
        )
    except (ConversionError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - the library is strict about colours and borders too
        notes.clear()
        package = checked_package(
            source, max_elements=_MAX_ELEMENTS, spare=_SPARE, notes=notes, left_out=_LOOKS
        )
        opened = _loaded(package)
        notes.append("its formats can't be read: dates and times may stand there as numbers")
        return opened


def _loaded(package: BinaryIO) -> tuple[openpyxl.Workbook, BinaryIO]:
    book = openpyxl.load_workbook(package, read_only=True, data_only=True, keep_links=False)
    sheets: list[Any] = book.worksheets
    for sheet in sheets:
        # Where the part with the texts is lost, the numbers are still worth reading.
        sheet._shared_strings = sheet._shared_strings or _NoTexts()
    return book, package


class _NoTexts:
    """Stands for the texts of a workbook whose part for them can't be read."""

    def __getitem__(self, _number: int) -> str:
        return ""


def _read(
    book: openpyxl.Workbook, beside: list[Block], notes: list[str], context: ConversionContext
) -> Document:
    cells_left = _MAX_CELLS
    # What isn't in cells is little, and somebody's own words: rows get the room that it leaves.
    room = context.text_limit - sum(len(block.text) for block in beside)
    out = BlockCollector(room, deadline_s=context.deadline_s)
    unread = [ConversionError(note) for note in notes]
    damages: list[str] = []
    for sheet in book.worksheets:
        try:
            with plain_errors("an Excel workbook"):
                cells_left = _read_sheet(sheet, out, cells_left)
        except ConversionError as error:
            unread.append(error)
            damages.append(f"sheet {sheet.title!r} can't be read: {error.cause}")
        if out.full or cells_left <= 0:
            break
    if unread and not out.blocks and not beside:
        raise unread[0]
    if cells_left <= 0:
        out.notes.append(f"only the first {_MAX_CELLS:,} cells were read")
    title = given_title(book.properties.title)
    blocks = (*out.blocks, *beside)
    return Document(
        blocks, kind="sheet", title=title, notes=(*notes, *first_few(damages), *out.notes)
    )


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


def _beside_cells(
    book: openpyxl.Workbook, package: BinaryIO, notes: list[str], context: ConversionContext
) -> list[Block]:
    """Comments and drawings on all sheets; `notes` gets those that can't be read."""
    now_s = time.monotonic()
    out = BlockCollector(
        min(_MAX_TEXT_BESIDE, int(context.text_limit * _SHARE_BESIDE)),
        deadline_s=now_s + max(0, context.deadline_s - now_s) * _SHARE_BESIDE,
    )
    drawings: set[str] = set()
    damages: list[str] = []
    sheets: list[Any] = book.worksheets
    for sheet in sheets:
        name = clean_line(sheet.title)
        try:
            with plain_errors("an Excel workbook"):
                for cell, text in read_comments(package, sheet._worksheet_path):
                    out.add(text, Locator(sheet=name, cell=cell or None, part="comment"), "note")
                    if out.full:
                        break
        except ConversionError as error:
            damages.append(f"some comments on sheet {name!r} can't be read: {error.cause}")
        try:
            with plain_errors("an Excel workbook"):
                for words in words_on_sheet(package, sheet._worksheet_path, out, drawings):
                    out.add(words, Locator(sheet=name, part="drawing"))
        except ConversionError as error:
            damages.append(f"some drawings on sheet {name!r} can't be read: {error.cause}")
        if out.full:
            break
    notes += first_few(damages)
    notes += (f"of comments and drawings, {note}" for note in out.notes)
    return out.blocks


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
