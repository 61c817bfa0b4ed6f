"""What stands where in office files: headings, lists, tables, notes, comments, pages, scripts."""

from __future__ import annotations

import datetime as dt
import io
import re
import time
import zipfile
from pathlib import Path

import docx
import pptx
import pytest

from converters.registry import convert_file
from localsearch.types import ConversionError, Locator
from tests.converters import fuzz_seeds
from tests.converters.office_files import convert, edited, place_of, saved, workbook

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
# What python-docx can't write: a text box (twice, as Word does), changes, pages.
_RAW_BODY = (
    f"<w:p {_W}><w:r><w:t>Kept </w:t></w:r><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>"
    "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>"
    f"<w:p {_W} {_MC}><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:txbxContent>"
    "<w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback>"
    "<w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></mc:Fallback>"
    "</mc:AlternateContent></w:r><w:r><w:t>around it</w:t></w:r></w:p>"
    f"<w:p {_W}><w:r><w:lastRenderedPageBreak/><w:t>On the next page</w:t></w:r></w:p>"
)


def word_file() -> bytes:
    made = docx.Document()
    made.core_properties.title = "Báo cáo  năm"
    made.sections[0].header.paragraphs[0].text = "Confidential header"
    made.add_heading("القسم الأول", level=1)
    made.add_paragraph("هذا نص الفقرة الأولى.")
    made.add_heading("小節", level=2)
    made.add_paragraph("Äpfel", style="List Bullet")
    made.add_paragraph("Birnen", style="List Bullet")
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("ชื่อ", "ผลรวม", "สมชาย", "12"), strict=True):
        cell.text = text
    commented = made.add_paragraph("Please check.")
    made.add_comment(commented.runs, text="Is this right?", author="Ada")
    packed = io.BytesIO()
    made.save(packed)
    return edited(packed.getvalue(), "word/document.xml", r"(?=<w:sectPr)", _RAW_BODY)


def test_word(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.docx", word_file())
    assert document.title == "Báo cáo năm"
    assert place_of(document, "هذا نص").heading == ("القسم الأول",)
    assert place_of(document, "- Äpfel\n- Birnen").heading == ("القسم الأول", "小節")
    assert place_of(document, "ชื่อ | ผลรวม\nสมชาย | 12").heading == ("القسم الأول", "小節")
    assert place_of(document, "Is this right?").part == "comment"
    assert place_of(document, "Confidential header").part == "header"
    assert place_of(document, "Kept inserted").page == 1
    assert place_of(document, "In a box")
    assert place_of(document, "On the next page").page == 2
    assert not any("deleted" in block.text for block in document.blocks)


@pytest.mark.parametrize(
    ("suffix", "old", "new"),
    [
        (
            ".docm",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            "application/vnd.ms-word.document.macroEnabled.main+xml",
        ),
        (
            ".dotx",
            "wordprocessingml.document.main",
            "wordprocessingml.template.main",
        ),
    ],
)
def test_word_with_macros_and_templates(suffix: str, old: str, new: str, tmp_path: Path) -> None:
    data = edited(word_file(), "[Content_Types].xml", re.escape(old), new)
    assert place_of(convert(tmp_path / f"a{suffix}", data), "Please check.")


def test_strict_word(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word_file())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            for namespace, strict in (
                (b"officeDocument/2006/relationships", b"officeDocument/relationships"),
                (b"wordprocessingml/2006/main", b"wordprocessingml/main"),
            ):
                data = data.replace(
                    b"http://schemas.openxmlformats.org/" + namespace,
                    b"http://purl.oclc.org/ooxml/" + strict,
                )
            new.writestr(name, data)
    assert place_of(convert(tmp_path / "a.docx", out.getvalue()), "Please check.")


def test_slides(tmp_path: Path) -> None:
    made = pptx.Presentation()
    for title, text in (("الربع الأول", "ملخص"), ("第二季", "內容")):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    group = slide.shapes.add_group_shape()
    box = group.shapes.add_textbox(0, 0, 100, 100)
    box.text_frame.text = "Grouped"
    cells = slide.shapes.add_table(2, 2, 0, 0, 100, 100).table
    for row, column, text in ((0, 0, "A"), (0, 1, "B"), (1, 0, "ก"), (1, 1, "ข")):
        cells.cell(row, column).text = text
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    packed = io.BytesIO()
    made.save(packed)
    document = convert(tmp_path / "a.pptx", packed.getvalue())
    assert document.title == "الربع الأول"
    assert place_of(document, "ملخص") == Locator(slide=1, heading=("الربع الأول",))
    assert place_of(document, "內容").slide == 2
    assert place_of(document, "Grouped").slide == 2
    assert place_of(document, "A | B\nก | ข").heading == ("第二季",)
    assert place_of(document, "Say it slowly.").part == "notes"


def test_sheets(tmp_path: Path) -> None:
    people: list[list[object]] = [["Name", "Город", "Since"]]
    people += [[f"Người {n}", "Київ", dt.date(2024, 5, 14)] for n in range(100)]
    book = workbook(People=people, 合計=[[None, None], [None, "合計", 0.1 + 0.2]])
    document = convert(tmp_path / "a.xlsx", saved(book))
    first = place_of(document, "Name: Người 0; Город: Київ; Since: 2024-05-14")
    assert first.sheet == "People"
    assert first.cell is not None
    assert first.cell.startswith("A1:C")
    last = place_of(document, "Người 99;")
    assert last.cell is not None
    assert last.cell.endswith(":C101")
    assert last.cell != first.cell
    total = place_of(document, "合計 | 0.3")
    assert (total.sheet, total.cell) == ("合計", "A2:C2")


def test_one_far_cell_costs_little(tmp_path: Path) -> None:
    book = workbook(Far=[["here"]])
    book["Far"].cell(1_048_576, 16_384).value = "far away"
    began_s = time.monotonic()
    document = convert(tmp_path / "a.xlsx", saved(book))
    assert time.monotonic() - began_s < 20
    assert place_of(document, "far away").cell == "A1048576:XFD1048576"


def test_rows_of_far_cells_are_bounded(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>7</v></c></row>' for n in range(1, 6000))
    data = edited(saved(workbook(S=[["x"]])), "xl/worksheets/sheet1.xml",
                  r"<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>")  # fmt: skip
    began_s = time.process_time()
    document = convert(tmp_path / "a.xlsx", data)
    assert time.process_time() - began_s < 20
    assert any("cells were read" in note for note in document.notes)
    assert sum(block.text.count("7") for block in document.blocks) > 3000


def test_many_paragraphs_end_at_the_limit(tmp_path: Path) -> None:
    body = "<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 150_000
    data = edited(fuzz_seeds.docx(), "word/document.xml", r"(?=<w:sectPr)", body)
    path = tmp_path / "a.docx"
    path.write_bytes(data)
    began_s = time.monotonic()
    (document,) = convert_file(str(path), text_limit=50_000).documents
    assert time.monotonic() - began_s < 30
    assert any("50,000 characters" in note for note in document.notes)


def test_millions_of_elements_are_refused(tmp_path: Path) -> None:
    body = "<w:p/>" * 3_000_000
    data = edited(fuzz_seeds.docx(), "word/document.xml", r"(?=<w:sectPr)", body)
    assert len(data) < 500_000
    with pytest.raises(ConversionError, match="elements"):
        convert(tmp_path / "a.docx", data)


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    body = "<w:p>" * 5_000 + "</w:p>" * 5_000
    data = edited(fuzz_seeds.docx(), "word/document.xml", r"(?=<w:sectPr)", body)
    with pytest.raises(ConversionError, match="nested"):
        convert(tmp_path / "a.docx", data)


@pytest.mark.parametrize(("suffix", "reason"), [(".docx", "password"), (".doc", "97 to 2003")])
def test_containers_of_old_and_locked_files(suffix: str, reason: str, tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    with pytest.raises(ConversionError, match=reason):
        convert(tmp_path / f"a{suffix}", ole)
    with pytest.raises(ConversionError, match="password"):
        convert(tmp_path / f"b{suffix}", ole + "EncryptedPackage".encode("utf-16-le"))
