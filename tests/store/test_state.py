from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localsearch.store.state import State

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
