"""Office files for tests: made, changed inside, read, and looked at for where things stand."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl

from converters.registry import convert_file
from localsearch.types import Document, Locator


def convert(path: Path, data: bytes) -> Document:
    """Write the file, and read the one document that it is."""
    path.write_bytes(data)
    (document,) = convert_file(str(path)).documents
    return document


def place_of(document: Document, phrase: str) -> Locator:
    """Where a phrase stands that's in just one block."""
    found = [block.locator for block in document.blocks if phrase in block.text]
    assert len(found) == 1, (phrase, [block.text for block in document.blocks])
    return found[0]


def edited(packed: bytes, member: str, pattern: str, replacement: str) -> bytes:
    """The ZIP with the text of one member changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == member:
                changed = re.sub(pattern, lambda _: replacement, data.decode(), count=1)
                assert changed != data.decode()
                data = changed.encode()
            new.writestr(name, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def workbook(**sheets: list[list[object]]) -> openpyxl.Workbook:
    """A workbook of sheets by their names, each a list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    """The file of a workbook."""
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()
