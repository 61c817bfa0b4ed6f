"""Writes a nested value on one line: "name: Ada; address.city: London; tags: a, b"."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Characters of one record; what's beyond is binary data or no record at all.
_MAX_RECORD_CHARACTERS = 20_000
# Keys and tokens are shorter, and people look for them.
_LEAST_ENCODED_CHARACTERS = 1_000
# Lines of base64 are this long at least, unlike most of what is listed.
_LEAST_LINE_CHARACTERS = 60
_BASE64 = re.compile(r"[A-Za-z0-9+/]++={0,2}")
_HEXADECIMAL = re.compile(r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]++", re.I)
_ENCODED_URL = re.compile(r"data:[\w.+/;=-]*;base64,")
_ARMOUR = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
_SAMPLE_CHARACTERS = 10_000
# Encoded bytes have far more of each; words joined by slashes have fewer capitals.
_LEAST_SHARES = ((str.isupper, 0.2), (str.islower, 0.2), (str.isdigit, 0.03))
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
    if len(text) >= _LEAST_ENCODED_CHARACTERS and _is_encoded(text):
        # A picture or a program: no word of it is one.
        return _LEFT_OUT
    return " ".join(text.split())


def _is_encoded(text: str) -> bool:
    """Whether it's bytes in base64 or hexadecimal, and surely no text."""
    if url := _ENCODED_URL.match(text):
        return _BASE64.fullmatch(text, url.end()) is not None
    lines = _ARMOUR.sub("", text).split()
    if len(lines) == 1 and _HEXADECIMAL.fullmatch(lines[0]):
        return True
    if any(len(line) < _LEAST_LINE_CHARACTERS for line in lines[:-1]):
        return False
    encoded = "".join(lines)
    if len(encoded) % 4 or not _BASE64.fullmatch(encoded):
        return False
    some = encoded[:_SAMPLE_CHARACTERS]
    return all(sum(map(is_one, some)) >= share * len(some) for is_one, share in _LEAST_SHARES)
