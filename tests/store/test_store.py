from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import apsw
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localsearch.keywords import phrase_term, query_terms
from localsearch.store import Store, matches
from localsearch.store.documents import decode_locator, encode_locator
from localsearch.store.filters import passage_condition
from localsearch.types import (
    Coverage,
    FileRef,
    Filters,
    Locator,
    NoIndexError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
)
from tests.store.making import (
    DIMENSION,
    embed_all,
    find,
    put,
    put_one,
    vector_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "index.db") as opened:
        yield opened


def test_a_file_is_found_by_its_words_and_gone_when_removed(store: Store) -> None:
    file_id = put(store, "/a/one.txt", "harbour at dawn", "second passage")
    put(store, "/a/two.txt", "機械学習の本")
    assert find(store, "dawn") == ["/a/one.txt"]
    assert find(store, "学習") == ["/a/two.txt"]
    assert find(store, "本") == ["/a/two.txt"]
    with store.transaction():
        store.documents.remove_files([file_id])
    assert find(store, "dawn") == []
    assert store.checks.problems() == ()


def test_replacing_text_leaves_nothing_of_the_old(store: Store) -> None:
    with store.transaction():
        store.vectors.serve("f1", "tiny", DIMENSION)
    put(store, "/a/one.txt", "old words")
    embed_all(store)
    put(store, "/a/one.txt", "new words")
    assert find(store, "old") == []
    assert find(store, "new") == ["/a/one.txt"]
    assert store.checks.problems() == ()


def test_a_copy_and_a_move_cost_no_embedding(store: Store) -> None:
    with store.transaction():
        store.vectors.serve("f1", "tiny", DIMENSION)
    put(store, "/a/one.txt", "the same words")
    assert embed_all(store) == 1
    put(store, "/b/copy.txt", "the same words")
    assert store.vectors.unembedded_totals() == (0, 0)
    with store.transaction():
        store.files.move("/a/one.txt", FileRef("/c/moved.md", 10, 1, 1, 1))
    assert sorted(find(store, "same")) == ["/b/copy.txt", "/c/moved.md"]
    assert store.vectors.unembedded_totals() == (0, 0)
    assert store.checks.problems() == ()


def test_names_that_are_no_text_are_kept_whole(store: Store) -> None:
    path = os.fsdecode(b"/a/caf\xe9 \xff.txt")
    put(store, path, "word")
    assert find(store, "word") == [path]
    assert path in store.files.known()


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        (Filters(path_globs=("src/**",)), ["/r/src/a.py"]),
        (Filters(path_globs=("*.py",)), ["/r/src/a.py", "/x/b.py"]),
        (Filters(not_path_globs=("src",)), ["/r/doc.txt", "/x/b.py"]),
        (Filters(extensions=("txt",)), ["/r/doc.txt"]),
        (Filters(roots=("x",)), ["/x/b.py"]),
        (Filters(roots=("nowhere",)), []),
        (Filters(within=("/r",)), ["/r/doc.txt", "/r/src/a.py"]),
        (Filters(languages=("de",)), ["/r/doc.txt"]),
        (Filters(after_ns=5), ["/x/b.py"]),
        (Filters(before_ns=5), ["/r/doc.txt", "/r/src/a.py"]),
        (Filters(size_min=11), []),
        (Filters(kinds=("pdf",)), []),
        (Filters(kinds=("text",), not_kinds=("text",)), []),
        (Filters(not_kinds=("pdf",)), ["/r/doc.txt", "/r/src/a.py", "/x/b.py"]),
    ],
)
def test_filters(store: Store, filters: Filters, paths: list[str]) -> None:
    with store.transaction():
        store.files.add_root("/r")
        store.files.add_root("/x")
    put(store, "/r/src/a.py", "word")
    put(store, "/r/doc.txt", "word", language="de")
    put(store, "/x/b.py", "word", mtime_ns=9)
    assert sorted(find(store, "word", filters)) == paths


def test_filters_hold_before_the_limit(store: Store) -> None:
    with store.transaction():
        model = store.vectors.serve("f1", "tiny", DIMENSION)
    for number in range(60):
        put(store, f"/many/{number}.txt", f"word {number}")
    put(store, "/few/one.txt", "word far away")
    embed_all(store)
    condition = passage_condition(Filters(within=("/few",)), [])
    nearest = store.vectors.nearest(model.id, vector_of("word 1")[0], 5, condition)
    assert len(nearest) == 1


def test_offline_roots_are_hidden_and_come_back(store: Store) -> None:
    with store.transaction():
        store.files.add_root("/disk")
    put(store, "/disk/a.txt", "word")
    with store.transaction():
        store.files.set_offline_roots(["/disk"])
        store.files.set_out_of_reach({"/disk/a.txt"})
    assert find(store, "word") == []
    assert [online for _, _, online in store.files.roots()] == [False]
    with store.transaction():
        store.files.set_offline_roots([])
        store.files.set_out_of_reach(())
    assert find(store, "word") == ["/disk/a.txt"]
    assert [online for _, _, online in store.files.roots()] == [True]


def test_files_elsewhere_stay_hidden_while_one_folder_is_looked_at(store: Store) -> None:
    put(store, "/disk/a/a.txt", "word")
    put(store, "/disk/b/b.txt", "word")
    with store.transaction():
        store.files.set_out_of_reach({"/disk/a/a.txt", "/disk/b/b.txt"})
        store.files.set_out_of_reach((), within=["/disk/b"])
    assert find(store, "word") == ["/disk/b/b.txt"]


def test_mount_points_are_remembered_while_they_hold_files(store: Store) -> None:
    put(store, "/disk/a/a.txt", "word")
    with store.transaction():
        store.files.note_mounts({"/disk", "/disk/a", "/disk/b"})
    assert store.files.mounts() == {"/disk", "/disk/a"}
    file_id = store.files.id_of("/disk/a/a.txt")
    assert file_id is not None
    with store.transaction():
        store.documents.remove_files([file_id])
        store.files.note_mounts(())
    assert store.files.mounts() == frozenset()


def test_a_reader_counts_what_can_be_found_once_until_it_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "/a/one.txt", "one")
    with Store(store.path, readonly=True) as reader:
        counted: list[None] = []
        counts = reader.files.counts

        def count() -> Mapping[str, int]:
            counted.append(None)
            return counts()

        monkeypatch.setattr(reader.files, "counts", count)
        assert reader.coverage() == reader.coverage() == Coverage(keyword=1.0, semantic=0.0)
        assert len(counted) == 1
        with store.transaction():
            store.files.upsert(FileRef("/a/two.txt", 1, 1, 1, 1), kind="text", state="pending")
        with reader.snapshot():
            assert reader.coverage().keyword == 0.5
        assert len(counted) == 2


def test_another_model_waits_for_every_chunk(store: Store) -> None:
    with store.transaction():
        store.vectors.serve("f1", "tiny", DIMENSION)
    put(store, "/a/one.txt", "one", "two")
    embed_all(store)
    assert store.coverage().semantic == 1.0
    with store.transaction():
        store.vectors.serve("f2", "other", DIMENSION)
    assert store.coverage().semantic == 0.0
    assert embed_all(store) == 2
    assert store.checks.problems() == ()


def test_locators_survive() -> None:
    locator = Locator(page=3, line_start=1, line_end=2, heading=("a", "b"), time_start_s=1.5)
    assert decode_locator(encode_locator(locator)) == locator
    assert decode_locator(encode_locator(Locator())) == Locator()


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        Store(tmp_path / "none.db", readonly=True)


def test_a_damaged_file_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(b"not a database, not at all" * 1000)
    with pytest.raises(StoreDamagedError) as raised:
        Store(path)
    assert raised.value.remedy


@pytest.mark.parametrize("seed", range(5))
def test_damaged_pages_are_said_to_be(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "index.db"
    with Store(path) as store:
        with store.transaction():
            model = store.vectors.serve("f1", "tiny", DIMENSION)
        file_ids = [put(store, f"/a/{n}.txt", f"word{n} " * 200) for n in range(200)]
        embed_all(store)
        store.tidy()
    generator = np.random.default_rng(seed)
    with path.open("r+b") as file:
        file.seek(2 * 16384)
        file.write(generator.bytes(path.stat().st_size - 2 * 16384))
    terms = query_terms("word7")
    condition = passage_condition(Filters(), [])
    vector = vector_of("word7")[0]
    said = 0
    with Store(path) as store:
        for use in (
            store.files.known,
            store.files.counts,
            lambda: store.matches.chunks(terms, "AND", 10, condition),
            lambda: store.matches.passages(range(1, 200)),
            lambda: store.vectors.nearest(model.id, vector, 10, condition),
            lambda: store.vectors.unembedded(10),
            store.coverage,
            lambda: put(store, "/a/new.txt", "new"),
            store.tidy,
            lambda: store.documents.remove_files(file_ids),
        ):
            try:
                use()
            except StoreDamagedError as error:
                assert "localsearch index" in error.remedy
                said += 1
    assert said


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with apsw.Connection(str(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    # Not StoreDamagedError, for which the file would be set aside.
    with pytest.raises(StoreError, match="another program") as raised:
        Store(path)
    assert not isinstance(raised.value, StoreDamagedError)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with Store(path):
        pass
    with apsw.Connection(str(path)) as later:
        later.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreError) as raised:
        Store(path)
    assert "newer" in raised.value.cause


def test_a_locked_database_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsearch.db.BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "index.db"
    with Store(path) as store:
        other = apsw.Connection(str(path))
        other.execute("BEGIN EXCLUSIVE")
        try:
            with pytest.raises(StoreLockedError), store.transaction():
                pass
        finally:
            other.close()


def test_a_full_disk_is_said_to_be_and_costs_only_the_file_in_hand(store: Store) -> None:
    put(store, "/a/first.txt", "first words")
    pages = int(store._connection.pragma("page_count"))
    # SQLite's own "full", as it comes from a disk without room.
    store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(StoreFullError) as raised:
        for number in range(1000):
            put(store, f"/a/{number}.txt", f"words of {number} " * 200)
    assert raised.value.remedy
    assert find(store, "first") == ["/a/first.txt"]
    assert store.checks.problems() == ()


def test_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "index.db"
    with Store(path):
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0


@given(st.text(max_size=60))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_text_breaks_full_text_search(store: Store, text: str) -> None:
    terms = query_terms(text, prefix_last=True)
    if terms:
        store.matches.chunks(terms, "AND", 5, passage_condition(Filters(), []))
        store.matches.file_names(terms, 5, ("1", []))


_WORDS = ["GitHub", "Actions", "C++", "snake_case", "e-mail", "2020", "Straße", "हिन्दी"]
_UNSPACED = ["東京", "水", "を見る", "ไทย", "학교"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(_WORDS + _UNSPACED), min_size=1, max_size=8),
    st.sampled_from([" ", ", ", "\n", ""]),
    st.data(),
)
def test_every_phrase_of_a_text_finds_it(
    store: Store, words: list[str], joiner: str, data: st.DataObject
) -> None:
    # Two words of letters without anything between them are one.
    pieces = [word if word in _UNSPACED or joiner else f" {word} " for word in words]
    start = data.draw(st.integers(0, len(pieces) - 1))
    end = data.draw(st.integers(start + 1, len(pieces)))
    put(store, "/a/b.txt", joiner.join(pieces))
    phrase = phrase_term(joiner.join(pieces[start:end]))
    assert phrase is not None
    condition = passage_condition(Filters(), store.files.roots(), [phrase])
    assert store.matches.chunks([phrase], "AND", 10, condition)


def test_a_large_backlog_after_a_small_one_is_found_quickly(store: Store) -> None:
    """SQLite plans by what it knows of the tables, which may be from when they held one row."""
    with store.transaction():
        store.vectors.serve("f1", "tiny", DIMENSION)
    put(store, "/a/0.txt", "first")
    embed_all(store)
    store.tidy()
    with store.transaction():
        for number in range(1, 3001):
            put_one(store, f"/a/{number}.txt", f"passage {number}")
    store.learn_sizes()
    began_s = time.monotonic()
    assert len(store.vectors.unembedded(64)) == 64
    # Milliseconds as planned for 3,000 rows, seconds as planned for one.
    assert time.monotonic() - began_s < 0.5


def test_all_freed_space_is_given_back(store: Store) -> None:
    file_id = put(store, "/a/long.txt", *(f"passage {n} " + "words " * 500 for n in range(300)))
    store.tidy()
    full = store.file_bytes()
    with store.transaction():
        store.documents.remove_files([file_id])
    store.tidy()
    assert store.file_bytes() < full / 2


def test_a_folder_whose_name_ends_in_a_backslash_is_not_its_neighbour(store: Store) -> None:
    put(store, "/r/foo/a.txt", "word")
    put(store, "/r/foo\\/b.txt", "word")
    assert find(store, "word", Filters(within=("/r/foo\\",))) == ["/r/foo\\/b.txt"]


def test_of_a_common_word_enough_is_ranked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "_MOST_RANKED_OF_ONE", 100)
    put(store, "/r/long.txt", *["tide"] * 90)
    for number in range(30):
        put(store, f"/r/{number}.txt", f"the tide of letter {number}")
    condition = passage_condition(Filters(), [])
    terms = query_terms("tide")

    def paths(limit: int, *, one_per_document: bool) -> list[str]:
        found = store.matches.chunks(
            terms, "AND", limit, condition, one_per_document=one_per_document
        )
        passages = store.matches.passages(chunk_id for chunk_id, _ in found)
        return [passages[chunk_id].path for chunk_id, _ in found]

    # The first ten are all of one file, so that more have to be ranked.
    assert len(set(paths(1, one_per_document=True))) == 1
    assert len(set(paths(20, one_per_document=True))) == 20
    assert paths(20, one_per_document=False) == ["/r/long.txt"] * 20


@pytest.mark.parametrize(
    ("query", "ranked"),
    [("tide", "all"), ("海", "all"), ("ti", "latest"), ("the tide", "latest")],
)
def test_of_a_single_word_more_is_ranked(
    store: Store, monkeypatch: pytest.MonkeyPatch, query: str, ranked: str
) -> None:
    monkeypatch.setattr(matches, "MOST_RANKED", 20)
    put(store, "/r/best.txt", "the tide 海")
    for number in range(60):
        put(store, f"/r/{number}.txt", f"the tide of 海 in letter {number}, which is longer")
    condition = passage_condition(Filters(), [])
    terms = query_terms(query, prefix_last=query == "ti")
    (best,) = store.matches.chunks(terms, "AND", 1, condition)
    passage = store.matches.passages([best[0]])[best[0]]
    assert (passage.path == "/r/best.txt") == (ranked == "all")


def test_what_another_connection_wrote_meanwhile_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with Store(path) as writing, Store(path) as looking:
        for number in range(30):
            put(writing, f"/r/{number}.txt", f"tide moon and more of the kind {number}")
        assert looking.checks.problems() == ()
        put(writing, "/r/3.txt", "changed tide by another")
        assert looking.checks.problems() == ()
