from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from localsearch.terminal import clean


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
