"""What's found by common words in a large index, beside a ranking of all that holds them."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsearch.keywords import Term, loosened, phrase_term, query_terms
from localsearch.store import Store, bm25, ranking
from localsearch.store.filters import passage_condition
from localsearch.types import Filters
from tests.store.making import put

if TYPE_CHECKING:
    from collections.abc import Sequence

ANYWHERE = passage_condition(Filters(), [])
WORDS = ["tide", "tidal", "moon", "the", "of", "Straße", "кот", "海水", "潮", "C++", "parseConfig"]
WORDS += ["parse", "config", *(unicodedata.normalize("NFD", word) for word in ("мой", "한국어"))]


def paths(store: Store, found: list[tuple[int, float]]) -> list[str]:
    passages = store.matches.passages(chunk_id for chunk_id, _ in found)
    return [passages[chunk_id].path for chunk_id, _ in found]


def put_tides(store: Store, folder: str) -> None:
    """Thirty documents of which a fifth of the passages says "tide"."""
    for number in range(30):
        put(store, f"{folder}/{number}.txt", "tide", *["nothing of the kind"] * 4)


def rare_of(store: Store, terms: Sequence[Term]) -> list[Term]:
    often = ranking.frequencies(store._connection, terms)
    return ranking.rare_terms(ranking.telling_terms(store._connection, often))


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), min_size=1),
    asked=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True),
    typing=st.booleans(),
    phrase=st.booleans(),
)
def test_scores_are_those_of_fts5(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[list[str]],
    asked: list[str],
    typing: bool,
    phrase: bool,
) -> None:
    text = unicodedata.normalize("NFC", " ".join(asked))
    terms = loosened(query_terms(text, prefix_last=typing))
    whole = phrase_term(text)
    if phrase and whole is not None:
        terms = (whole,)
    with Store(tmp_path_factory.mktemp("scores") / "index.db") as store:
        for number, words in enumerate(texts):
            put(store, f"/r/{words[0]} moon {number}.txt", " ".join(words))
        expected = dict(store.matches.chunks(terms, "OR", 200, ANYWHERE))
        # FTS5 scores the parts of a word as a phrase of its own.
        phrases = [
            Term(tokens, term.needle, term.prefix)
            for term in terms
            for tokens in (term.tokens, term.parts)
            if tokens
        ]
        often = {term: store.matches.count([term], "AND") for term in phrases}
        found = bm25.scored(store._connection, expected, often, ANYWHERE)
    assert {each.chunk_id: each.score for each in found} == pytest.approx(expected)
    assert found == sorted(found, key=lambda each: -each.score)


def test_of_a_question_words_too_common_to_be_ranked_still_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "MOST_RANKED", 10)
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/both.txt", "tide moon")
        put(store, "/r/rare.txt", "zephyr and other words of which nobody asks anything here")
        put(store, "/r/rare and more.txt", "zephyr tide and other words of which nobody asks")
        for number in range(30):
            put(store, f"/r/{number}.txt", "tide and so on" if number % 2 else "moon and so on")
            put(store, f"/r/other {number}.txt", "nothing of the kind", "nor in here", "nor here")
        terms = query_terms("zephyr tide moon")
        assert rare_of(store, terms) == [terms[0]]
        found = paths(store, store.matches.any_of(terms, 3, ANYWHERE))
        full = paths(store, store.matches.chunks(terms, "OR", 3, ANYWHERE, most_ranked=1000))
        assert found == full
        assert set(found) == {"/r/rare.txt", "/r/rare and more.txt", "/r/both.txt"}
        with store.transaction():
            store.files.set_out_of_reach({"/r/both.txt"})
        found = paths(store, store.matches.any_of(terms, 3, ANYWHERE))
        assert "/r/both.txt" not in found


def test_of_one_document_all_passages_are_found_where_passages_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "MOST_RANKED", 10)
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/long.txt", *["zephyr of the sea"] * 9)
        put_tides(store, "/r")
        found = store.matches.any_of(query_terms("zephyr tide"), 9, ANYWHERE)
        assert paths(store, found) == ["/r/long.txt"] * 9


def test_rare_words_that_find_too_few_leave_room_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "MOST_RANKED", 10)
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/rare.txt", "zephyr")
        put_tides(store, "/r")

        def found(text: str) -> list[str]:
            terms = query_terms(text)
            return paths(store, store.matches.any_of(terms, 8, ANYWHERE, one_per_document=True))

        assert len(set(found("zzqq tide"))) == 8
        both = found("zephyr tide")
        assert both[0] == "/r/rare.txt"
        assert len(set(both)) == 8
        assert found("zzqq qqzz") == []


def test_where_filters_leave_no_rare_word_the_others_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "MOST_RANKED", 10)
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/rare.txt", "zephyr")
        put_tides(store, "/s")
        narrow = passage_condition(Filters(within=("/s/3.txt",)), [])
        found = store.matches.any_of(query_terms("zephyr tide"), 5, narrow)
        assert paths(store, found) == ["/s/3.txt"]


def test_how_common_a_word_is_a_sample_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "_SAMPLED", 20)
    monkeypatch.setattr(ranking, "_RANGES", 5)
    monkeypatch.setattr(ranking, "MOST_RANKED", 30)
    with Store(tmp_path / "index.db") as store:
        for number in range(100):
            put(store, f"/r/{number}.txt", "tide" if number % 2 else "moon")
        put(store, "/r/latest.txt", *["sea"] * 20)
        terms = query_terms("sea tide nowhere")
        often = ranking.frequencies(store._connection, terms)
        # All of the latest passages have it, and few of all.
        assert often[terms[0]] == 20
        assert often[terms[1]] == pytest.approx(50, abs=10)
        assert terms[2] not in often
        assert rare_of(store, terms) == [terms[0]]
