"""Keys as terminals send them: what comes fast stays what it is."""

from __future__ import annotations

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from tui.filters import CHIPS
from tui.keys import HIT_ACTIONS, alt_key, know_alt_letters


def keys_of(sent: str) -> list[str]:
    parser = XTermParser()
    return [event.key for event in parser.feed(sent) if isinstance(event, events.Key)]


def sent_for(key: str) -> str:
    """What a terminal sends for Alt with a letter: Escape and the letter."""
    letter = key.rpartition("+")[2]
    return "\x1b" + (letter.upper() if "shift" in key else letter)


@pytest.mark.parametrize(
    "key", [*(alt_key(each.key) for each in HIT_ACTIONS), *(c.key for c in CHIPS)]
)
def test_alt_is_alt_however_fast_the_next_key_comes(key: str) -> None:
    know_alt_letters()
    sent = sent_for(key)
    assert keys_of(sent + "\x1b[B") == [key, "down"]
    assert keys_of(sent * 3) == [key] * 3
    assert keys_of(f"a{sent}\r") == ["a", key, "enter"]


def test_arrows_function_keys_and_a_lone_escape_stay_what_they_are() -> None:
    know_alt_letters()
    assert keys_of("\x1b[A\x1bOP\x1bOA\x1b[5~") == ["up", "f1", "up", "pageup"]
    assert keys_of("\x1bf") == ["ctrl+right"]
