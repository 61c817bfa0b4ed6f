"""A file of every format that's made of many parts: messages, pages, rows, paragraphs."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable

from tests.converters.fuzz_seeds import open_document, zipped
from tests.converters.pdf_files import pdf_bytes, pdf_writer

WORDS = "lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam nonumy"
_HEAD = "From: Ana <ana@example.org>\nSubject: Many parts\nMIME-Version: 1.0\n"
_XML = "<?xml version='1.0'?>"


def mbox(count: int) -> bytes:
    """Messages of a line each."""
    messages = (
        f"From ana@example.org Tue May 14 10:00:00 2024\nFrom: Ana <ana@example.org>\n"
        f"Subject: number {number}\nMessage-ID: <{number}@example.org>\n\n{WORDS}\n\n"
        for number in range(count)
    )
    return "".join(messages).encode()


def eml(count: int, disposition: str = "inline") -> bytes:
    """A message of so many parts, a line each."""
    parts = (
        f"--cut\nContent-Type: text/plain\nContent-Disposition: {disposition}\n\n{WORDS}\n"
        for _ in range(count)
    )
    content = "Content-Type: multipart/mixed; boundary=cut\n\n"
    return (_HEAD + content + "".join(parts) + "--cut--\n").encode()


def _mhtml() -> bytes:
    content = "Content-Type: multipart/related; boundary=cut\n\n--cut\nContent-Type: text/html\n\n"
    return (_HEAD + content + _html().decode() + "\n--cut--\n").encode()


def _html() -> bytes:
    return f"<html><body>{f'<p>{WORDS}</p>' * 10_000}</body></html>".encode()


def _drawn(count: int) -> bytes:
    texts = (f"<text>{number} {WORDS}</text>" for number in range(count))
    return f"<svg xmlns='http://www.w3.org/2000/svg'>{''.join(texts)}</svg>".encode()


def _each(count: int, pattern: str) -> Callable[[], bytes]:
    """A text of the pattern so many times; in it, `#` is the number."""
    return lambda: "".join(pattern.replace("#", f"{number:02}") for number in range(count)).encode()


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for number in range(500):
            member = tarfile.TarInfo(f"{number}.txt")
            member.size = len(WORDS)
            archive.addfile(member, io.BytesIO(WORDS.encode()))
    return packed.getvalue()


def _epub() -> bytes:
    names = [f"{number}.xhtml" for number in range(100)]
    items = (
        f"<item id='i{name}' href='{name}' media-type='application/xhtml+xml'/>" for name in names
    )
    spine = (f"<itemref idref='i{name}'/>" for name in names)
    package = (
        f"{_XML}<package xmlns='http://www.idpf.org/2007/opf' version='3.0'><metadata/>"
        f"<manifest>{''.join(items)}</manifest><spine>{''.join(spine)}</spine></package>"
    )
    container = (
        f"{_XML}<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container' version='1.0'>"
        "<rootfiles><rootfile full-path='book.opf'"
        " media-type='application/oebps-package+xml'/></rootfiles></container>"
    )
    chapters = dict.fromkeys(names, f"<html><body>{f'<p>{WORDS}</p>' * 50}</body></html>")
    mime = "application/epub+zip"
    head = {"mimetype": mime, "META-INF/container.xml": container, "book.opf": package}
    return zipped({**head, **chapters})


def _xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("rows")
    for number in range(3_000):
        sheet.append([f"row {number}", number, WORDS])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _docx() -> bytes:
    import docx

    document = docx.Document()
    body = document.add_paragraph()
    for _ in range(2_000):
        body.insert_paragraph_before(WORDS)
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def _pptx() -> bytes:
    import pptx

    slides = pptx.Presentation()
    for _ in range(30):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.placeholders[1].text = WORDS
    packed = io.BytesIO()
    slides.save(packed)
    return packed.getvalue()


def _notebook() -> bytes:
    cell = {"cell_type": "markdown", "metadata": {}, "source": [WORDS]}
    return json.dumps({"cells": [cell] * 2_000, "nbformat": 4, "nbformat_minor": 5}).encode()


def _open(kind: str, inside: str) -> Callable[[], bytes]:
    return lambda: open_document(kind, inside)


_ROW = f"<table:table-row><table:table-cell><text:p>{WORDS}</text:p></table:table-cell>"
_ROWS = f"<table:table table:name='S'>{f'{_ROW}</table:table-row>' * 5_000}</table:table>"
_FRAME = f"<draw:frame><draw:text-box><text:p>{WORDS}</text:p></draw:text-box></draw:frame>"
_PAGES = f"<draw:page>{_FRAME}</draw:page>" * 3_000
_CUE = f"#\n00:#:00,000 --> 00:#:09,000\n{WORDS}\n\n"

LARGE_FILES: dict[str, Callable[[], bytes]] = {
    "a.txt": _each(20_000, f"{WORDS}\n\n"),
    "a.md": _each(60_000, f"{WORDS}\n\n"),
    "a.rst": _each(20_000, f"Part #\n=======\n\n{WORDS}\n\n"),
    "a.org": _each(20_000, f"* Part #\n{WORDS}\n\n"),
    "a.tex": _each(20_000, f"\\section{{Part #}}\n{WORDS}\n\n"),
    "a.py": _each(2_000, f'def part_#():\n    """{WORDS}"""\n    return 1\n\n\n'),
    "a.yaml": _each(2_000, "key#:\n" + 6 * f"  - {WORDS}\n"),
    "a.toml": _each(2_000, "[key#]\n" + 6 * f"# {WORDS}\n"),
    "a.json": lambda: json.dumps([{"text": WORDS}] * 20_000).encode(),
    "a.jsonl": _each(20_000, f'{{"text": "{WORDS}"}}\n'),
    "a.csv": _each(20_000, f"#,{WORDS}\n"),
    "a.srt": _each(60, _CUE),
    "a.rtf": lambda: b"{\\rtf1 " + f"{WORDS}\\par ".encode() * 2_000 + b"}",
    "a.ipynb": _notebook,
    "a.html": _html,
    "a.mhtml": _mhtml,
    "a.svg": lambda: _drawn(2_000),
    "a.eml": lambda: eml(900),
    "attached.eml": lambda: eml(900, "attachment"),
    "a.mbox": lambda: mbox(1_000),
    "a.zip": lambda: zipped({f"{number}.txt": WORDS for number in range(500)}),
    "mbox.zip": lambda: zipped({"a.mbox": mbox(1_000), "b.txt": WORDS}),
    "a.tar": _tar,
    "a.epub": _epub,
    "a.xlsx": _xlsx,
    "a.docx": _docx,
    "a.pptx": _pptx,
    "a.ods": _open("spreadsheet", f"<office:spreadsheet>{_ROWS}</office:spreadsheet>"),
    "a.odt": _open("text", f"<office:text>{f'<text:p>{WORDS}</text:p>' * 10_000}</office:text>"),
    "a.odp": _open("presentation", f"<office:presentation>{_PAGES}</office:presentation>"),
    "a.pdf": lambda: pdf_bytes(pdf_writer([WORDS] * 40)),
}
