"""Office files that are damaged in parts, or made by careless programs: what's still read."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest
from openpyxl.comments import Comment

from converters.registry import convert_file
from localsearch.types import ConversionError
from tests.converters import fuzz_seeds
from tests.converters.office_files import convert, edited, place_of, saved, workbook


@pytest.mark.parametrize("suffix", ["docx", "pptx", "xlsx"])
@pytest.mark.parametrize("part", ["docProps/core.xml", "docProps/app.xml"])
def test_damaged_properties_cost_the_title_only(suffix: str, part: str, tmp_path: Path) -> None:
    packed = getattr(fuzz_seeds, suffix)()
    document = convert(tmp_path / f"a.{suffix}", edited(packed, part, ">$", ""))
    whole = convert(tmp_path / f"b.{suffix}", packed)
    assert document.blocks == whole.blocks != ()


_COMMENTED = "Die Pumpe ist alt."


def _commented_docx() -> bytes:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Hausverwaltung"
    document.add_heading("Protokoll")
    document.add_comment(document.add_paragraph("Die Heizung.").runs, text=_COMMENTED)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _commented_xlsx() -> bytes:
    book = workbook(Namen=[["Albers"]], Summen=[["合計"]])
    book.worksheets[0]["A1"].comment = Comment(_COMMENTED, "Ada")
    return saved(book)


def _malformed(packed: bytes, part: str) -> bytes:
    return edited(packed, part, ">\\s*$", "")


def _with_a_flipped_byte(packed: bytes, part: str) -> bytes:
    """The ZIP with one bit of a part's packed data changed."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        info = archive.getinfo(part)
    changed = bytearray(packed)
    name_length, extra_length = struct.unpack_from("<HH", packed, info.header_offset + 26)
    changed[info.header_offset + 30 + name_length + extra_length + info.compress_size // 2] ^= 4
    return bytes(changed)


@pytest.mark.parametrize(
    ("packed", "part", "lost"),
    [
        (_commented_docx, "word/comments.xml", _COMMENTED),
        (_commented_docx, "word/header1.xml", "Hausverwaltung"),
        (_commented_docx, "word/numbering.xml", ""),
        (_commented_docx, "word/styles.xml", ""),
        (_commented_docx, "word/theme/theme1.xml", ""),
        (_commented_xlsx, "_rels/.rels", ""),
        (_commented_xlsx, "xl/theme/theme1.xml", ""),
        (_commented_xlsx, "xl/worksheets/_rels/sheet1.xml.rels", _COMMENTED),
        (_commented_xlsx, "xl/worksheets/sheet2.xml", "合計"),
        (_commented_xlsx, "xl/styles.xml", ""),
        (fuzz_seeds.pptx, "ppt/presProps.xml", ""),
        (fuzz_seeds.pptx, "ppt/theme/theme1.xml", ""),
        (fuzz_seeds.pptx, "ppt/slideLayouts/slideLayout2.xml", ""),
        (fuzz_seeds.pptx, "ppt/slideLayouts/_rels/slideLayout2.xml.rels", ""),
        (fuzz_seeds.pptx, "ppt/slideMasters/slideMaster1.xml", ""),
        (fuzz_seeds.pptx, "ppt/notesSlides/notesSlide1.xml", "Say hello first."),
    ],
)
@pytest.mark.parametrize("damage", [_malformed, _with_a_flipped_byte])
def test_a_damaged_part_costs_what_stands_in_it_only(
    packed: Callable[[], bytes],
    part: str,
    lost: str,
    damage: Callable[[bytes, str], bytes],
    tmp_path: Path,
) -> None:
    suffix = {_commented_docx: "docx", _commented_xlsx: "xlsx"}.get(packed, "pptx")
    whole = convert(tmp_path / f"b.{suffix}", packed())
    read = convert(tmp_path / f"a.{suffix}", damage(packed(), part))
    texts = [block.text for block in whole.blocks]
    assert not lost or lost in texts
    assert [block.text for block in read.blocks] == [text for text in texts if text != lost]
    assert any(part in note and "left out" in note for note in read.notes)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_a_workbook_of_damaged_parts_is_damaged(part: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(edited(saved(workbook(Eins=[["Albers"]])), part, ">$", ""))
    with pytest.raises(ConversionError, match=f"XML is broken in line 1 of {part}"):
        convert_file(str(path))


def _with_shared_texts(texts: str) -> bytes:
    """A workbook whose cell A1 has the first of its texts, as Excel writes it."""
    packed = saved(workbook(Eins=[["Albers", 1977], ["Ulm", 2041]]))
    cell = r't="inlineStr"[^>]*><is><t>Albers</t></is>'
    packed = edited(packed, "xl/worksheets/sheet1.xml", cell, 't="s"><v>0</v>')
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    listed = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    out = io.BytesIO(edited(packed, "[Content_Types].xml", "</Types>", listed))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", texts)
    return out.getvalue()


def test_what_else_is_read_where_the_part_with_the_texts_is_damaged(tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    texts = f'<sst xmlns="{main}"><si><t>Albers</t></si></sst>'
    whole = convert(tmp_path / "a.xlsx", _with_shared_texts(texts))
    assert place_of(whole, "Albers | 1977")
    document = convert(tmp_path / "b.xlsx", _with_shared_texts(texts[:-1]))
    assert place_of(document, "1977")
    assert place_of(document, "Ulm | 2041")
    assert "xl/sharedStrings.xml, which is left out" in document.notes[0]


def _slides(*titles: str) -> bytes:
    slides = pptx.Presentation()
    for title in titles:
        slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = title
    packed = io.BytesIO()
    slides.save(packed)
    return packed.getvalue()


def test_a_damaged_slide_costs_no_other(tmp_path: Path) -> None:
    packed = _malformed(_slides("Pumpe", "Heizung", "Dach"), "ppt/slides/slide2.xml")
    document = convert(tmp_path / "a.pptx", packed)
    assert [(block.text, block.locator.slide) for block in document.blocks] == [
        ("Pumpe", 1),
        ("Dach", 3),
    ]
    (note,) = document.notes
    assert note.endswith("of ppt/slides/slide2.xml, which is left out")


def test_damaged_notes_are_noted_once(tmp_path: Path) -> None:
    packed = _malformed(fuzz_seeds.pptx(), "ppt/notesSlides/notesSlide1.xml")
    (note,) = convert(tmp_path / "a.pptx", packed).notes
    assert note.endswith("of ppt/notesSlides/notesSlide1.xml, which is left out")
    strange = edited(
        fuzz_seeds.pptx(), "ppt/notesSlides/notesSlide1.xml", "(?s)<p:cSld.*</p:cSld>", ""
    )
    (note,) = convert(tmp_path / "a.pptx", strange).notes
    assert note.startswith("the notes of slide 1 can't be read: ")


def test_a_presentation_of_damaged_slides_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.pptx"
    path.write_bytes(_malformed(_slides("Pumpe"), "ppt/slides/slide1.xml"))
    with pytest.raises(ConversionError, match="its slides can't be read"):
        convert_file(str(path))


@pytest.mark.parametrize("suffix", ["docx", "pptx", "xlsx"])
def test_many_damaged_parts_have_a_few_notes(suffix: str, tmp_path: Path) -> None:
    folder = {"docx": "word", "pptx": "ppt", "xlsx": "xl"}[suffix]
    out = io.BytesIO(getattr(fuzz_seeds, suffix)())
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(100):
            archive.writestr(f"{folder}/broken{number}.xml", "<a")
    notes = convert(tmp_path / f"a.{suffix}", out.getvalue()).notes
    assert len(notes) == 21
    assert notes[-1] == "and 80 more like these"


def test_many_damaged_slides_have_a_few_notes(tmp_path: Path) -> None:
    packed = _slides(*("Pumpe" for _ in range(50)))
    for number in range(2, 51):
        packed = _without(packed, f"ppt/slides/slide{number}.xml")
    notes = convert(tmp_path / "a.pptx", packed).notes
    assert len(notes) == 21
    assert notes[-1] == "and 29 more like these"


def _without(packed: bytes, part: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
    return out.getvalue()


def test_a_missing_sheet_costs_no_other(tmp_path: Path) -> None:
    packed = saved(workbook(Eins=[["Pumpe"]], Zwei=[["Heizung"]], Drei=[["Dach"]]))
    document = convert(tmp_path / "a.xlsx", _without(packed, "xl/worksheets/sheet2.xml"))
    assert [block.text for block in document.blocks] == ["Pumpe", "Dach"]
    assert document.notes == ("xl/worksheets/sheet2.xml is missing",)


def test_a_missing_slide_costs_no_other(tmp_path: Path) -> None:
    packed = _slides("Pumpe", "Heizung", "Dach")
    document = convert(tmp_path / "a.pptx", _without(packed, "ppt/slides/slide2.xml"))
    assert [block.text for block in document.blocks] == ["Pumpe", "Dach"]
    assert document.notes == ("slide 2 can't be read: its part is missing",)


def test_relations_that_lead_nowhere_cost_nothing(tmp_path: Path) -> None:
    lost = (
        '<Relationship Id="rId99" Target="NULL" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/image"/></Relationships>'
    )
    for name, packed, relations in (
        ("a.docx", fuzz_seeds.docx(), "word/_rels/document.xml.rels"),
        ("a.docx", fuzz_seeds.docx(), "_rels/.rels"),
        ("a.pptx", fuzz_seeds.pptx(), "ppt/slides/_rels/slide1.xml.rels"),
        ("a.xlsx", fuzz_seeds.xlsx(), "xl/_rels/workbook.xml.rels"),
    ):
        whole = convert(tmp_path / name, packed)
        document = convert(tmp_path / name, edited(packed, relations, "</Relationships>", lost))
        assert document.blocks == whole.blocks != ()


def _as_old_tools_spell_it(packed: bytes) -> bytes:
    """The ZIP as some programs write it: names in lower case, and with backslashes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name.lower().replace("/", "\\"), old.read(name))
    return out.getvalue()


@pytest.mark.parametrize("suffix", ["docx", "pptx", "xlsx"])
def test_parts_are_found_however_their_names_are_spelled(suffix: str, tmp_path: Path) -> None:
    packed = getattr(fuzz_seeds, suffix)()
    whole = convert(tmp_path / f"a.{suffix}", packed)
    assert convert(tmp_path / f"b.{suffix}", _as_old_tools_spell_it(packed)).blocks == whole.blocks


def test_names_of_parts_may_differ_in_capitals_alone(tmp_path: Path) -> None:
    packed = saved(workbook(Eins=[["Albers"]]))
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/worksheets/Sheet1.xml", "<nothing/>")
    assert place_of(convert(tmp_path / "a.xlsx", out.getvalue()), "Albers").cell


def test_cells_are_read_where_their_formats_are_more_than_the_library_knows(
    tmp_path: Path,
) -> None:
    packed = saved(workbook(Eins=[["Albers", 1977]]))
    strange = edited(packed, "xl/styles.xml", "<xf ", '<xf strange="1" ')
    document = convert(tmp_path / "a.xlsx", strange)
    assert place_of(document, "Albers").cell
    assert document.notes == (
        "its formats can't be read: dates and times may stand there as numbers",
    )


def test_a_picture_in_the_place_of_a_title(tmp_path: Path) -> None:
    picture = (
        '<p:pic><p:nvPicPr><p:cNvPr id="9" name="P"/><p:cNvPicPr/><p:nvPr><p:ph type="title"/>'
        "</p:nvPr></p:nvPicPr><p:blipFill/><p:spPr/></p:pic></p:spTree>"
    )
    slides = pptx.Presentation()
    shapes = slides.slides.add_slide(slides.slide_layouts[6]).shapes
    shapes.add_textbox(0, 0, 1, 1).text_frame.text = "Die Pumpe."
    packed = io.BytesIO()
    slides.save(packed)
    edited_slides = edited(packed.getvalue(), "ppt/slides/slide1.xml", "</p:spTree>", picture)
    assert place_of(convert(tmp_path / "a.pptx", edited_slides), "Die Pumpe.").slide == 1


def test_a_document_without_properties_has_no_title_from_the_library(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Die Heizung.")
    packed = io.BytesIO()
    document.save(packed)
    bare = io.BytesIO()
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(bare, "w") as new:
        for name in old.namelist():
            if not name.startswith("docProps/"):
                new.writestr(name, old.read(name))
    assert convert(tmp_path / "a.docx", bare.getvalue()).title is None


@pytest.mark.parametrize("title", ["Slide 1", "PowerPoint-Präsentation", "Präsentation der Pumpe"])
def test_a_title_that_a_program_gave_is_none(title: str, tmp_path: Path) -> None:
    slides = pptx.Presentation()
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = "Die Pumpe"
    slides.core_properties.title = title
    packed = io.BytesIO()
    slides.save(packed)
    read = convert(tmp_path / "a.pptx", packed.getvalue())
    assert read.title == (title if title.startswith("Präs") else "Die Pumpe")
