from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.terminal import clean, printable_json


def test_escape_sequences_go_whole() -> None:
    assert clean("a\x1b[31mred\x1b[0m b") == "ared b"
    assert clean("\x1b]0;title\x07name") == "name"
    assert clean("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == "link"
    assert clean("\x9b2Jx") == "x"


def test_line_breaks_are_shown_or_kept() -> None:
    assert clean("a\nb") == "a␤b"
    assert clean("a\nb", keep_newlines=True) == "a\nb"
    assert clean("a\rb") == "ab"


def test_direction_overrides_are_visible() -> None:
    assert clean("fdp.\u202etxt") == "fdp.⟨202E⟩txt"


@given(st.text(st.characters(codec=None)))
def test_nothing_left_acts_on_a_terminal(text: str) -> None:
    for character in clean(text):
        assert unicodedata.category(character) not in {"Cc", "Cs"}
    clean(text).encode()


@pytest.mark.parametrize(
    "text", ["tide\x9b31m", "\u202etxt.exe", "a\u2028b", "\x1b[2J", "\udce9", "é漢\n"]
)
def test_json_that_is_printed_acts_on_nothing(text: str) -> None:
    for indent in (2, None):
        printed = printable_json({"path": text}, indent=indent)
        assert json.loads(printed) == {"path": text}
        assert all(c == "\n" or clean(c) == c for c in printed), printed
