"""The headers of a message as people read them, however broken they are."""

from __future__ import annotations

import re
from email.message import Message
from email.policy import EmailPolicy
from typing import Any

from converters.cleaning import clean_line
from converters.decoding import decode

# How the parser hands on bytes that aren't ASCII.
_UNDECODED = re.compile("[\udc80-\udcff]")
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
# Long lists of recipients say no more; the parser's time grows faster than their length.
_MAX_HEADER_CHARACTERS = 4_000


class CarefulPolicy(EmailPolicy):
    """The standard library's modern policy, which fails on some damaged headers, made safe."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """The parsed header, or its text where it can't be parsed."""
        if len(value) > _MAX_HEADER_CHARACTERS:
            value = value[:_MAX_HEADER_CHARACTERS]
        try:
            if _UNDECODED.search(value):
                # Written as it was typed, in whatever its program used.
                value = decode(value.encode("utf-8", "surrogateescape")).text
            return super().header_fetch_parse(name, value)
        except Exception:  # noqa: BLE001 - the parser raises IndexError and others on damage
            return " ".join(value.split())


def header_text(message: Message, name: str) -> str:
    """A header's text on one line; "" where there's none."""
    value = message.get(name)
    return "" if value is None else clean_line(str(value))


def header_lines(message: Message) -> list[str]:
    """The headers that a reader looks at."""
    found = ((name, header_text(message, name)) for name in _SHOWN)
    return [f"{name}: {text}" for name, text in found if text]


def attachment_name(part: Message, number: int) -> str:
    """An attachment's file name without folders; without one, its content tells what it is."""
    given = clean_line(str(part.get_filename() or "")).replace("\\", "/").rpartition("/")[2]
    return given or f"attachment {number}"
