from __future__ import annotations

import os
from typing import TYPE_CHECKING

import apsw
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from localsearch.keywords import query_terms
from localsearch.store import Store
from localsearch.store.documents import decode_locator, embedding_key, encode_locator
from localsearch.store.filters import passage_condition
from localsearch.types import (
    Chunk,
    Document,
    FileRef,
    Filters,
    Locator,
    NoIndexError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localsearch.types import FloatMatrix

DIMENSION = 8


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "index.db") as opened:
        yield opened


def put(store: Store, path: str, *texts: str, language: str = "en", mtime_ns: int = 1) -> int:
    """Index a file of these passages, without vectors."""
    serving = store.vectors.serving_model()
    document = Document(blocks=(), title="", language=language)
    chunks = [Chunk(text, (), Locator(line_start=1, line_end=1), len(text)) for text in texts]
    with store.transaction():
        ref = FileRef(path, 10, mtime_ns, 1, 1)
        file_id = store.files.upsert(ref, kind="text", state="pending")
        store.documents.replace(
            file_id,
            [(document, chunks)],
            model_id=serving.id if serving else None,
            file_stem=os.path.basename(path).encode("utf-8", "replace").decode(),
        )
        store.files.set_state(file_id, "indexed")
    return file_id


def vector_of(text: str) -> FloatMatrix:
    generator = np.random.default_rng(int.from_bytes(embedding_key(text), "little"))
    vector = generator.standard_normal((1, DIMENSION)).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def embed_all(store: Store) -> int:
    serving = store.vectors.serving_model()
    assert serving is not None
    done = 0
    while batch := store.vectors.unembedded(3):
        with store.transaction():
            for each in batch:
                store.vectors.put(serving.id, [each.key], vector_of(each.chunk.embedded_text))
                done += 1
    return done


def find(store: Store, text: str, filters: Filters | None = None) -> list[str]:
    """Paths of the files that hold all words of `text`, best first."""
    condition = passage_condition(filters or Filters(), store.files.roots())
    found = store.matches.chunks(query_terms(text), "AND", 50, condition)
    passages = store.matches.passages(chunk_id for chunk_id, _ in found)
    return [passages[chunk_id].path for chunk_id, _ in found]


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
    assert find(store, "word") == []
    with store.transaction():
        store.files.set_offline_roots([])
    assert find(store, "word") == ["/disk/a.txt"]


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


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with apsw.Connection(str(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(StoreDamagedError):
        Store(path)
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


class Churn(RuleBasedStateMachine):
    """Random files come, change, move and go; the tables must agree after every step."""

    folder: Path
    count = 0

    def __init__(self) -> None:
        super().__init__()
        Churn.count += 1
        self.store = Store(self.folder / f"churn{Churn.count}.db")
        with self.store.transaction():
            self.store.vectors.serve("f1", "tiny", DIMENSION)
        self.held: dict[str, tuple[str, ...]] = {}

    names = st.sampled_from([f"/r/{name}.txt" for name in "abcde"])
    texts = st.lists(st.sampled_from(["red", "green", "blue", "red green"]), max_size=3)

    @rule(path=names, words=texts)
    def write(self, path: str, words: list[str]) -> None:
        put(self.store, path, *words)
        self.held[path] = tuple(words)

    @rule(path=names)
    def remove(self, path: str) -> None:
        file_id = self.store.files.id_of(path)
        if file_id is not None:
            with self.store.transaction():
                self.store.documents.remove_files([file_id])
            del self.held[path]

    @rule(old=names, new=names)
    def move(self, old: str, new: str) -> None:
        if old in self.held and new not in self.held:
            with self.store.transaction():
                self.store.files.move(old, FileRef(new, 10, 1, 1, 1))
            self.held[new] = self.held.pop(old)

    @rule()
    def embed(self) -> None:
        embed_all(self.store)

    @rule(fingerprint=st.sampled_from(["f1", "f2"]))
    def change_model(self, fingerprint: str) -> None:
        with self.store.transaction():
            self.store.vectors.serve(fingerprint, fingerprint, DIMENSION)

    @invariant()
    def tables_agree(self) -> None:
        assert self.store.checks.problems() == ()
        assert set(self.store.files.known()) == set(self.held)
        for word in ("red", "green", "blue"):
            expected = {p for p, texts in self.held.items() if any(word in t for t in texts)}
            assert set(find(self.store, word)) == expected

    def teardown(self) -> None:
        self.store.close()


def test_tables_agree_through_any_churn(tmp_path: Path) -> None:
    Churn.folder = tmp_path
    run_state_machine_as_test(
        Churn,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@given(st.text(max_size=60))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_text_breaks_full_text_search(store: Store, text: str) -> None:
    terms = query_terms(text, prefix_last=True)
    if terms:
        store.matches.chunks(terms, "AND", 5, passage_condition(Filters(), []))
        store.matches.file_names(terms, (), 5, ("1", []))
