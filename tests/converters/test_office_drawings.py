"""Words in the drawings of office files: SmartArt, text boxes on sheets, labels of charts."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pptx
import pytest
from openpyxl.chart import BarChart, Reference
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE

from localsearch.types import Document
from tests.converters import fuzz_seeds
from tests.converters.office_files import convert, edited, place_of, saved, workbook

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
