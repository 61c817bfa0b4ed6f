from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest

from localsearch.search.candidates import Candidate, query_words
from localsearch.search.reranking import MOST_JUDGED, Judged, rerank
from localsearch.store.matches import Passage
from localsearch.store.state import State
from localsearch.types import Locator, Query, Why

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


LONG = "The harbour was quiet. " * 200 + "The lighthouse keeper wrote it down. " + "Fog. " * 500


@dataclass
class Counting:
    """A reranker that prefers later passages, and keeps what it was shown."""

    score_kind: Literal["rerank", "likelihood"] = "rerank"
    name: str = "counting"
    fingerprint: str = "counting"
    shown: list[str] = field(default_factory=list)
    most: int = MOST_JUDGED

    def score(
        self, query: str, passages: Sequence[str], *, cancel: object = None
    ) -> Iterator[tuple[int, float]]:
        for index, passage in enumerate(passages[: self.most]):
            self.shown.append(passage)
            yield index, (index + 1) / 100

    def close(self) -> None:
        pass


def candidates(*texts: str) -> list[Candidate]:
    found = []
    for number, text in enumerate(texts, start=1):
        passage = Passage(
            number, number, f"/{number}.txt", "", "", "text", None, Locator(), (), text, 0, True
        )
        found.append(Candidate(passage, Why(), 1 - number / 100))
    return found


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "state.db") as opened:
        yield opened


def judge(reranker: Counting, texts: Sequence[str], state: State, budget_s: float = 60.0) -> Judged:
    query = Query(raw="lighthouse", text="lighthouse", budget_s=budget_s)
    *_, last = rerank(candidates(*texts), query, query_words(query), reranker, state, None)
    return last


def test_a_slow_machine_judges_the_part_that_matched(state: State) -> None:
    state.put_measure("reranker's seconds a character counting", 0.001)
    reranker = Counting()
    judge(reranker, [LONG], state, budget_s=2.0)
    (shown,) = reranker.shown
    assert "lighthouse keeper" in shown
    assert len(shown) <= 482


def test_a_fast_machine_judges_passages_whole(state: State) -> None:
    state.put_measure("reranker's seconds a character counting", 1e-6)
    reranker = Counting()
    judge(reranker, [LONG], state, budget_s=2.0)
    assert reranker.shown == [LONG]


def test_the_speed_is_measured_by_judging(state: State) -> None:
    judge(Counting(), [LONG, f"{LONG}2", f"{LONG}3"], state)
    measured = state.measure("reranker's seconds a character counting")
    assert measured is not None
    assert 0 < measured < 1e-3


def test_a_few_characters_tell_no_speed(state: State) -> None:
    judge(Counting(), [LONG, "one", "two"], state)
    assert state.measure("reranker's seconds a character counting") is None


def test_nothing_relevant_is_not_said_of_what_was_not_read(state: State) -> None:
    texts = [LONG, LONG.replace("lighthouse", "tavern")]
    assert judge(Counting(), texts, state).nothing_relevant
    state.put_measure("reranker's seconds a character counting", 0.001)
    assert not judge(Counting(), texts, state, budget_s=2.0).nothing_relevant


def test_how_many_of_the_best_were_judged_is_told(state: State) -> None:
    texts = [f"text {number}" for number in range(MOST_JUDGED + 5)]
    query = Query(raw="text", text="text", budget_s=60.0)
    orders = rerank(candidates(*texts), query, query_words(query), Counting(most=3), state, None)
    counts = [(each.count, each.of) for each in orders]
    assert counts == [(1, MOST_JUDGED), (2, MOST_JUDGED), (3, MOST_JUDGED)]


def test_what_was_not_judged_is_neither_first_nor_nothing(state: State) -> None:
    query = Query(raw="text", text="text", budget_s=60.0)
    texts = [f"text {number}" for number in range(8)]
    *_, last = rerank(candidates(*texts), query, query_words(query), Counting(most=4), state, None)
    order = [each.passage.text for each in last.candidates]
    assert set(order) == set(texts)
    assert order.index("text 3") < order.index("text 7")
    assert not last.nothing_relevant
