"""What text from files and file names may do to a terminal: nothing."""

from __future__ import annotations

import json
import os
import re

# ECMA-48 control strings (OSC, DCS, SOS, PM, APC) up to their end, then CSI, then two-byte escapes.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# Overrides and isolates can make `exe.txt` out of `txt.exe`; shown, they can't deceive.
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069\u061c\u200e\u200f]")
_ACTING = re.compile(f"[\x7f-\x9f\u2028\u2029]|{_BIDI.pattern}|[\ud800-\udfff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def clean(text: str, *, keep_newlines: bool = False) -> str:
    """Make text safe to print: no escape sequences, control characters or hidden direction marks.

    Line breaks become `␤` unless `keep_newlines`, tabs a space, undecodable bytes U+FFFD.
    """
    text = _ESCAPES.sub("", text).replace("\t", " ")
    if not keep_newlines:
        text = text.replace("\r\n", "␤").replace("\n", "␤")
    text = _CONTROLS.sub("", text)
    text = _BIDI.sub(lambda mark: f"⟨{ord(mark[0]):04X}⟩", text)
    return _SURROGATES.sub("\ufffd", text)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and what it counts: `1 file`, `1,204 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def without_raw_bytes(path: str) -> str:
    """A path as text that UTF-8 can hold: bytes of a name that aren't UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def printable_json(value: object, *, indent: int | None = 2) -> str:
    """The value as JSON that any terminal may show: what could act on it stands as `\\u…`."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # Line breaks of the layout are no text of files; those within texts are escaped already.
    return _ACTING.sub(lambda character: f"\\u{ord(character[0]):04x}", text)
