"""Reads some lines out of a text file, however big it is."""

from __future__ import annotations

import codecs
import os
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 20
# Counting lines up to here takes a tenth of a second; what's further on is shown from the index.
_MAX_SKIPPED_BYTES = 256 << 20
_MAX_WINDOW_BYTES = 1 << 19
_MAX_LINE_CHARACTERS = 4000
_SAMPLE_BYTES = 1 << 16
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_window(path: str, first: int, last: int) -> tuple[int, list[str]] | None:
    """Lines `first` … `last` of a file (from 1), as far as it goes, and the number of the first.

    None when the file can't be read, isn't a plain file, or the lines lie too far in.
    """
    try:
        if not Path(path).is_file():
            return None
        with open(path, "rb") as stream:
            start = stream.read(4)
            encoding = next((name for bom, name in _WIDE.items() if start.startswith(bom)), "")
            if encoding:
                return _read_wide(stream, encoding, first, last)
            stream.seek(0)
            if not _skip_lines(stream, first - 1):
                return None
            data = _read_lines(stream, last - first + 1)
            lines = decode(data, _sample(stream)).split("\n")
    except (OSError, ValueError):
        return None
    return first, _shape(lines)


def _skip_lines(stream: BinaryIO, lines: int) -> bool:
    skipped = 0
    while lines:
        block = stream.read(_BLOCK)
        if not block or skipped > _MAX_SKIPPED_BYTES:
            return False
        found = block.count(b"\n")
        if found < lines:
            lines -= found
            skipped += len(block)
            continue
        at = -1
        for _ in range(lines):
            at = block.index(b"\n", at + 1)
        stream.seek(at + 1 - len(block), os.SEEK_CUR)
        return True
    return True


def _read_lines(stream: BinaryIO, lines: int) -> bytes:
    data = stream.read(_MAX_WINDOW_BYTES)
    at = -1
    for _ in range(lines):
        at = data.find(b"\n", at + 1)
        if at < 0:
            # Whole lines only, unless the one line is longer than the window.
            end = data.rfind(b"\n") if len(data) == _MAX_WINDOW_BYTES else -1
            return data[:end] if end > 0 else data
    return data[:at]


def _sample(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read(_SAMPLE_BYTES)


def _read_wide(
    stream: BinaryIO, encoding: str, first: int, last: int
) -> tuple[int, list[str]] | None:
    stream.seek(0)
    data = stream.read(8 * _MAX_WINDOW_BYTES)
    lines = data.decode(encoding, "replace").split("\n")[first - 1 : last]
    return (first, _shape(lines)) if lines else None


def decode(data: bytes, sample: bytes) -> str:
    """Text of these bytes; where they aren't UTF-8, in the encoding that `sample` looks like."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        from converters.encodings import guess_encoding

        return data.decode(guess_encoding(sample), "replace")


def is_cut(line: str) -> bool:
    """Whether this line of a window is only the beginning of the one in the file."""
    return len(line) > _MAX_LINE_CHARACTERS


def _shape(lines: list[str]) -> list[str]:
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return [
        line if len(line) <= _MAX_LINE_CHARACTERS else line[:_MAX_LINE_CHARACTERS] + "…"
        for line in (each.removesuffix("\r") for each in lines)
    ]
