"""The least that reading a format costs: its library alone, called in a loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def bare_reader(converter: str) -> Callable[[str], int] | None:
    """Reads a file with the format's library and gives the characters found; None without one."""
    return _READERS.get(converter)


def _pdf(path: str) -> int:
    from pypdf import PdfReader

    return sum(len(page.extract_text()) for page in PdfReader(path).pages)


def _html(path: str) -> int:
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(Path(path).read_bytes()).body
    return len(body.text(separator="\n")) if body is not None else 0


def _markdown(path: str) -> int:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(_decoded(path))
    return sum(len(token.content) for token in tokens)


def _text(path: str) -> int:
    return len(_decoded(path))


def _decoded(path: str) -> str:
    import chardet

    data = Path(path).read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(chardet.detect(data)["encoding"] or "cp1252", "replace")


def _docx(path: str) -> int:
    import docx

    return sum(len(paragraph.text) for paragraph in docx.Document(path).paragraphs)


def _pptx(path: str) -> int:
    import pptx

    return sum(
        len(shape.text_frame.text)
        for slide in pptx.Presentation(path).slides
        for shape in slide.shapes
        if shape.has_text_frame
    )


def _xlsx(path: str) -> int:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        return sum(
            len(str(value))
            for sheet in book.worksheets
            for row in sheet.iter_rows(values_only=True)
            for value in row
        )
    finally:
        book.close()


def _rtf(path: str) -> int:
    from striprtf.striprtf import rtf_to_text

    return len(str(rtf_to_text(Path(path).read_text(encoding="latin-1"), errors="ignore")))  # type: ignore[no-untyped-call]


_READERS: dict[str, Callable[[str], int]] = {
    "pdf": _pdf,
    "html": _html,
    "markdown": _markdown,
    "text": _text,
    "docx": _docx,
    "pptx": _pptx,
    "xlsx": _xlsx,
    "rtf": _rtf,
}
