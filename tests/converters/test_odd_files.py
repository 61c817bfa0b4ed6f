"""Files as they are found in old folders and bad downloads: read as far as that makes sense."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from converters.decoding import decode
from converters.html_text import MAX_PARAGRAPHS
from converters.registry import Conversion, convert_file
from converters.sniffing import HEAD_BYTES, sniff
from localsearch.types import ConversionError, NoTextError
from tests.converters.fuzz_seeds import zipped

_PACKAGE = (
    "<package xmlns='http://www.idpf.org/2007/opf'><manifest><item id='a' href='a.xhtml'"
    " media-type='application/xhtml+xml'/></manifest></package>"
)


def _read(folder: Path, name: str, data: bytes, **limits: float) -> Conversion:
    path = folder / name
    path.write_bytes(data)
    return convert_file(str(path), **limits)  # type: ignore[arg-type]


def _text(conversion: Conversion) -> str:
    blocks = (block for document in conversion.documents for block in document.blocks)
    return "\n".join(block.text for block in blocks)


def _notes(conversion: Conversion) -> str:
    return "\n".join(note for document in conversion.documents for note in document.notes)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Grüße, größer.\nStraße\n".encode() + "Köln\n".encode("latin-1"), "Köln"),
        ("lone \ud800 half, \ud83d\ude00 pair".encode("utf-8", "surrogatepass"), "\ufffd half, 😀"),
        ("大家さんは暖房は来月直ると答えました。".encode("euc_jp"), "大家さんは暖房"),
        (b"first line\n" + b"\0" * 5000 + b"second line\n", "\nsecond line"),
    ],
)
def test_text_of_odd_encodings(data: bytes, text: str) -> None:
    assert text in decode(data).text


@pytest.mark.parametrize("size", [10**15, 10**9])
def test_a_tar_may_promise_more_than_it_holds(tmp_path: Path, size: int) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"inner"))
        huge = tarfile.TarInfo("huge.txt")
        huge.size = size
        archive.fileobj.write(huge.tobuf())
    read = _read(tmp_path, "a.tar", packed.getvalue())
    assert "inner" in _text(read)
    assert "can't be" in _notes(read)


def test_what_follows_packed_data_is_left_alone(tmp_path: Path) -> None:
    assert _text(_read(tmp_path, "a.log.gz", gzip.compress(b"a line\n") + b"JUNK" * 99)) == "a line"
    with pytest.raises(ConversionError):
        _read(tmp_path, "b.log.gz", gzip.compress(b"a line\n" * 99)[:30])


def test_a_zip_may_come_behind_a_program(tmp_path: Path) -> None:
    data = b"#!/bin/sh\nexit 0\n" + zipped({"a.txt": "inner text"})
    assert "inner text" in _text(_read(tmp_path, "a.zip", data))


def test_of_too_many_files_the_first_are_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(20_050):
            archive.writestr(f"{number}.jpg", b"")
        archive.writestr("a.txt", "late")
    read = _read(tmp_path, "a.zip", packed.getvalue())
    assert "the rest can't be read: too many files" in _notes(read)


def test_a_book_without_an_order_or_a_container(tmp_path: Path) -> None:
    chapter = "<html><body><p>Twice a day the sea comes in.</p></body></html>"
    mime = "application/epub+zip"
    data = zipped({"mimetype": mime, "b.opf": _PACKAGE, "a.xhtml": chapter})
    assert "the sea" in _text(_read(tmp_path, "a.epub", data))


def test_a_table_may_be_called_a_workbook(tmp_path: Path) -> None:
    read = _read(tmp_path, "a.xls", b"name\tsum\nAda\t12\n")
    assert "name: Ada; sum: 12" in _text(read)
    with pytest.raises(ConversionError, match="not an office file"):
        _read(tmp_path, "a.ppt", bytes(range(256)))


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.eml", "a.tar", "a.epub", "a.ipynb"])
def test_an_empty_file_is_called_that(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConversionError, match="an empty file"):
        _read(tmp_path, name, b"")


def test_text_called_pdf_is_no_damaged_pdf(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="or not a PDF"):
        _read(tmp_path, "a.pdf", b"just text")


def test_pages_of_a_million_paragraphs_are_cut(tmp_path: Path) -> None:
    read = _read(tmp_path, "a.html", b"<p>words\n" * (MAX_PARAGRAPHS + 10))
    assert len(read.documents[0].blocks) == MAX_PARAGRAPHS
    assert "only the first 200,000 paragraphs" in _notes(read)
    with pytest.raises(ConversionError, match="attributes"):
        _read(tmp_path, "b.html", b"<p " + b"a=1 " * 20_000 + b">text")


def test_a_sentence_in_a_message_separates_nothing(tmp_path: Path) -> None:
    head = "From a@example.org Tue May 14 10:00:00 2024\nFrom: a@example.org\nSubject: One\n\n"
    read = _read(tmp_path, "a.mbox", f"{head}Hello.\n\nFrom here on it's quiet.\n\n".encode() * 2)
    assert len(read.documents) == 2
    assert "From here on" in _text(read)


def test_parts_that_are_left_out_are_told_of(tmp_path: Path) -> None:
    head = b"From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=X\n\n"
    part = b"--X\nContent-Type: image/png; name=a.png\n\n\n"
    read = _read(tmp_path, "a.eml", head + part * 1_200 + b"--X--\n")
    assert "only the first 1,000 parts" in _notes(read)


@pytest.mark.parametrize("name", ["a.csv", "a.mbox"])
def test_what_takes_too_long_is_kept_as_far_as_it_was_read(tmp_path: Path, name: str) -> None:
    message = b"From a@b Tue May 14 10:00:00 2024\nFrom: a@b\nSubject: One\n\nHello.\n\n"
    data = {"a.csv": b"name,sum\n" + b"Ada,12\n" * 50_000, "a.mbox": message * 500}[name]
    whole = _read(tmp_path, name, data)
    read = _read(tmp_path, name, data, time_s=0.0)
    assert len(_text(read)) < len(_text(whole))
    assert "reading it took too long" in _notes(read)


@pytest.mark.parametrize(
    "head",
    [
        b"\x0b" + b"<!-- saved -->\n\n" * 300 + b"<p>",
        b"<!-- <!-- -->" * 400,
        b"#!" + b"a/" * 2000,
        b"From " + b"a " * 2000,
        b"Ab: c\n \n" * 600,
    ],
)
def test_first_bytes_are_looked_at_in_no_time(head: bytes) -> None:
    began_s = time.process_time()
    assert sniff(head[:HEAD_BYTES]) is None
    assert time.process_time() - began_s < 1


def test_a_page_may_begin_with_comments() -> None:
    assert sniff(b"<!-- saved by -->\n<!-- a -- b -->\n<html><title>T</title>") == "html"


@pytest.mark.parametrize(
    ("name", "text"),
    [("graph.dot", "digraph g { pumpe -> heizung }"), ("memo.doc", "Die Pumpe ist alt.\n")],
)
def test_text_under_the_name_of_an_old_office_file_is_read(
    name: str, text: str, tmp_path: Path
) -> None:
    assert _text(_read(tmp_path, name, text.encode())) == text.strip()


def test_a_zip_packed_in_another_way_isnt_called_damaged(tmp_path: Path) -> None:
    packed = bytearray(zipped({"a.txt": "x"}))
    # The method, in the local header and in the directory; 98 is PPMd.
    packed[8] = 98
    packed[packed.rindex(b"PK\x01\x02") + 10] = 98
    with pytest.raises(ConversionError, match="packed in a way that isn't read"):
        _read(tmp_path, "a.zip", bytes(packed))


def test_a_book_of_pictures_is_called_one(tmp_path: Path) -> None:
    package = _PACKAGE.replace("application/xhtml+xml", "image/jpeg")
    with pytest.raises(ConversionError, match="its pages are pictures"):
        _read(tmp_path, "a.epub", zipped({"mimetype": "application/epub+zip", "b.opf": package}))


def test_a_nameless_file_in_a_zip_costs_no_other(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), "lost")
        archive.writestr("b.txt", "Still here.")
    assert "Still here." in _text(_read(tmp_path, "a.zip", packed.getvalue()))


def test_a_binary_workbook_is_no_archive_of_text(tmp_path: Path) -> None:
    packed = zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": "\0\1"})
    with pytest.raises(NoTextError):
        _read(tmp_path, "a.xlsb", packed)
