"""PDF: pages, outline, labels, annotations, locks, scans, and damage in plain words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pypdf.annotations import FreeText
from pypdf.constants import PageLabelStyle

from converters import pdf
from converters.pdf import readable
from converters.registry import convert_file
from localsearch.types import ConversionError, Document
from tests.converters.pdf_files import Placed, add_placed, add_scan, pdf_bytes, pdf_writer

ENGLISH = "The chain\nClean the chain every two hundred kilometres."


def convert(folder: Path, data: bytes, *, ocr: bool = False) -> Document:
    path = folder / "file.pdf"
    path.write_bytes(data)
    (document,) = convert_file(str(path), ocr=ocr).documents
    return document


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The chain should be cleaned every two hundred kilometres.", "en"),
        ("请在星期五之前把签好的合同寄来，谢谢您的配合。", "zh"),
        ("金曜日までに契約書を送ってください。", "ja"),
        ("금요일까지 계약서를 보내 주세요.", "ko"),
        ("Пожалуйста, пришлите подписанный договор до пятницы.", "ru"),
        ("กรุณาส่งสัญญาภายในวันศุกร์", "th"),
        ("कृपया हस्ताक्षर किया हुआ अनुबंध शुक्रवार तक भेज दें।", "hi"),
    ],
)
def test_text_of_a_page_in_many_scripts(tmp_path: Path, text: str, language: str) -> None:
    document = convert(tmp_path, pdf_bytes(pdf_writer(["", text])))
    (block,) = document.blocks
    assert block.text == text
    assert block.locator.page == 2
    assert (document.kind, document.language) == ("pdf", language)


@pytest.mark.parametrize("end", [b"startxref", b"trailer", b"xref\n"])
def test_pages_are_found_where_the_end_of_the_file_is_lost(end: bytes, tmp_path: Path) -> None:
    whole = pdf_bytes(pdf_writer(["The chain.", "The saddle."]))
    document = convert(tmp_path, whole[: whole.index(end)])
    assert [(block.text, block.locator.page) for block in document.blocks] == [
        ("The chain.", 1),
        ("The saddle.", 2),
    ]
    assert any("some of them may be missing" in note for note in document.notes)
    assert convert(tmp_path, whole).notes == ()


def test_a_lock_for_the_owner_of_a_certificate_is_called_one(tmp_path: Path) -> None:
    writer = pdf_writer(["The chain."])
    writer.encrypt("", algorithm="AES-256")
    data = pdf_bytes(writer).replace(b"/Filter /Standard", b"/Filter /Adobe.P")
    with pytest.raises(ConversionError, match="locked by a method"):
        convert(tmp_path, data)


def test_lines_are_kept_beside_those_in_shapes_that_are_no_characters() -> None:
    assert readable("Contents\n\ufffd\ufffd\ufffd\ufffd\n\ue001\ue002\ue003") == "Contents"
    assert readable("\ufffd\ufffd\n\ufffd") == ""


def test_outline_cuts_pages_where_sections_begin(tmp_path: Path) -> None:
    writer = pdf_writer(
        [
            "1 Introduction\nWords of the introduction that fill the line.",
            "More words of the introduction before the next part begins on this page.\n"
            "2 Use\nHow it is used.",
            "Still about use.",
        ]
    )
    chapter = writer.add_outline_item(title="Introduction", page_number=0)
    writer.add_outline_item(title="Use", page_number=1, parent=chapter)
    writer.add_metadata({"/Title": "The manual"})
    document = convert(tmp_path, pdf_bytes(writer))
    assert document.title == "The manual"
    assert [(block.locator.page, block.locator.heading) for block in document.blocks] == [
        (1, ("Introduction",)),
        (2, ("Introduction",)),
        (2, ("Introduction", "Use")),
        (3, ("Introduction", "Use")),
    ]
    assert document.blocks[2].text == "2 Use\nHow it is used."


def test_page_labels_annotations_and_attachments(tmp_path: Path) -> None:
    writer = pdf_writer(["Preface text here.", "Body text here."])
    writer.set_page_label(0, 0, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(1, 1, style=PageLabelStyle.DECIMAL, start=1)
    writer.add_annotation(1, FreeText(text="check this sum", rect=(50, 50, 200, 100)))
    writer.add_attachment("figures.csv", b"a,b")
    document = convert(tmp_path, pdf_bytes(writer))
    assert [block.locator.page_label for block in document.blocks] == ["i", "1", "1"]
    note = document.blocks[-1]
    assert (note.kind, note.text, note.locator.page) == ("note", "check this sum", 2)
    assert "attachments: figures.csv" in document.notes


def test_what_is_left_out_of_labels_and_attachments_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "_MAX_LABEL_STEPS", 3)
    writer = pdf_writer(["Preface text here.", "Body text here."])
    writer.set_page_label(0, 0, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(1, 1, style=PageLabelStyle.DECIMAL, start=1)
    for number in range(103):
        writer.add_attachment(f"{number:03}.csv", b"a,b")
    document = convert(tmp_path, pdf_bytes(writer))
    assert {block.locator.page_label for block in document.blocks} == {None}
    labels, attachments = document.notes
    assert labels == "its pages' own numbers weren't read: there are too many of them"
    assert attachments.startswith("attachments: 000.csv, 001.csv, ")
    assert attachments.endswith(", 099.csv and 3 more")


@pytest.mark.parametrize(
    "title",
    ["untitled", "Microsoft Word - draft.doc", "scan0001.pdf", "PowerPoint-Präsentation", ""],
)
def test_meaningless_titles_give_way_to_the_first_line(tmp_path: Path, title: str) -> None:
    writer = pdf_writer([ENGLISH])
    writer.add_metadata({"/Title": title})
    assert convert(tmp_path, pdf_bytes(writer)).title == "The chain"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_an_empty_password_opens_the_file(tmp_path: Path, algorithm: str) -> None:
    writer = pdf_writer([ENGLISH])
    writer.encrypt("", owner_password="owner", algorithm=algorithm)
    assert "Clean the chain" in convert(tmp_path, pdf_bytes(writer)).blocks[0].text


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_password_is_said_to_lock_the_file(tmp_path: Path, algorithm: str) -> None:
    writer = pdf_writer([ENGLISH])
    writer.encrypt("secret", algorithm=algorithm)
    with pytest.raises(ConversionError, match="locked by a password"):
        convert(tmp_path, pdf_bytes(writer))


def test_scans_among_text_are_noted(tmp_path: Path) -> None:
    writer = pdf_writer([ENGLISH, ""])
    add_scan(writer)
    document = convert(tmp_path, pdf_bytes(writer))
    assert document.notes == ("1 of 3 pages are scans without text",)


def test_a_wholly_scanned_file_says_so_and_what_to_do(tmp_path: Path) -> None:
    writer = pdf_writer([])
    add_scan(writer)
    with pytest.raises(ConversionError, match=r"scanned pages \(OCR is off") as caught:
        convert(tmp_path, pdf_bytes(writer))
    assert "tesseract" in caught.value.remedy


def test_ocr_without_tesseract_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    writer = pdf_writer([])
    add_scan(writer)
    with pytest.raises(ConversionError, match="needs the tesseract command"):
        convert(tmp_path, pdf_bytes(writer), ocr=True)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_ocr_gives_the_picture_to_tesseract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the program, which checks what it's given, not for our side of it."""
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --list-langs ]; then printf "List:\\neng\\nosd\\ndeu\\n"; exit; fi\n'
        '[ "$(head -c 4 | tail -c 3)" = PNG ] && echo "words in $4"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    writer = pdf_writer([ENGLISH])
    add_scan(writer, os.urandom(4096))
    document = convert(tmp_path, pdf_bytes(writer), ocr=True)
    assert [(block.text, block.locator.page) for block in document.blocks[1:]] == [
        ("words in eng+deu", 2)
    ]
    assert document.notes == ("the text of 1 scanned pages was recognised (OCR)",)


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF",
        pdf_bytes(pdf_writer([ENGLISH]))[:300],
        b"%PDF-1.7\n" + bytes(range(256)) * 20,
    ],
    ids=["header only", "no pages", "cut off", "noise"],
)
def test_damage_is_reported_and_never_reaches_the_terminal(
    tmp_path: Path, data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConversionError, match="damaged"):
        convert(tmp_path, data)
    assert capfd.readouterr() == ("", "")


def test_one_bad_page_does_not_cost_the_others(tmp_path: Path) -> None:
    data = pdf_bytes(pdf_writer([ENGLISH, "Second page."]))
    broken = data.replace(b"/Type /Page\n", b"/Type /Page\n/Rotate (x)\n", 1)
    document = convert(tmp_path, broken)
    assert any("Second page." in block.text for block in document.blocks)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("ef\ufb01cient o\ufb03ce", "efficient office"),
        ("an exam-\nple of it", "an example of it"),
        ("Jean-\nPaul 1990-\n1995", "Jean-Paul 1990-\n1995"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\ufee3\ufeae\ufea3\ufe92\ufe8e", "مرحبا"),
        ("/G01/G02/G03 word", "word"),
        ("\ue001\ue002\ue003\ue004", ""),
    ],
)
def test_letters_instead_of_shapes(shown: str, meant: str) -> None:
    assert readable(shown) == meant


def test_a_page_that_is_damaged_in_one_place_is_read_around_it(tmp_path: Path) -> None:
    writer = pdf_writer(["", "The saddle."])
    add_placed(writer, [Placed(72, 700, "The chain."), Placed(72, 600, "The pump.")])
    data = pdf_bytes(writer)
    # Where the second line is placed, a character got lost.
    place = b"1 0 0 1 72 600"
    assert data.count(place) == 1
    document = convert(tmp_path, data.replace(place, b"1 0 0 1)72\n600"))
    text = "\n".join(block.text for block in document.blocks)
    for phrase in ("The saddle.", "The chain."):
        assert phrase in text
    assert "1 of 3 pages are damaged and were read in part" in document.notes
