"""The first look at a large index: what it leaves out, and whether it keeps in step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from localsearch.keywords import phrase_term
from localsearch.store import Store, code_matrix, codes
from localsearch.store.code_matrix import CodeMatrix
from localsearch.store.filters import passage_condition
from localsearch.types import Filters
from tests.store.making import DIMENSION, embed_all, put, remove, run_campaign, vector_of

if TYPE_CHECKING:
    from localsearch.types import FloatVector

WORDS = [f"word{number}" for number in range(400)]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "index.db") as store:
        serve(store, "f1")
        for start in range(0, len(WORDS), 20):
            put(store, f"/r/{start % 3}/{start}.txt", *WORDS[start : start + 20])
        embed_all(store)
        learn(store)
        yield store


def learn(store: Store) -> None:
    """Code the vectors, as if there were many."""
    model = store.vectors.serving_model()
    assert model is not None
    with pytest.MonkeyPatch.context() as patch, store.transaction():
        patch.setattr(codes, "CODED_FROM_NUMBERS", 1)
        store.vectors.learn_codes(model)


def serve(store: Store, fingerprint: str) -> None:
    with store.transaction():
        store.vectors.serve(fingerprint, fingerprint, DIMENSION)


def nearest(
    store: Store,
    query: FloatVector,
    filters: Filters | None = None,
    *,
    required: str = "",
    excluded: str = "",
    limit: int = 10,
) -> list[int]:
    model = store.vectors.serving_model()
    assert model is not None
    terms = [(term,) if (term := phrase_term(word)) else () for word in (required, excluded)]
    condition = passage_condition(filters or Filters(), [], *terms)
    return [chunk_id for chunk_id, _ in store.vectors.nearest(model.id, query, limit, condition)]


def exactly(store: Store, query: FloatVector, filters: Filters | None = None) -> list[int]:
    with Store(store.path, readonly=True) as unaided:
        return nearest(unaided, query, filters)


def documents_found(store: Store, query: FloatVector) -> set[str]:
    """The files whose nearest passages are found, one of each document, as searches ask."""
    model = store.vectors.serving_model()
    assert model is not None
    condition = passage_condition(Filters(), [])
    found = store.vectors.nearest(model.id, query, 10, condition, one_per_document=True)
    return {each.path for each in store.matches.passages(id_ for id_, _ in found).values()}


def reader(store: Store) -> Store:
    """A connection whose codes are in memory."""
    opened = Store(store.path, readonly=True, matrix=CodeMatrix())
    nearest(opened, vector_of("any")[0])
    return opened


def test_codes_find_what_looking_at_each_finds(filled: Store) -> None:
    with reader(filled) as store:
        for within in ((), ("/r/1",), ("/nowhere",)):
            for word in WORDS[:5]:
                query = vector_of(word)[0]
                expected = exactly(store, query, Filters(within=within))
                # Of so few all are kept.
                assert nearest(store, query, Filters(within=within)) == expected


def test_the_nearest_are_among_those_kept(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "KEPT", 60)
    monkeypatch.setattr(code_matrix, "FEWEST", 120)
    found = 0
    with reader(filled) as store:
        for word in WORDS[:40]:
            # A little off a passage, as a query is.
            query = vector_of(word)[0] + 0.2 * vector_of("noise " + word)[0]
            expected = exactly(store, query)
            found += len(set(expected) & set(nearest(store, query)))
    assert found >= 0.97 * 40 * 10


def test_a_long_document_leaves_room_for_others(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "KEPT", 30)
    condition = passage_condition(Filters(), [])
    query = vector_of("word7")[0]
    with filled.transaction():
        model_id = filled.vectors.serve("f1", "f1", DIMENSION).id
    put(filled, "/r/long.txt", *[f"long {number}" for number in range(100)])
    keys = [each.key for each in filled.vectors.unembedded(100)]
    with filled.transaction():
        filled.vectors.put(model_id, keys, np.repeat(query[None], 100, axis=0))
    with reader(filled) as store:
        found = store.vectors.nearest(model_id, query, 15, condition, one_per_document=True)
    assert len(found) >= 10


def test_required_and_excluded_words_hold_before_the_limit(filled: Store) -> None:
    with reader(filled) as store:
        (only,) = nearest(store, vector_of("word7")[0], required="word300")
        assert store.matches.passages([only])[only].text == "word300"
        assert only in nearest(store, vector_of("word300")[0])
        assert only not in nearest(store, vector_of("word300")[0], excluded="word300")


def test_files_out_of_reach_take_nobodys_place(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "KEPT", 10)
    with reader(filled) as store:
        query = vector_of("word7")[0]
        assert len(nearest(store, query)) == 10
        with filled.transaction():
            filled.files.set_out_of_reach(
                {path for path in filled.files.known() if not path.startswith("/r/2")}
            )
        assert len(nearest(store, query)) == 10


def test_what_a_filter_lets_pass_follows_every_change(filled: Store) -> None:
    within = Filters(within=("/r/1", "/r/new"))
    with reader(filled) as store:
        query = vector_of("word7")[0]
        assert nearest(store, query, within) == exactly(store, query, within)
        put(filled, "/r/new/one.txt", "word7")
        embed_all(filled)
        found = nearest(store, query, within)
        assert found == exactly(store, query, within)
        remove(filled, "/r/new/one.txt")
        assert nearest(store, query, within) == exactly(store, query, within) != found
        for number in range(codes._CONDITIONS_KEPT + 1):
            nearest(store, query, Filters(within=(f"/r/{number}",)))
        assert len(store.vectors._codes._passing) == codes._CONDITIONS_KEPT


def rows_in_memory(store: Store) -> int:
    matrix = store.vectors._codes._matrix
    assert matrix is not None
    return sum(len(block.ids) for block in matrix._blocks)


def test_a_file_that_is_saved_again_and_again_is_found(filled: Store) -> None:
    condition = passage_condition(Filters(), [])
    query = vector_of("the passage")[0]
    with reader(filled) as store:
        for number in range(8):
            # Written last, it has the greatest id, and the same one each time.
            put(filled, "/r/note.txt", "the passage", f"draft {number}")
            embed_all(filled)
            (chunk_id, cosine), *_ = store.vectors.nearest(
                1, query, 15, condition, one_per_document=True
            )
            assert store.matches.passages([chunk_id])[chunk_id].path == "/r/note.txt"
            assert cosine == pytest.approx(1, abs=1e-6)
        # What has gone, and came first, isn't kept either.
        assert rows_in_memory(store) <= len(WORDS) + 2 + 2


def test_rows_that_came_after_a_snapshot_are_not_taken_for_gone(filled: Store) -> None:
    query = vector_of("later")[0]
    with reader(filled) as store, Store(filled.path, readonly=True) as other:
        other.vectors._codes._matrix = store.vectors._codes._matrix
        with other.snapshot():
            before = nearest(other, query)
            put(filled, "/r/later.txt", "later")
            embed_all(filled)
            (found, *_) = nearest(store, query)
            assert store.matches.passages([found])[found].text == "later"
            assert nearest(other, query)[:9] == before[:9]
        assert nearest(store, query)[0] == nearest(other, query)[0] == found


def test_what_is_in_memory_does_not_grow_for_ever(filled: Store) -> None:
    far = [f"line {number}" for number in range(40)]
    with reader(filled) as store:
        for number in range(30):
            put(filled, "/r/log.txt", *(f"{number} {each}" for each in far))
            embed_all(filled)
            nearest(store, vector_of("word7")[0], limit=1)
        assert rows_in_memory(store) < 2 * (len(WORDS) + len(far))


def test_as_many_are_found_as_are_asked_for(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "KEPT", 30)
    condition = passage_condition(Filters(), [])
    query = vector_of("copied")[0]
    for number in range(50):
        put(filled, f"/r/copies/{number}.txt", "copied")
    embed_all(filled)
    with reader(filled) as store:
        for one_per_document in (False, True):
            found = store.vectors.nearest(
                1, query, 60, condition, one_per_document=one_per_document
            )
            texts = store.matches.passages([chunk_id for chunk_id, _ in found])
            assert len(found) == 60
            assert len({passage.text for passage in texts.values()}) == 11


def test_one_of_each_document_is_the_nearest_of_it(filled: Store) -> None:
    condition = passage_condition(Filters(), [])
    query = vector_of("word7")[0]
    with reader(filled) as store, Store(filled.path, readonly=True) as unaided:
        found, expected = (
            each.vectors.nearest(1, query, 15, condition, one_per_document=True)
            for each in (store, unaided)
        )
    assert found == expected
    assert len(found) == 15


def test_when_most_is_gone_the_rest_is_found(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "KEPT", 20)
    with reader(filled) as store:
        nearest(store, vector_of("word399")[0])
        gone = [filled.files.id_of(path) for path in filled.files.known() if "/0/" not in path]
        with filled.transaction():
            filled.documents.remove_files([each for each in gone if each is not None])
        put(filled, "/r/new.txt", "new")
        embed_all(filled)
        for word in ("word399", "new"):
            query = vector_of(word)[0]
            assert nearest(store, query)[0] == exactly(store, query)[0]


def test_another_models_codes_are_never_mixed_in(filled: Store) -> None:
    with reader(filled) as store:
        query = vector_of("word7")[0]
        before = nearest(store, query)
        serve(filled, "f2")
        assert nearest(store, query) == []
        embed_all(filled)
        learn(filled)
        assert nearest(store, query) == before


def test_small_indexes_have_no_codes(filled: Store) -> None:
    model = filled.vectors.serving_model()
    assert model is not None
    serve(filled, "f2")
    embed_all(filled)
    with filled.transaction():
        filled.vectors.learn_codes(model)
    assert filled._connection.execute("SELECT count(*) FROM codes").get == 0
    assert filled.checks.problems() == ()


def test_the_mean_is_taken_anew_when_the_index_has_outgrown_it(filled: Store) -> None:
    def fitted() -> int:
        return int(filled._connection.execute("SELECT vectors FROM quantisers").get)

    assert fitted() == len(WORDS)
    put(filled, "/r/more.txt", *[f"more {number}" for number in range(3 * len(WORDS) - 1)])
    embed_all(filled)
    learn(filled)
    assert fitted() == len(WORDS)
    put(filled, "/r/one.txt", "one more")
    embed_all(filled)
    learn(filled)
    assert fitted() == 4 * len(WORDS)
    assert filled.checks.problems() == ()


class Reading(RuleBasedStateMachine):
    """A reader that keeps the signs in memory finds after any change what it finds without."""

    folder: Path
    count = 0

    def __init__(self) -> None:
        super().__init__()
        Reading.count += 1
        self.store = Store(self.folder / f"reading{Reading.count}.db")
        serve(self.store, "f1")
        put(self.store, "/r/a.txt", *WORDS[:4])
        embed_all(self.store)
        learn(self.store)
        self.reader = reader(self.store)

    names = st.sampled_from([f"/r/{name}.txt" for name in "abcde"])
    texts = st.lists(st.sampled_from(WORDS[:20]), max_size=6)

    @rule(path=names, words=texts)
    def write(self, path: str, words: list[str]) -> None:
        put(self.store, path, *words)
        embed_all(self.store)

    @rule(path=names)
    def remove(self, path: str) -> None:
        remove(self.store, path)

    @rule(fingerprint=st.sampled_from(["f1", "f2"]))
    def change_model(self, fingerprint: str) -> None:
        serve(self.store, fingerprint)
        embed_all(self.store)
        if self.store.vectors.any_of(1):
            learn(self.store)

    @invariant()
    def the_same_is_found(self) -> None:
        query = vector_of(WORDS[3])[0]
        assert nearest(self.reader, query) == exactly(self.reader, query)
        assert documents_found(self.reader, query) == documents_found(self.store, query)
        assert self.store.checks.problems() == ()

    def teardown(self) -> None:
        self.reader.close()
        self.store.close()


def test_what_is_in_memory_keeps_in_step(tmp_path: Path) -> None:
    Reading.folder = tmp_path
    run_campaign(Reading, examples=15, steps=15)
