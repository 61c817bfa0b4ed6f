"""What's found by common words in a large index, beside a ranking of all that holds them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsearch.keywords import loosened, query_terms
from localsearch.store import Store, bm25, ranking
from localsearch.store.filters import passage_condition
from localsearch.types import Filters
from tests.store.making import put

ANYWHERE = passage_condition(Filters(), [])
WORDS = ["tide", "tidal", "moon", "the", "of", "Straße", "кот", "海水", "潮", "C++"]


def paths(store: Store, found: list[tuple[int, float]]) -> list[str]:
    passages = store.matches.passages(chunk_id for chunk_id, _ in found)
    return [passages[chunk_id].path for chunk_id, _ in found]


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), min_size=1),
    asked=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True),
    typing=st.booleans(),
)
def test_scores_are_those_of_fts5(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[list[str]],
    asked: list[str],
    typing: bool,
) -> None:
    terms = loosened(query_terms(" ".join(asked), prefix_last=typing))
    with Store(tmp_path_factory.mktemp("scores") / "index.db") as store:
        for number, words in enumerate(texts):
            put(store, f"/r/moon {number}.txt", " ".join(words))
        expected = dict(store.matches.chunks(terms, "OR", 200, ANYWHERE))
        often = {term: store.matches.count([term], "AND") for term in terms}
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
        assert ranking.rare_terms(ranking.telling_terms(store._connection, terms)) == [terms[0]]
        found = paths(store, store.matches.any_of(terms, 3, ANYWHERE))
        full = paths(store, store.matches.chunks(terms, "OR", 3, ANYWHERE, most_ranked=1000))
        assert found == full
        assert set(found) == {"/r/rare.txt", "/r/rare and more.txt", "/r/both.txt"}
        with store.transaction():
            store.files.set_out_of_reach({"/r/both.txt"})
        found = paths(store, store.matches.any_of(terms, 3, ANYWHERE))
        assert "/r/both.txt" not in found


def test_a_beginning_finds_titles_first_where_many_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "_MANY_TITLES", 5)
    (term,) = query_terms("ti", prefix_last=True)
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/tides.txt", "tide on tide, as time goes by")
        for number in range(20):
            put(store, f"/r/tin {number}.txt", "another tin, of which not much is said in here")
            put(store, f"/r/{number}.txt", "tide")

        found, full = (
            paths(store, store.matches.chunks([term], "AND", 15, ANYWHERE, most_ranked=most))
            for most in (None, 1000)
        )
        assert found == full
        assert found[0] == "/r/tides.txt"


def test_a_long_document_leaves_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "_MANY_TITLES", 5)
    monkeypatch.setattr(ranking, "_SCORED", 20)
    (term,) = query_terms("ti", prefix_last=True)
    with Store(tmp_path / "index.db") as store:
        put(store, "/r/tide.txt", *["the tide"] * 300)
        for number in range(30):
            put(store, f"/r/{number}.txt", "tidings of the sea, and other tidings")
        found = store.matches.chunks([term], "AND", 20, ANYWHERE, one_per_document=True)
        assert len(set(paths(store, found))) == 20


def test_how_common_a_word_is_the_latest_passages_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "_LATEST", 20)
    monkeypatch.setattr(ranking, "MOST_RANKED", 30)
    with Store(tmp_path / "index.db") as store:
        for number in range(100):
            put(
                store, f"/r/{number}.txt", "tide" if number % 2 else "moon", *["sea"] * (number < 3)
            )
        terms = query_terms("sea tide")
        often = ranking.telling_terms(store._connection, terms)
    assert list(often.values()) == [3]
    assert ranking.rare_terms(often) == [terms[0]]
