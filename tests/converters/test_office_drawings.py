"""Words in the drawings of office files: SmartArt, text boxes on sheets, labels of charts."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest
from openpyxl.chart import BarChart, Reference
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

from converters.collecting import BlockCollector
from converters.office_drawings import words_in
from converters.registry import convert_file
from localsearch.types import Document
from tests.converters import fuzz_seeds
from tests.converters.office_files import convert, edited, place_of, saved, workbook

_DRAWN = "http://schemas.openxmlformats.org/drawingml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_SMART_ART = (
    '<d:dataModel xmlns:d="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><d:ptLst><d:pt><d:t><a:p>'
    "<a:r><a:t>Leit</a:t></a:r><a:r><a:t>ung</a:t></a:r></a:p></d:t></d:pt><d:pt><d:t><a:p><a:r>"
    "<a:t>Werkstatt</a:t></a:r></a:p></d:t></d:pt></d:ptLst></d:dataModel>"
)


def _with_smart_art(packed: bytes, part: str, data: str = _SMART_ART) -> bytes:
    """The file with a diagram that a part leads to."""
    folder, _, name = part.rpartition("/")
    diagram = f"{part.partition('/')[0]}/diagrams/data1.xml"
    added = f'<Relationship Id="rId77" Type="{_TYPES}diagramData" Target="/{diagram}"/>'
    relations = f"{folder}/_rels/{name}.rels"
    out = io.BytesIO(edited(packed, relations, "(?=</Relationships>)", added))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(diagram, data)
    return out.getvalue()


def _texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


@pytest.mark.parametrize(
    ("name", "packed", "part"),
    [
        ("a.docx", fuzz_seeds.docx, "word/document.xml"),
        ("a.pptx", fuzz_seeds.pptx, "ppt/slides/slide1.xml"),
    ],
)
def test_smart_art(name: str, packed: object, part: str, tmp_path: Path) -> None:
    assert callable(packed)
    document = convert(tmp_path / name, _with_smart_art(packed(), part))
    place = place_of(document, "Leitung\nWerkstatt")
    assert (place.slide, place.part) == ((1, None) if name == "a.pptx" else (None, "drawing"))


def test_a_damaged_diagram_costs_nothing_else(tmp_path: Path) -> None:
    damaged = _with_smart_art(fuzz_seeds.docx(), "word/document.xml", _SMART_ART[:-1])
    whole = convert(tmp_path / "a.docx", fuzz_seeds.docx())
    assert _texts(convert(tmp_path / "b.docx", damaged)) == _texts(whole)


def test_charts_on_a_slide(tmp_path: Path) -> None:
    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[6])
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["Ulm", "Köln"]
    data.add_series("Zugänge", (1, 2))  # type: ignore[no-untyped-call]
    data.add_series("Abgänge", (3, 4))  # type: ignore[no-untyped-call]
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED
    chart = slide.shapes.add_chart(kind, 0, 0, 1_000_000, 1_000_000, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Bestand"
    packed = io.BytesIO()
    slides.save(packed)
    document = convert(tmp_path / "a.pptx", packed.getvalue())
    assert _texts(document) == ["Bestand\nZugänge\nUlm\nKöln\nAbgänge"]
    assert document.blocks[0].locator.slide == 1


_TEXT_BOX = (
    '<xdr:twoCellAnchor xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/'
    'spreadsheetDrawing"><xdr:sp><xdr:txBody><a:p xmlns:a="http://schemas.openxmlformats.org/'
    'drawingml/2006/main"><a:r><a:t>Nur bis Mai</a:t></a:r></a:p></xdr:txBody></xdr:sp>'
    "</xdr:twoCellAnchor>"
)


def test_charts_and_text_boxes_on_a_sheet(tmp_path: Path) -> None:
    book = workbook(Eins=[["Ulm", 1]], Zwei=[["Jahr", "Summe"], [1, 2]])
    chart = BarChart()
    chart.title = "Bestand"
    chart.add_data(Reference(book["Zwei"], min_col=2, min_row=1, max_row=2), titles_from_data=True)
    book["Zwei"].add_chart(chart)
    packed = edited(saved(book), "xl/drawings/drawing1.xml", "(?=</[^<>]*wsDr>)", _TEXT_BOX)
    document = convert(tmp_path / "a.xlsx", packed)
    for words in ("Bestand", "Nur bis Mai"):
        place = place_of(document, words)
        assert (place.sheet, place.part) == ("Zwei", "drawing")


def test_a_document_without_drawings_has_no_block_for_them(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Die Heizung.")
    packed = io.BytesIO()
    document.save(packed)
    assert _texts(convert(tmp_path / "a.docx", packed.getvalue())) == ["Die Heizung."]


_WORDS = 20_000


def _with_one_drawing_many_times(packed: bytes, part: str, kind: str, relations: int) -> bytes:
    """The file with a large drawing that a part leads to again and again."""
    folder, _, name = part.rpartition("/")
    drawing = f"{part.partition('/')[0]}/drawings/drawing1.xml"
    added = "".join(
        f'<Relationship Id="rId7{number}" Type="{_TYPES}{kind}" Target="/{drawing}"/>'
        for number in range(relations)
    )
    listed = f"{folder}/_rels/{name}.rels"
    start = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as archive:
        if listed not in archive.namelist():
            archive.writestr(listed, start + "</Relationships>")
    out = io.BytesIO(edited(out.getvalue(), listed, "(?=</Relationships>)", added))
    paragraphs = "<a:p><a:r><a:t>Ulm</a:t></a:r></a:p>" * _WORDS
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(drawing, f'<r xmlns:a="{_DRAWN}">{paragraphs}</r>')
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "packed", "part", "kind"),
    [
        ("a.docx", fuzz_seeds.docx, "word/document.xml", "chart"),
        ("a.pptx", fuzz_seeds.pptx, "ppt/slides/slide1.xml", "chart"),
        ("a.xlsx", fuzz_seeds.xlsx, "xl/worksheets/sheet1.xml", "drawing"),
    ],
)
def test_a_drawing_is_read_once_however_often_it_is_named(
    name: str, packed: Callable[[], bytes], part: str, kind: str, tmp_path: Path
) -> None:
    whole = convert(tmp_path / name, packed())
    drawn = _with_one_drawing_many_times(packed(), part, kind, relations=3)
    document = convert(tmp_path / name, drawn)
    added = [text for text in _texts(document) if text.count("Ulm") == _WORDS]
    assert len(added) == 1
    assert len(document.blocks) == len(whole.blocks) + 1


def _time_to_read_s(path: Path, packed: bytes) -> float:
    path.write_bytes(packed)
    began_s = time.process_time()
    convert_file(str(path))
    return time.process_time() - began_s


def test_headers_take_no_longer_the_more_often_they_are_named(tmp_path: Path) -> None:
    once_s, often_s = (
        _time_to_read_s(
            tmp_path / "a.docx",
            _with_one_drawing_many_times(fuzz_seeds.docx(), "word/document.xml", "header", times),
        )
        for times in (1, 1_000)
    )
    assert often_s < 3 * once_s + 1


def test_drawings_end_with_the_time_and_the_room() -> None:
    paragraphs = "<a:p><a:r><a:t>Ulm</a:t></a:r></a:p>" * _WORDS
    drawing = f'<r xmlns:a="{_DRAWN}">{paragraphs}</r>'.encode()
    in_time = BlockCollector(1_000)
    assert 1_000 <= len(words_in(drawing, in_time)) < 1_010
    late = BlockCollector(1_000_000, deadline_s=0)
    late.add("Ulm")
    assert len(words_in(drawing, late)) < 10


def test_drawings_leave_time_and_room_for_the_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    packed = saved(workbook(Eins=[["Pumpe", "Dach"]]))
    path.write_bytes(_with_one_drawing_many_times(packed, "xl/worksheets/sheet1.xml", "drawing", 1))
    small, late = convert_file(str(path), text_limit=1_000), convert_file(str(path), time_s=0)
    for (document,) in (small.documents, late.documents):
        assert "Pumpe | Dach" in _texts(document)
