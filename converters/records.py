"""Writes a nested value on one line: "name: Ada; address.city: London; tags: a, b"."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Characters of one record; what's beyond is binary data or no record at all.
_MAX_RECORD_CHARACTERS = 20_000
# Keys and tokens are shorter, and people look for them.
_LEAST_ENCODED_CHARACTERS = 1_000
# Base64 of both alphabets or hexadecimal, in lines or not, maybe as an URL.
_ENCODED = re.compile(
    r"(?:data:[\w.+/;=-]*,)?(?:[A-Za-z0-9+/_-]{40,}+\s++)*+[A-Za-z0-9+/_-]++={0,2}\s*"
)
_LEFT_OUT = "…"


def flat_record(value: object, key: str = "") -> str:
    """One line for the value; its keys joined with dots, lists of plain values with commas."""
    pieces: list[str] = []
    length = 0
    for path, text in _leaves(key, value):
        piece = f"{path}: {text}" if path else text
        pieces.append(piece)
        length += len(piece)
        if length > _MAX_RECORD_CHARACTERS:
            break
    return "; ".join(pieces)


def _leaves(key: str, value: object) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, object]] = [(key, value)]
    while stack:
        path, current = stack.pop()
        if isinstance(current, dict):
            inner = [(f"{path}.{name}" if path else str(name), each)
                     for name, each in current.items()]  # fmt: skip
            stack.extend(reversed(inner))
        elif isinstance(current, list) and any(isinstance(each, dict | list) for each in current):
            stack.extend((path, each) for each in reversed(current))
        elif isinstance(current, list):
            text = ", ".join(filter(None, map(_scalar, current)))
            if text:
                yield path, text
        elif text := _scalar(current):
            yield path, text


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if len(text) >= _LEAST_ENCODED_CHARACTERS and _ENCODED.fullmatch(text):
        # A picture or a program: no word of it is one.
        return _LEFT_OUT
    return " ".join(text.split())
