"""A small valid file of every format, for fuzzing: what's damaged should have made sense before."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping

from converters.formats import FORMATS
from tests.converters.code_samples import SAMPLES
from tests.converters.pdf_files import add_scan, pdf_bytes, pdf_writer
from tests.converters.vectors import VECTORS

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_OPEN_DOCUMENT = (
    "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' "
    "xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0' "
    "xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' "
    "xmlns:draw='urn:oasis:names:tc:opendocument:xmlns:drawing:1.0'"
)
_MESSAGE = (
    "From: Ana <ana@example.org>\nTo: Bo <bo@example.org>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
    "Date: Tue, 14 May 2024 10:00:00 +0200\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\n"
    "Content-Type: multipart/mixed; boundary=cut\n\n--cut\nContent-Type: text/plain;"
    " charset=utf-8\n\nSee the attached list.\n\n--cut\nContent-Type: text/html\n\n"
    "<p>See the <b>list</b>.</p>\n--cut\nContent-Type: text/plain; name=list.txt\n"
    "Content-Disposition: attachment; filename=list.txt\nContent-Transfer-Encoding: base64\n\n"
    "bWlsaywgYnJlYWQ=\n--cut--\n"
)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP of members in that order, unpacked so that damage reaches what's inside."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _pdf() -> bytes:
    writer = pdf_writer(["1 Begin\nFirst page of it.", "第二页\nالثانية"])
    add_scan(writer)
    writer.add_outline_item(title="Begin", page_number=0)
    return pdf_bytes(writer)


def docx() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("Protokoll", level=1)
    document.add_paragraph("Die Heizung fällt jede Nacht aus.")
    document.add_table(rows=2, cols=2).cell(0, 0).text = "會議"
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def pptx() -> bytes:
    import pptx

    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text = "Quarter"
    slide.notes_slide.notes_text_frame.text = "Say hello first."
    packed = io.BytesIO()
    slides.save(packed)
    return packed.getvalue()


def xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["name", "sum"], ["Albers", 12.5], ["合計", "=B2*2"]):
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def open_document(kind: str, body: str) -> bytes:
    content = (
        f"{_XML}<office:document-content {_OPEN_DOCUMENT}><office:body>{body}"
        "</office:body></office:document-content>"
    )
    mime = f"application/vnd.oasis.opendocument.{kind}"
    return zipped({"mimetype": mime, "content.xml": content})


def epub() -> bytes:
    package = (
        f"{_XML}<package xmlns='http://www.idpf.org/2007/opf' version='3.0'><metadata"
        " xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>Tides</dc:title></metadata>"
        "<manifest><item id='one' href='one.xhtml' media-type='application/xhtml+xml'/></manifest>"
        "<spine><itemref idref='one'/></spine></package>"
    )
    container = (
        f"{_XML}<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container' version='1.0'>"
        "<rootfiles><rootfile full-path='book.opf'"
        " media-type='application/oebps-package+xml'/></rootfiles></container>"
    )
    chapter = "<html><body><h1>High water</h1><p>Twice a day the sea comes in.</p></body></html>"
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "book.opf": package,
            "one.xhtml": chapter,
        }
    )


def _notebook() -> bytes:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Data\n", "Read it."]},
        {
            "cell_type": "code", "metadata": {}, "execution_count": 1, "source": "1 + 1",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["2\n"]}],
        },
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("inner/a.txt")
        member.size = 6
        archive.addfile(member, io.BytesIO(b"inside"))
    return packed.getvalue()


TEXT_PARAGRAPH = "<office:text><text:h>One</text:h><text:p>Two three.</text:p></office:text>"
TABLE = (
    "<office:spreadsheet><table:table table:name='S'><table:table-row><table:table-cell>"
    "<text:p>7</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>"
)
PAGE = (
    "<office:presentation><draw:page><draw:frame><draw:text-box><text:p>Hi</text:p>"
    "</draw:text-box></draw:frame></draw:page></office:presentation>"
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def seeds() -> tuple[tuple[str, bytes], ...]:
    """Names and contents, at least one for each format that the registry knows."""
    made: dict[str, tuple[bytes, ...]] = {
        "docx": (docx(),),
        "pptx": (pptx(),),
        "xlsx": (xlsx(),),
        "odt": (open_document("text", TEXT_PARAGRAPH),),
        "ods": (open_document("spreadsheet", TABLE),),
        "odp": (open_document("presentation", PAGE),),
        "epub": (epub(),),
        "doc": (_OLE,),
        "rtf": (rb"{\rtf1\ansi{\b Title}\par Gr\u252?\'dfe {\*\x y}\par}",),
        "pdf": (_pdf(),),
        "eml": (_MESSAGE.encode(),),
        "mbox": (("From ana Tue May 14 10:00:00 2024\n" + _MESSAGE + "\n").encode() * 2,),
        "ipynb": (_notebook(),),
        "json": (b'{"name": "Albers", "rooms": [1, 2.5, null, {"deep": "\\u4f1a"}]}',),
        "yaml": (b"name: &a Albers\nrooms: [1, 2]\nagain: *a\ntext: |\n  two\n  lines\n",),
        "toml": (b'[tool]\nname = "x"\nday = 2024-05-14\n[[row]]\nn = 1\n',),
        "csv": ("name;sum\nAlbers;12,5\n合計;25\n".encode(),),
        "svg": (
            b"<svg xmlns='http://www.w3.org/2000/svg'><title>Plan</title><text>Pump</text></svg>",
        ),
        "srt": (b"1\n00:00:01,000 --> 00:00:02,500\nHello.\n\n2\n00:00:03,000 --> x\nAgain.\n",),
        "zip": (zipped({"a/b.md": "# In it\n\nText.", "c.zip": zipped({"d.txt": "deep"})}),),
        "tar": (_tar(),),
        "gz": (gzip.compress(b"one packed text\n" * 9),),
    }
    found = [(f"file.{suffix}", data) for suffix, each in made.items() for data in each]
    found += [(vector.name, vector.data[:4000]) for vector in VECTORS]
    found += [(sample.name, sample.text.encode()) for sample in SAMPLES[:12]]
    return (*found, *_for_the_rest({name.rpartition(".")[2] for name, _ in found}))


def _for_the_rest(seen: set[str]) -> list[tuple[str, bytes]]:
    """Anything at all for formats that have no file here yet."""
    missing = [
        each for each in FORMATS if not {suffix.lstrip(".") for suffix in each.suffixes} & seen
    ]
    return [
        (f"file{min(each.suffixes)}", data)
        for each in missing
        for data in (b"Some text.\n\nMore of it.\n", zipped({"content.xml": "<a>b</a>"}))
    ]
