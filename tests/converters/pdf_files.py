"""Makes small PDF files in any script, so that no binary fixture has to be kept."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from pypdf import PageObject, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
)


def pdf_writer(pages: Sequence[str]) -> PdfWriter:
    """A writer that holds a page for each text; an empty text gives a blank page."""
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(width=595, height=842)
        if text:
            _write_text(writer, page, text)
    return writer


def pdf_bytes(writer: PdfWriter) -> bytes:
    """The finished file."""
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def add_scan(writer: PdfWriter, data: bytes = b"\x80" * 4096) -> None:
    """Add a page that is nothing but a grey picture."""
    page = writer.add_blank_page(width=595, height=842)
    image = DecodedStreamObject()
    image.set_data(data)
    image.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(64),
            NameObject("/Height"): NumberObject(64),
            NameObject("/ColorSpace"): NameObject("/DeviceGray"),
            NameObject("/BitsPerComponent"): NumberObject(8),
        }
    )
    _set_content(writer, page, b"q 595 0 0 842 0 0 cm /Im1 Do Q")
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/XObject"): DictionaryObject({NameObject("/Im1"): writer._add_object(image)})}
    )


@dataclass(frozen=True)
class Placed:
    """A line of text and where it begins on the page, in points from the lower left."""

    x: float
    y: float
    text: str
    size: float = 10


def add_placed(writer: PdfWriter, lines: Sequence[Placed], *, in_one: bool = True) -> None:
    """Add a page that shows the lines in the order given, `in_one` text object or in one each."""
    page = writer.add_blank_page(width=595, height=842)
    shows = [
        f"/F1 {line.size} Tf 1 0 0 1 {line.x} {line.y} Tm {_shown(line.text)}" for line in lines
    ]
    commands = f"BT {' '.join(shows)} ET" if in_one else "".join(f"BT {show} ET " for show in shows)
    _set_content(writer, page, commands.encode())
    fonts = DictionaryObject(
        {NameObject("/F1"): _font(writer, "".join(line.text for line in lines))}
    )
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})


def _shown(text: str) -> str:
    return f"<{text.encode('utf-16-be').hex()}> Tj"


def _write_text(writer: PdfWriter, page: PageObject, text: str) -> None:
    # Each character gets the glyph of its code point; a table says which character that is.
    commands = ["BT /F1 12 Tf 14 TL 72 770 Td"]
    commands += [f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in text.split("\n")]
    _set_content(writer, page, " ".join([*commands, "ET"]).encode())
    fonts = DictionaryObject({NameObject("/F1"): _font(writer, text)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})


def _set_content(writer: PdfWriter, page: PageObject, commands: bytes) -> None:
    stream = DecodedStreamObject()
    stream.set_data(commands)
    page[NameObject("/Contents")] = writer._add_object(stream)


def _font(writer: PdfWriter, text: str) -> IndirectObject:
    codes = sorted({f"{ord(char):04X}" for char in text if char != "\n"})
    mapping = "\n".join(f"<{code}> <{code}>" for code in codes)
    table = DecodedStreamObject()
    table.set_data(
        f"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{mapping}\nendbfchar endcmap".encode()
    )
    descendant = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/CIDFontType2"),
            NameObject("/BaseFont"): NameObject("/Fixture"),
            NameObject("/DW"): NumberObject(600),
        }
    )
    return writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type0"),
                NameObject("/BaseFont"): NameObject("/Fixture"),
                NameObject("/Encoding"): NameObject("/Identity-H"),
                NameObject("/DescendantFonts"): ArrayObject([writer._add_object(descendant)]),
                NameObject("/ToUnicode"): writer._add_object(table),
            }
        )
    )
