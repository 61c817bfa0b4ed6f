"""Turns the rows of a table into lines that read like records: "name: Ada; city: London"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from converters.collecting import BlockCollector
from localsearch.types import Locator

# A block of rows about as long as a passage, so that its place in the sheet is worth something.
_BLOCK_CHARACTERS = 900
# What stands farther apart doesn't belong together.
_MAX_EMPTY_ROWS = 20
_MAX_HEADER_CHARACTERS = 60


class RecordWriter:
    """Writes rows as lines, named by the first row where that is a row of names."""

    def __init__(self) -> None:
        self._names: Sequence[str] | None = None

    def line(self, cells: Sequence[str]) -> str:
        """One row as one line; "" where all of its cells are empty."""
        cells = [" ".join(cell.split()) if cell else "" for cell in cells]
        filled = [(column, cell) for column, cell in enumerate(cells) if cell]
        if not filled:
            return ""
        if self._names is None:
            self._names = cells if is_header(cells) else ()
            return " | ".join(cell for _, cell in filled)
        if not self._names or len(filled) == 1:
            return " | ".join(cell for _, cell in filled)
        return "; ".join(f"{name}: {cell}" if (name := self._name(column)) else cell
                         for column, cell in filled)  # fmt: skip

    def _name(self, column: int) -> str:
        return self._names[column] if self._names and column < len(self._names) else ""


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first row reads like the names of columns: short, different, not numbers."""
    filled = [cell for cell in cells if cell]
    return (
        len(filled) > 1
        and len(set(filled)) == len(filled)
        and len(filled) * 2 > len(cells)
        and all(len(cell) <= _MAX_HEADER_CHARACTERS and not _is_number(cell) for cell in filled)
    )


def _is_number(cell: str) -> bool:
    return not any(map(str.isalpha, cell))


class SheetRows:
    """Gathers the lines of neighbouring rows into blocks that know their range of cells.

    `after` is called after each block, for what belongs to its cells.
    """

    def __init__(
        self, sheet: str, out: BlockCollector, after: Callable[[], None] = lambda: None
    ) -> None:
        self._sheet = sheet
        self._out = out
        self._after = after
        self._lines: list[str] = []
        self._length = 0
        self._first = self._last = self._columns = 0

    def add(self, number: int, columns: int, line: str) -> None:
        """Take the line of a row; `number` counts from 1, `columns` is how many it has."""
        if not line:
            return
        far = number - self._last > _MAX_EMPTY_ROWS
        if self._lines and (far or self._length + len(line) > _BLOCK_CHARACTERS):
            self.flush()
        if not self._lines:
            self._first, self._columns = number, 1
        self._last, self._columns = number, max(self._columns, columns)
        self._lines.append(line)
        self._length += len(line)

    def flush(self) -> None:
        """Make a block of what was gathered."""
        if self._lines:
            last = f"{column_letters(self._columns)}{self._last}"
            locator = Locator(sheet=self._sheet, cell=f"A{self._first}:{last}")
            self._out.add("\n".join(self._lines), locator, "table")
            self._after()
        self._lines.clear()
        self._length = 0


def column_letters(number: int) -> str:
    """The letters that a spreadsheet names a column with; the first is 1."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
