from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localsearch.store.state import State
from localsearch.types import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "state.db") as opened:
        yield opened


def test_history_is_latest_first_and_holds_each_once(state: State) -> None:
    for text in ("one", "two", "one", "bad \udcff"):
        state.remember(text)
    assert state.history() == ["bad ?", "one", "two"]
    assert state.history(1) == ["bad ?"]
    state.clear_history()
    assert state.history() == []


def test_history_is_bounded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsearch.store.state._KEPT_HISTORY", 3)
    for number in range(6):
        state.remember(str(number))
    assert state.history() == ["5", "4", "3"]


def test_saved_searches(state: State) -> None:
    state.save_search("b", "kind:pdf")
    state.save_search("a", "lang:de")
    state.save_search("b", "kind:mail")
    assert list(state.saved_searches().items()) == [("a", "lang:de"), ("b", "kind:mail")]
    state.delete_search("b")
    assert "b" not in state.saved_searches()


def test_scores_are_of_one_query_one_passage_and_one_model(state: State) -> None:
    state.put_rerank_scores("m1", "q", {"p1": 0.25, "p2": 0.5})
    assert state.rerank_scores("m1", "q", ["p2", "p3", "p1"]) == {0: 0.5, 2: 0.25}
    assert state.rerank_scores("m2", "q", ["p1"]) == {}
    assert state.rerank_scores("m1", "qp", ["1"]) == {}


def test_scores_are_bounded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsearch.store.state._KEPT_SCORES", 8)
    for number in range(12):
        state.put_rerank_scores("m", "q", {str(number): 0.1})
    known = state.rerank_scores("m", "q", [str(number) for number in range(12)])
    assert len(known) <= 8
    assert 11 in known


def test_measures(state: State) -> None:
    assert state.measure("speed") is None
    state.put_measure("speed", 1.5)
    state.put_measure("speed", 2.5)
    assert state.measure("speed") == 2.5


def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database" * 1000)
    with State(path) as state:
        assert state.history() == []
        state.save_search("mine", "kind:pdf")
    with State(path) as state:
        assert state.saved_searches() == {"mine": "kind:pdf"}
    (kept,) = tmp_path.glob("state.db.damaged-*")
    assert kept.read_bytes() == b"not a database" * 1000
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert kept.name in caplog.text


def test_what_can_be_read_of_a_damaged_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with State(path) as state:
        state.save_search("mine", "kind:pdf")
        for number in range(400):
            state.put_rerank_scores("m", "q", {f"{number}": 0.5})
        scores = root_page(state, "rerank_scores")
    with path.open("r+b") as file:
        file.seek((scores - 1) * 16384)
        file.write(b"\xff" * 16384)
    with State(path) as state:
        assert state.rerank_scores("m", "q", ["1"]) == {}
        assert state.saved_searches() == {"mine": "kind:pdf"}
        state.put_rerank_scores("m", "q", {"1": 0.5})
    assert len(list(tmp_path.glob("state.db.damaged-????-??-??"))) == 1


def root_page(state: State, table: str) -> int:
    """The page that a table begins on."""
    connection = state._connection
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return int(page)


def test_two_that_find_the_damage_keep_one_new_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with State(path) as first, State(path) as second:
        first.save_search("a", "b")
        page = root_page(first, "history")
        with path.open("r+b") as file:
            file.seek((page - 1) * 16384)
            file.write(b"\xff" * 16384)
        first.remember("one")
        second.remember("two")
        assert sorted(first.history()) == ["one", "two"]
    assert len(list(tmp_path.glob("state.db.damaged-????-??-??"))) == 1


def test_a_newer_file_is_left_alone_and_done_without(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with State(path) as state:
        state.remember("old")
        state._connection.execute("PRAGMA user_version = 99")
        state._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with State(path) as state:
        state.remember("one")
        assert state.history() == ["one"]
    assert path.read_bytes() == before


def test_where_nothing_can_be_written_it_is_done_without(state: State) -> None:
    state._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=r"saved searches.*state\.db") as caught:
        state.save_search("a", "b")
    assert "index" not in str(caught.value)
    state.remember("one")
    assert state.history() == ["one"]
