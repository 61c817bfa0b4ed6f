"""The rows and cells of OpenDocument tables, which say in one number how often they're repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from converters.cleaning import clean_line
from converters.rows import RecordWriter, SheetRows, column_letters

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
TABLE, OFFICE = f"{_NS}table:1.0 ", f"{_NS}office:1.0 "
_CELLS = frozenset((TABLE + "table-cell", TABLE + "covered-table-cell"))
_VALUES = tuple(OFFICE + name for name in
                ("string-value", "date-value", "time-value", "boolean-value", "value"))  # fmt: skip
# Beyond it stand single cells that somebody lost there.
_MAX_COLUMNS = 2_000
_LINES_PER_BLOCK = 50


@dataclass(slots=True)
class _Row:
    """A row that is being read, with its cells up to the last one that isn't empty."""

    repeated: int
    cells: list[str] = field(default_factory=list)
    column: int = 0
    cell_repeated: int = 1
    value: str = ""
    texts: list[str] = field(default_factory=list)


class TableReader:
    """Takes the starts and ends of table elements and the texts of cells.

    `write_lines` is given the rows of a table in a text; a sheet's rows go to a `SheetRows` that
    `new_sheet` makes for its name.
    """

    def __init__(
        self,
        write_lines: Callable[[str], None],
        new_sheet: Callable[[str], SheetRows],
    ) -> None:
        self.is_sheet = False
        self._write_lines = write_lines
        self._new_sheet = new_sheet
        self._tables = 0
        self._rows: list[_Row] = []
        self._lines: list[str] = []
        self._sheet: SheetRows | None = None
        self._sheet_name = ""
        self._records = RecordWriter()
        self._row_number = 1

    @property
    def in_cell(self) -> bool:
        """Whether text belongs to a cell now."""
        return bool(self._rows)

    @property
    def is_open(self) -> bool:
        """Whether there may be rows that aren't written yet."""
        return bool(self._tables)

    @property
    def place(self) -> tuple[str | None, str | None]:
        """The sheet, and the cell in it that is being read; None where there's none."""
        if not self.is_sheet or not self._rows:
            return None, None
        cell = f"{column_letters(self._rows[0].column + 1)}{self._row_number}"
        return self._sheet_name, cell

    def add_text(self, text: str) -> None:
        """A paragraph of the cell that is open."""
        if text:
            self._rows[-1].texts.append(text)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element of the table namespace begins."""
        if name == TABLE + "table":
            self._tables += 1
            if self.is_sheet and self._tables == 1:
                self._sheet_name = clean_line(attributes.get(TABLE + "name", ""))
                self._sheet = self._new_sheet(self._sheet_name)
                self._records = RecordWriter()
                self._row_number = 1
        elif name == TABLE + "table-row" and self._tables:
            self._rows.append(_Row(number(attributes.get(TABLE + "number-rows-repeated"), 1)))
        elif name in _CELLS and self._rows:
            row = self._rows[-1]
            row.cell_repeated = number(attributes.get(TABLE + "number-columns-repeated"), 1)
            row.value = next((attributes[key] for key in _VALUES if key in attributes), "")

    def end(self, name: str) -> None:
        """An element of the table namespace ends."""
        if name in _CELLS and self._rows:
            self._end_cell(self._rows[-1])
        elif name == TABLE + "table-row" and self._rows:
            self._end_row(self._rows.pop())
        elif name == TABLE + "table" and self._tables:
            self._tables -= 1
            if not self._tables:
                self.finish()

    def finish(self) -> None:
        """Write what was gathered, at the end of a table or of a file that ends in one."""
        self._flush()
        if self._sheet is not None:
            self._sheet.flush()
        self._sheet = None
        self._rows.clear()

    def _end_cell(self, row: _Row) -> None:
        text = " ".join(row.texts) or row.value
        if text and row.column < _MAX_COLUMNS:
            row.cells += [""] * (row.column - len(row.cells))
            row.cells.append(text)
        row.column += row.cell_repeated
        row.texts.clear()
        row.value = ""

    def _end_row(self, row: _Row) -> None:
        if self._rows:
            # A table in a cell is part of that cell's text.
            self.add_text(" ".join(filter(None, row.cells)))
        elif self._sheet is not None:
            self._sheet.add(self._row_number, len(row.cells), self._records.line(row.cells))
            self._row_number += row.repeated
        elif row.cells:
            self._lines.append(" | ".join(" ".join(cell.split()) for cell in row.cells))
            if len(self._lines) >= _LINES_PER_BLOCK:
                self._flush()

    def _flush(self) -> None:
        if self._lines:
            self._write_lines("\n".join(self._lines))
            self._lines.clear()


def number(written: str | None, otherwise: int) -> int:
    """A count in an attribute; `otherwise` where it's missing or no count."""
    try:
        return max(1, int(written or otherwise))
    except ValueError:
        return otherwise
