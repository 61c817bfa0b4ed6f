"""Comments on the cells of a workbook: notes, threads with answers, and damaged ones."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from openpyxl.comments import Comment

from converters.registry import convert_file
from localsearch.types import Document, Locator
from tests.converters.office_files import convert, edited, place_of, saved, workbook

_RELATIONS = "xl/worksheets/_rels/sheet1.xml.rels"
_THREADS = (
    "<ThreadedComments xmlns='http://schemas.microsoft.com/office/spreadsheetml/2018/"
    "threadedcomments'><threadedComment ref='B2' id='{1}'><text>Is this right?</text>"
    "</threadedComment><threadedComment ref='B2' id='{2}' parentId='{1}'><text>Yes, since May."
    "</text></threadedComment></ThreadedComments>"
)


def _commented(*, threads: str = _THREADS) -> bytes:
    """A workbook with a note, and with a thread that Excel wrote for older programs, too."""
    book = workbook(Plan=[["item", "sum"], ["Pump", 12]])
    for_old = "[Kommentarthread]\n\nIhre Version von Excel gestattet Ihnen …\n\nKommentar:\n  Is …"
    book["Plan"]["B2"].comment = Comment(for_old, "tc={1}")
    book["Plan"]["A2"].comment = Comment("The red one", "Ada")
    packed = saved(book)
    relation = (
        "<Relationship Id='rId9' Target='/xl/threadedComments/threadedComment1.xml' "
        "Type='http://schemas.microsoft.com/office/2017/10/relationships/threadedComment'/>"
    )
    packed = edited(packed, _RELATIONS, "(?=</Relationships>)", relation)
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/threadedComments/threadedComment1.xml", threads)
    return out.getvalue()


def _comments_of(document: Document) -> list[tuple[str | None, str]]:
    return [(each.locator.cell, each.text) for each in document.blocks if each.kind == "note"]


def test_a_thread_of_comments_is_read_without_what_old_programs_are_told(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.xlsx", _commented())
    assert sorted(_comments_of(document)) == [
        ("A2", "The red one"),
        ("B2", "Is this right?\nYes, since May."),
    ]
    assert document.notes == ()


def test_comments_that_are_named_twice_are_read_once(tmp_path: Path) -> None:
    again = (
        "<Relationship Id='rId10' Target='/xl/threadedComments/threadedComment1.xml' "
        "Type='http://schemas.microsoft.com/office/2017/10/relationships/threadedComment'/>"
    )
    packed = edited(_commented(), _RELATIONS, "(?=</Relationships>)", again)
    comments = _comments_of(convert(tmp_path / "a.xlsx", packed))
    assert ("B2", "Is this right?\nYes, since May.") in comments


def test_damaged_comments_cost_nothing_else(tmp_path: Path) -> None:
    broken = edited(_commented(), "xl/comments/comment1.xml", ">", "><")
    document = convert(tmp_path / "a.xlsx", broken)
    assert place_of(document, "Pump").sheet == "Plan"
    # The thread has a part of its own.
    assert _comments_of(document) == [("B2", "Is this right?\nYes, since May.")]
    (note,) = document.notes
    assert note.startswith("some comments on sheet 'Plan' can't be read: damaged")


def test_a_damaged_thread_is_read_as_old_programs_do(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.xlsx", _commented(threads="<ThreadedComments"))
    assert [cell for cell, _ in sorted(_comments_of(document))] == ["A2", "B2"]
    assert "comments on sheet 'Plan'" in document.notes[0]


def test_comments_that_cannot_be_unpacked_cost_nothing_else(tmp_path: Path) -> None:
    packed = bytearray(_commented())
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        at = archive.getinfo("xl/comments/comment1.xml").header_offset
    packed[at + 60 : at + 80] = bytes(20)
    document = convert(tmp_path / "a.xlsx", bytes(packed))
    assert place_of(document, "Pump").sheet == "Plan"
    assert "comments on sheet 'Plan'" in document.notes[0]


def test_comments_on_cells_and_cells_far_away(tmp_path: Path) -> None:
    book = workbook(Plan=[["item", "sum"], ["Pump", 12]], Rest=[["one", "more"]])
    book["Plan"]["B2"].comment = Comment("Check this sum\nwith Ada", "Grace")
    for sheet in ("Plan", "Rest"):
        book[sheet]["XFD1048576"] = f"far on {sheet}"
    document = convert(tmp_path / "a.xlsx", saved(book))
    (note,) = (block for block in document.blocks if block.kind == "note")
    assert note.text == "Check this sum\nwith Ada"
    assert note.locator == Locator(sheet="Plan", cell="B2", part="comment")
    far = [block.text for block in document.blocks if "far" in block.text]
    assert far == ["far on Plan", "far on Rest"]
    assert document.notes == ()


def test_comments_are_read_where_rows_fill_the_room(tmp_path: Path) -> None:
    book = workbook(Eins=[["Pump", number] for number in range(1000)], Zwei=[["Ulm"]])
    book["Eins"]["A1"].comment = Comment("The red one", "Ada")
    book["Zwei"]["A1"].comment = Comment("Not Neu-Ulm", "Ada")
    path = tmp_path / "a.xlsx"
    path.write_bytes(saved(book))
    (document,) = convert_file(str(path), text_limit=2000).documents
    assert _comments_of(document) == [("A1", "The red one"), ("A1", "Not Neu-Ulm")]
    assert any("were read" in note for note in document.notes)
    assert sum(len(block.text) for block in document.blocks) <= 2000


def test_a_long_comment_leaves_room_for_the_rows(tmp_path: Path) -> None:
    book = workbook(Plan=[["Pump"]])
    book["Plan"]["A1"].comment = Comment("Check this. " * 300, "Ada")
    path = tmp_path / "a.xlsx"
    path.write_bytes(saved(book))
    (document,) = convert_file(str(path), text_limit=1000).documents
    assert [(block.kind, block.text[:5]) for block in document.blocks] == [
        ("table", "Pump"),
        ("note", "Check"),
    ]
