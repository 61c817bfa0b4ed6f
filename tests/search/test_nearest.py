"""The sentence that's marked is the one that means most nearly what was asked."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.search.nearest import lacks_marks, mark_nearest, split_sentences
from localsearch.search.snippets import snippet_from
from localsearch.types import CancelledError, Hit, Locator, Why
from tests.topics import ByTopic


def by_meaning(text: str, **changes: object) -> Hit:
    values: dict[str, object] = {
        "path": "/notes/a.md", "member": "", "title": "a", "kind": "text", "language": None,
        "locator": Locator(), "snippet": text[:240], "highlights": (), "score": 1.0,
        "score_kind": "fusion", "why": Why(vector_rank=1), "mtime_ns": 0, "text": text,
        "chunk_id": 1,
    }  # fmt: skip
    return Hit(**(values | changes))  # type: ignore[arg-type]


def marked(hit: Hit) -> str:
    assert hit.nearest is not None
    return hit.snippet[slice(*hit.nearest)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Der Tee ist fertig. Guter Schlaf hilft dem Gedächtnis. Der Garten ruht.",
         "Guter Schlaf hilft dem Gedächtnis."),
        ("我们喝茶。睡眠帮助记忆。花园很大。", "睡眠帮助记忆。"),
        ("# Garten\n\n- Tee um vier\n- Schlaf\n  nach dem Essen\n- Garten",
         "Schlaf nach dem Essen"),
        ("## Schlaf\nTee, und wieder\nTee.", "Schlaf"),
    ],
)  # fmt: skip
def test_the_sentence_nearest_to_the_query_is_marked(text: str, sentence: str) -> None:
    (hit,) = mark_nearest(ByTopic(), "how does sleep help", [by_meaning(text)])
    assert marked(hit) == sentence
    assert hit.text == text


def test_the_snippet_begins_where_the_sentence_does() -> None:
    text = "Tee. " * 100 + "Guter Schlaf hilft. " + "Garten. " * 100
    (hit,) = mark_nearest(ByTopic(), "sleep", [by_meaning(text)])
    assert hit.snippet.startswith("…Guter Schlaf hilft. Garten.")
    assert hit.snippet.endswith("…")
    assert len(hit.snippet) <= 242


def test_where_words_are_marked_nothing_is_embedded() -> None:
    embedder = ByTopic()
    text = "Sleep helps. Tea does not."
    hits = [
        by_meaning(text, highlights=((0, 5),)),
        by_meaning(text, why=Why(keyword_rank=1)),
        by_meaning("One sentence alone"),
    ]
    assert list(mark_nearest(embedder, "sleep", hits)) == []
    assert embedder.embedded == []


def test_a_marked_hit_lacks_none() -> None:
    hit = by_meaning("Tee. Schlaf.")
    assert lacks_marks(hit)
    (found,) = mark_nearest(ByTopic(), "sleep", [hit])
    assert not lacks_marks(found)


def test_it_can_be_stopped() -> None:
    cancel = threading.Event()
    found = mark_nearest(ByTopic(), "sleep", [by_meaning("Tee. Schlaf.")] * 2, cancel=cancel)
    next(found)
    cancel.set()
    with pytest.raises(CancelledError):
        next(found)


@given(st.text("ab .!?。#-|\n1)é茶", max_size=80))
def test_sentences_are_apart_in_order_and_lose_no_letter(text: str) -> None:
    sentences = split_sentences(text)
    assert all(a < b for a, b in sentences)
    assert all(before[1] <= after[0] for before, after in pairwise(sentences))
    letters = [character for character in text if character.isalpha()]
    kept = [character for a, b in sentences for character in text[a:b] if character.isalpha()]
    assert kept == letters


@given(st.text("ab .\n茶e\u0301", max_size=400), st.integers(0, 400), st.integers(1, 200))
def test_the_range_is_of_the_snippet(text: str, start: int, length: int) -> None:
    end = min(len(text), start + length)
    if start >= end or not text[start:end].strip():
        return
    start += len(text[start:]) - len(text[start:].lstrip())
    snippet, (first, last) = snippet_from(text, start, max(start + 1, end))
    assert 0 <= first < last <= len(snippet)
    begins = text[start:end].split(maxsplit=1)[0]
    assert snippet[first:last].startswith(begins) or last == len(snippet) - 1
