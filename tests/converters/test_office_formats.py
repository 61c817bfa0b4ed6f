"""Office files, books and RTF: what must be found in each, and where."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from converters.registry import convert_file
from localsearch.types import ConversionError
from tests.converters import fuzz_seeds
from tests.converters.office_files import convert, place_of

_RTF = rb"{\rtf1\ansi\ansicpg1252 Sehr geehrte Frau Albers,\par die Heizung f\'e4llt aus.}"


def test_word(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.docx", fuzz_seeds.docx())
    assert document.kind == "doc"
    assert document.title == "Protokoll"
    assert place_of(document, "Heizung").heading == ("Protokoll",)
    assert place_of(document, "會議")


def test_slides_with_their_notes(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.pptx", fuzz_seeds.pptx())
    assert document.kind == "slides"
    assert place_of(document, "Quarter").slide == 1
    assert place_of(document, "Say hello first.").slide == 1


def test_sheets_by_cell(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.xlsx", fuzz_seeds.xlsx())
    assert document.kind == "sheet"
    place = place_of(document, "Albers")
    assert place.sheet == "Sheet"
    assert place.cell
    assert place_of(document, "合計")


def test_open_document(tmp_path: Path) -> None:
    text = fuzz_seeds.open_document("text", fuzz_seeds.TEXT_PARAGRAPH)
    document = convert(tmp_path / "a.odt", text)
    assert place_of(document, "Two three.").heading == ("One",)
    table = fuzz_seeds.open_document("spreadsheet", fuzz_seeds.TABLE)
    assert place_of(convert(tmp_path / "a.ods", table), "7").sheet == "S"
    pages = fuzz_seeds.open_document("presentation", fuzz_seeds.PAGE)
    assert place_of(convert(tmp_path / "a.odp", pages), "Hi").slide == 1


def test_books_by_chapter(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.epub", fuzz_seeds.epub())
    assert document.kind == "book"
    assert document.title == "Tides"
    assert place_of(document, "Twice a day").heading[-1] == "High water"


def test_rtf(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.rtf", _RTF)
    assert place_of(document, "die Heizung fällt aus.")


def _with_member(packed: bytes, name: str, content: bytes) -> bytes:
    """The ZIP with one member replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            kept = content if member == name else old.read(member)
            new.writestr(member, kept, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@pytest.mark.parametrize(
    ("suffix", "packed", "member"),
    [
        (".docx", fuzz_seeds.docx, "word/document.xml"),
        (".pptx", fuzz_seeds.pptx, "ppt/slides/slide1.xml"),
        (".xlsx", fuzz_seeds.xlsx, "xl/worksheets/sheet1.xml"),
        (
            ".odt",
            lambda: fuzz_seeds.open_document("text", fuzz_seeds.TEXT_PARAGRAPH),
            "content.xml",
        ),
    ],
)
def test_entities_and_bombs_are_refused(
    tmp_path: Path, suffix: str, packed: object, member: str
) -> None:
    assert callable(packed)
    entity = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>'
    bomb = b"<a>" + b" " * 600_000_000 + b"</a>"
    for content in (entity, bomb):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(_with_member(packed(), member, content))
        with pytest.raises(ConversionError) as raised:
            convert_file(str(path))
        assert raised.value.cause


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx", ".epub", ".odt"])
def test_locked_and_damaged_files_say_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"PK\x03\x04" + bytes(200))
    with pytest.raises(ConversionError):
        convert_file(str(path))
