"""What a file is by its first bytes, for names that say nothing or say something wrong."""

from __future__ import annotations

import re
import zipfile
from typing import BinaryIO

from converters.safety import UNPACKING_ERRORS

HEAD_BYTES = 4096

# (prefix, format). "" marks what holds no text for us: found by name only.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG\r\n\x1a\n", ""),
    (b"\xff\xd8\xff", ""),
    (b"GIF87a", ""),
    (b"GIF89a", ""),
    (b"II*\0", ""),
    (b"MM\0*", ""),
    (b"\x7fELF", ""),
    (b"MZ\x90\0", ""),
    (b"\xcf\xfa\xed\xfe", ""),
    (b"\xca\xfe\xba\xbe", ""),
    (b"SQLite format 3\0", ""),
    (b"OggS", ""),
    (b"ID3", ""),
    (b"fLaC", ""),
    (b"\0asm", ""),
    (b"GGUF", ""),
    (b"wOFF", ""),
    (b"wOF2", ""),
)
_ARCHIVES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\0", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
)
# Which format a ZIP is, by the first of these names that is in it.
_ZIP_MEMBERS = (
    ("word/document.xml", "docx"),
    ("ppt/presentation.xml", "pptx"),
    ("xl/workbook.xml", "xlsx"),
    ("META-INF/container.xml", "epub"),
)
_ZIP_MIMETYPES = (
    (b"application/epub+zip", "epub"),
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
)
# Once a comment has ended, where else it may end isn't tried: it would be in countless ways.
_HTML = re.compile(
    rb"\s*+(?><!--.*?-->\s*+)*+<(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>])", re.I | re.S
)
_SVG = re.compile(rb"(?:\s|<\?xml[^>]*>|<!DOCTYPE[^>\[]*>|<!--.*?-->)*+<(?:svg:)?svg[\s>]", re.S)
_MBOX = re.compile(rb"From \S+ +\w{3} \w{3} [ \d]\d \d\d:\d\d(?::\d\d)?[^\r\n]* \d{4}")
# A message as Maildir and mail servers keep it: header fields, one of which only mail has.
_LETTER = re.compile(
    rb"(?=[^\n]*(?:\n[^\n]+)*\n(?:Message-ID|Received|MIME-Version|Return-Path|Date):)"
    rb"(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n)*){3}",
    re.I,
)
_SHEBANG = re.compile(rb"#!\s*\S*?/?(?:env\s+(?:-S\s+)?)?([A-Za-z]+)[\d.]*(?:\s|$)")
_INTERPRETERS = {
    "sh": "bash", "bash": "bash", "zsh": "bash", "dash": "bash", "ksh": "bash", "python": "python",
    "perl": "perl", "ruby": "ruby", "node": "javascript", "php": "php", "lua": "lua",
    "Rscript": "r", "awk": "awk", "fish": "fish", "tclsh": "tcl", "julia": "julia",
    "elixir": "elixir", "escript": "erlang", "make": "make",
}  # fmt: skip


def sniff(head: bytes) -> str | None:
    """The format that the first bytes of a file announce.

    "zip" has to be looked into with `zip_format`; "" means content without text; None means that
    the bytes say nothing: text, as far as they go.
    """
    # Some programs write a few bytes of junk before the header, and readers accept it.
    if b"%PDF-" in head[:1024] and head.lstrip()[:5] == b"%PDF-":
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    for magic, name in (*_MAGIC, *_ARCHIVES):
        if head.startswith(magic):
            return name
    if head[257:262] == b"ustar":
        return "archive"
    if head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI ", b"WEBP")):
        return ""
    if _MBOX.match(head):
        return "mbox"
    if _LETTER.match(head):
        return "eml"
    if _SVG.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "svg"
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "html"
    if shebang_language(head) is not None:
        return "code"
    return None


def shebang_language(head: bytes) -> str | None:
    """The programming language that a script's first line names."""
    match = _SHEBANG.match(head)
    return _INTERPRETERS.get(match[1].decode("ascii")) if match else None


def zip_format(file: BinaryIO) -> str:
    """Which of the formats that are ZIP files this one is; "archive" where it's none of them."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    mimetype = member.read(200).strip()
                for prefix, name in _ZIP_MIMETYPES:
                    if mimetype.startswith(prefix):
                        return name
            return next((name for member, name in _ZIP_MEMBERS if member in names), "archive")
    except UNPACKING_ERRORS:
        return "archive"
