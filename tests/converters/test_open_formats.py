"""OpenDocument, EPUB and RTF: what stands where in them, and what they may not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.registry import convert_file
from localsearch.types import ConversionError, Locator
from tests.converters.fuzz_seeds import zipped
from tests.converters.office_files import convert, place_of

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
_OPEN = (
    f"xmlns:office='{_NS}office:1.0' xmlns:text='{_NS}text:1.0' xmlns:table='{_NS}table:1.0' "
    f"xmlns:draw='{_NS}drawing:1.0' xmlns:presentation='{_NS}presentation:1.0' "
    f"xmlns:meta='{_NS}meta:1.0' xmlns:dc='http://purl.org/dc/elements/1.1/'"
)
_META = (
    f"<office:document-meta {_OPEN}><office:meta><dc:title>Mùa  gặt</dc:title>"
    "<dc:language>vi-VN</dc:language></office:meta></office:document-meta>"
)
_TEXT = """<office:text><text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:h text:outline-level="1">الفصل</text:h><text:p>First<text:s text:c="3"/>words<text:note>
<text:note-citation>1</text:note-citation><text:note-body><text:p>A footnote.</text:p>
</text:note-body></text:note> go on.</text:p><text:h text:outline-level="2">बीज</text:h>
<text:list><text:list-item><text:p>один</text:p><text:list><text:list-item><text:p>два</text:p>
</text:list-item></text:list></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>ก</text:p></table:table-cell>
<table:table-cell><text:p>ข</text:p></table:table-cell></table:table-row></table:table>
<text:p><text:soft-page-break/>Second page.<office:annotation><dc:creator>Ada</dc:creator>
<text:p>Really?</text:p></office:annotation></text:p></office:text>"""
_SHEET = """<office:spreadsheet><table:table table:name="Năm">
<table:table-row><table:table-cell><text:p>name</text:p></table:table-cell>
<table:table-cell><text:p>sum</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="16382"/></table:table-row>
<table:table-row><table:table-cell><text:p>林</text:p></table:table-cell>
<table:table-cell office:value="12.5"/></table:table-row>
<table:table-row table:number-rows-repeated="1000000"><table:table-cell
 table:number-columns-repeated="16384"/></table:table-row>
<table:table-row><table:table-cell/><table:table-cell table:number-columns-repeated="900">
<text:p>far</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>"""
_SLIDES = """<office:presentation><draw:page><draw:frame presentation:class="title"><draw:text-box>
<text:p>Mở đầu</text:p></draw:text-box></draw:frame><draw:g><draw:frame><draw:text-box>
<text:p>Nội dung</text:p></draw:text-box></draw:frame></draw:g><presentation:notes><draw:frame>
<draw:text-box><text:p>Nói chậm.</text:p></draw:text-box></draw:frame></presentation:notes>
</draw:page><draw:page><draw:frame><draw:text-box><text:p>Zwei</text:p></draw:text-box>
</draw:frame></draw:page></office:presentation>"""


def content(body: str, doctype: str = "") -> str:
    return (
        f"<?xml version='1.0'?>{doctype}<office:document-content {_OPEN}><office:body>{body}"
        "</office:body></office:document-content>"
    )


def test_text_document(tmp_path: Path) -> None:
    data = zipped({"content.xml": content(_TEXT), "meta.xml": _META})
    document = convert(tmp_path / "a.odt", data)
    assert (document.title, document.language, document.kind) == ("Mùa gặt", "vi", "doc")
    assert place_of(document, "First   words go on.").heading == ("الفصل",)
    assert place_of(document, "A footnote.").part == "note"
    texts = [block.text for block in document.blocks]
    assert texts.index("First   words go on.") < texts.index("A footnote.")
    assert place_of(document, "- один\n  - два").heading == ("الفصل", "बीज")
    assert place_of(document, "ก | ข").page == 1
    assert place_of(document, "Second page.").page == 2
    assert place_of(document, "Really?").part == "comment"
    assert not any("deleted" in block.text or "Ada" in block.text for block in document.blocks)


def _noted(words: str, note: str) -> str:
    return (
        f"{words}<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        f"<text:p>{note}</text:p></text:note-body></text:note>"
    )


def test_notes_come_after_the_heading_the_list_or_the_table_that_they_are_in(
    tmp_path: Path,
) -> None:
    def cell(words: str, note: str) -> str:
        return f"<table:table-cell><text:p>{_noted(words, note)}</text:p></table:table-cell>"

    def item(words: str, note: str) -> str:
        return f"<text:list-item><text:p>{_noted(words, note)}</text:p></text:list-item>"

    rows = f"<table:table-row>{cell('a', 'A.')}{cell('b', 'B.')}</table:table-row>"
    rows += f"<table:table-row>{cell('c', 'C.')}{cell('d', 'D.')}</table:table-row>"
    body = (
        f"<office:text><text:p>Before.</text:p><text:list>{item('one', 'One.')}</text:list>"
        f"<text:h text:outline-level='1'>{_noted('Title', 'About it.')}</text:h>"
        f"<table:table>{rows}</table:table><text:p>After.</text:p></office:text>"
    )
    document = convert(tmp_path / "a.odt", zipped({"content.xml": content(body)}))
    texts = [block.text for block in document.blocks]
    assert texts == [
        *("Before.", "- one", "One.", "Title", "About it."),
        *("a | b\nc | d", "A.", "B.", "C.", "D.", "After."),
    ]
    assert place_of(document, "One.").heading == ()
    assert place_of(document, "About it.") == Locator(heading=("Title",), part="note")
    assert place_of(document, "D.") == Locator(heading=("Title",), part="note")


def test_lists_and_tables_in_a_note_come_after_what_it_is_about(tmp_path: Path) -> None:
    inner = (
        "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>cell</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    note = _noted("before", "First.").replace("</text:note-body>", f"{inner}</text:note-body>")
    body = f"<office:text><text:p>{note} rest</text:p><text:p>After.</text:p></office:text>"
    document = convert(tmp_path / "a.odt", zipped({"content.xml": content(body)}))
    texts = [block.text for block in document.blocks]
    assert texts[0] == "before rest"
    assert texts[-1] == "After."
    assert sorted(texts[1:-1]) == ["First.", "cell", "item"]


def test_comments_on_the_cells_of_a_sheet(tmp_path: Path) -> None:
    rows = "".join(
        "<table:table-row><table:table-cell/><table:table-cell><office:annotation>"
        f"<text:p>Check {n}.</text:p></office:annotation><text:p>{n}</text:p></table:table-cell>"
        "</table:table-row>"
        for n in (5, 7)
    )
    sheet = f"<table:table table:name='Năm'>{rows}</table:table>"
    body = f"<office:spreadsheet>{sheet}</office:spreadsheet>"
    document = convert(tmp_path / "a.ods", zipped({"content.xml": content(body)}))
    assert [block.text for block in document.blocks] == ["5\n7", "Check 5.", "Check 7."]
    assert place_of(document, "Check 7.") == Locator(sheet="Năm", cell="B2", part="comment")


def test_comments_stay_where_the_rows_are_more_than_is_read(tmp_path: Path) -> None:
    rows = "".join(
        "<table:table-row><table:table-cell><office:annotation>"
        f"<text:p>Check {n}.</text:p></office:annotation><text:p>Row {n} of the many.</text:p>"
        "</table:table-cell></table:table-row>"
        for n in range(1, 300)
    )
    body = f"<office:spreadsheet><table:table table:name='S'>{rows}</table:table>"
    path = tmp_path / "a.ods"
    path.write_bytes(zipped({"content.xml": content(f"{body}</office:spreadsheet>")}))
    (document,) = convert_file(str(path), text_limit=3000).documents
    assert place_of(document, "Check 1.").cell == "A1"
    assert "only the first 3,000 characters were read" in document.notes
    (document,) = convert_file(str(path)).documents
    texts = [block.text for block in document.blocks]
    assert texts.index("Check 20.") < texts.index("Check 299.")
    assert sum(text.startswith("Check") for text in texts) == 299


def test_flat_text_document(tmp_path: Path) -> None:
    flat = f"<office:document {_OPEN}>{_META}<office:body>{_TEXT}</office:body></office:document>"
    flat = flat.replace("office:document-meta", "office:x")
    document = convert(tmp_path / "a.fodt", flat.encode())
    assert document.title == "Mùa gặt"
    assert place_of(document, "Second page.").page == 2


def test_spreadsheet_with_a_million_repeated_rows(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.ods", zipped({"content.xml": content(_SHEET)}))
    place = place_of(document, "name: 林; sum: 12.5")
    assert place.sheet == "Năm"
    assert place.cell is not None
    assert place.cell.startswith("A1:")
    assert place_of(document, "far").cell == "A1000003:B1000003"


def test_presentation(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.odp", zipped({"content.xml": content(_SLIDES)}))
    assert place_of(document, "Nội dung") == Locator(slide=1, heading=("Mở đầu",))
    assert place_of(document, "Nói chậm.") == Locator(slide=1, heading=("Mở đầu",), part="notes")
    assert place_of(document, "Zwei") == Locator(slide=2)


def test_a_text_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    cut = content(_TEXT).partition("Second page.")[0]
    document = convert(tmp_path / "a.odt", zipped({"content.xml": cut}))
    assert place_of(document, "- один")
    assert document.notes[0].startswith("the rest can't be read")


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]>",
    ],
)
def test_a_doctype_is_refused(doctype: str, tmp_path: Path) -> None:
    data = zipped({"content.xml": content(_TEXT, doctype)})
    with pytest.raises(ConversionError, match="refused"):
        convert(tmp_path / "a.odt", data)
    with pytest.raises(ConversionError, match="refused"):
        convert(
            tmp_path / "a.odt", zipped({"content.xml": content(_TEXT, doctype).encode("utf-16")})
        )


def test_locked_documents_say_so(tmp_path: Path) -> None:
    manifest = (
        f"<m:manifest xmlns:m='{_NS}manifest:1.0'><m:file-entry m:full-path='content.xml'>"
        "<m:encryption-data/></m:file-entry></m:manifest>"
    )
    data = zipped({"content.xml": b"\x01\x02", "META-INF/manifest.xml": manifest})
    with pytest.raises(ConversionError, match="locked by a password"):
        convert(tmp_path / "a.odt", data)


_CONTAINER = (
    "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
    "<rootfile full-path='OEBPS/book.opf'/></rootfiles></container>"
)
_PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title>紅樓夢</dc:title><dc:title>Other</dc:title><dc:language>zh-TW</dc:language>
</metadata><manifest><item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="g" href="gone.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="g"/></spine></package>"""
_NCX = """<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://example.org/ncx.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>第一回</text>
</navLabel><content src="text/one.xhtml"/></navPoint></navMap></ncx>"""
_CHAPTER = (
    '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "x.dtd">'
    "<html xmlns='http://www.w3.org/1999/xhtml'><body>{}</body></html>"
)


def book(**changed: str) -> bytes:
    members: dict[str, str | bytes] = {
        "META-INF/container.xml": _CONTAINER,
        "OEBPS/book.opf": _PACKAGE,
        "OEBPS/toc.ncx": _NCX,
        "OEBPS/text/one.xhtml": _CHAPTER.format("<p>此開卷第一回也。</p>"),
        "OEBPS/text/two b.xhtml": _CHAPTER.format("<h2>第二回</h2><p>詩云&nbsp;曰。</p>"),
    }
    return zipped(members | changed)


def test_book(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.epub", book())
    assert (document.title, document.language, document.kind) == ("紅樓夢", "zh", "book")
    first = place_of(document, "此開卷")
    assert (first.part, first.heading) == ("第一回", ("第一回",))
    assert place_of(document, "詩云").part == "第二回"
    assert document.blocks[0].text == "此開卷第一回也。"
    assert document.notes == (
        "1 of 3 chapters can't be read: damaged: it has no OEBPS/gone.xhtml inside",
    )


def test_books_with_copy_protection_say_so(tmp_path: Path) -> None:
    encryption = (
        "<encryption xmlns:e='http://www.w3.org/2001/04/xmlenc#'><e:EncryptionMethod"
        " Algorithm='http://www.w3.org/2001/04/xmlenc#aes128-cbc'/></encryption>"
    )
    with pytest.raises(ConversionError, match="copy protection"):
        convert(tmp_path / "a.epub", book(**{"META-INF/encryption.xml": encryption}))


def test_entities_in_a_book_are_refused(tmp_path: Path) -> None:
    package = "<!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + _PACKAGE
    with pytest.raises(ConversionError, match="refused"):
        convert(tmp_path / "a.epub", book(**{"OEBPS/book.opf": package}))


def test_rtf(tmp_path: Path) -> None:
    data = (
        rb"{\rtf1\ansi\ansicpg1251\uc1{\fonttbl{\f0\fcharset204 Arial;}}{\info{\author Ada}"
        rb"{\title \'cf\'eb\'e0\'ed}}\f0 \'cf\'f0\'e8\'e2\'e5\'f2 \u20320?\u22909?\par"
        rb"{\pict\pngblip 89504e470d0a1a0a}{\*\generator secret}\page Page two.\par}"
    )
    document = convert(tmp_path / "a.rtf", data)
    assert document.title == "План"
    assert place_of(document, "Привет 你好").page == 1
    assert place_of(document, "Page two.").page == 2
    text = " ".join(block.text for block in document.blocks)
    assert "secret" not in text
    assert "89504e" not in text


def test_rtf_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError):
        convert(tmp_path / "a.rtf", b"plain words")
