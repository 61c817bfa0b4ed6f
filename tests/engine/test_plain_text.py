"""What a text spells never becomes a special token, and its ids are those of plain text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsearch.engine.gguf import write_random_qwen3
from localsearch.engine.plain_text import PlainText
from localsearch.engine.runtime import Model
from localsearch.engine.small_vocabulary import NORMAL, build_vocabulary

VOCABULARY = build_vocabulary()
SPECIAL = [
    token for token, kind in zip(VOCABULARY.tokens, VOCABULARY.types, strict=True) if kind != NORMAL
]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainText]:
    path = tmp_path_factory.mktemp("plain") / "model.gguf"
    write_random_qwen3(path)
    with Model(path, vocabulary_only=True) as model:
        yield PlainText(model)


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from(SPECIAL), st.text(max_size=8)), max_size=8))
def test_no_text_spells_a_special_token(text: PlainText, pieces: list[str]) -> None:
    specials = {VOCABULARY.id_of(token) for token in SPECIAL}
    assert not specials & set(text.tokens("".join(pieces)))


def test_a_broken_token_loses_no_letter(text: PlainText) -> None:
    spelt = "".join(VOCABULARY.tokens[token] for token in text.tokens("a<think>b</think>c"))
    assert spelt == "a<think>b</think>c"


def test_composed_and_decomposed_text_is_the_same(text: PlainText) -> None:
    assert text.tokens("Cafe\u0301") == text.tokens("Caf\u00e9")
