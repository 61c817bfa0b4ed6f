"""The keys that act on a hit: letters in results and preview, the same with Alt anywhere."""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, cast

from textual import _ansi_sequences
from textual.binding import Binding, BindingType

if TYPE_CHECKING:
    from collections.abc import MutableMapping


@dataclass(frozen=True, slots=True)
class HitAction:
    """A letter, the action of the main screen it calls, its name in the footer, and the help."""

    key: str
    action: str
    name: str
    help: str


HIT_ACTIONS = (
    HitAction("o", "open_folder", "Folder", "Open the folder that the file lies in"),
    HitAction("y", "copy_path", "Copy path", "Copy the path (of all marked hits)"),
    HitAction("Y", "copy_passage", "Copy passage", "Copy the text of the passage"),
    HitAction("space", "toggle_mark", "Mark", "Mark several hits to open or copy them together"),
    HitAction(
        "g", "toggle_passages", "Files/passages", "One row for each file, or for each passage"
    ),
    HitAction("n", "next_passage(1)", "Next passage", "Show the next passage of the file"),
    HitAction("N", "next_passage(-1)", "", "Show the passage before it"),
    HitAction("c", "next_copy", "", "Go to the next file that holds the same text"),
    HitAction("e", "explain", "Why", "Say why this hit stands where it does"),
)

_ALT_NAMES = {"space": "alt+m", "Y": "alt+shift+y", "N": "alt+shift+n"}


def alt_key(key: str) -> str:
    """The key that does the same from anywhere, the input included."""
    return _ALT_NAMES.get(key, f"alt+{key}")


HIT_KEYS: list[BindingType] = [
    Binding(each.key, f"screen.{each.action}", each.name or each.help, show=bool(each.name))
    for each in HIT_ACTIONS
]

# First in line, or the input would take them for letters.
ALT_KEYS: list[BindingType] = [
    Binding(alt_key(each.key), each.action, each.help, show=False, priority=True)
    for each in HIT_ACTIONS
]

# What terminals begin longer sequences with.
_NO_LETTERS = "OP"


def know_alt_letters() -> None:
    """Have Alt and a letter count as one key, however soon the next one comes.

    Textual waits after an Escape for the rest of a sequence it knows, and when another begins
    meanwhile (a held key, an arrow right after Alt-m) it gives the first as text, `^m`.
    """
    known = cast(
        "MutableMapping[str, tuple[Enum, ...]]",
        _ansi_sequences.ANSI_SEQUENCES_KEYS,
    )
    letters = [each for each in string.ascii_letters if each not in _NO_LETTERS]
    keys = Enum("AltKey", {each: _alt_name(each) for each in letters})  # type: ignore[misc]
    for letter in letters:
        known.setdefault(f"\x1b{letter}", (keys[letter],))


def _alt_name(letter: str) -> str:
    return f"alt+shift+{letter.lower()}" if letter.isupper() else f"alt+{letter}"
