"""What does judging a passage cost: with a shared prefix, alone, shorter, and within a budget?"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.engine_rounds import (
    Figure,
    Timed,
    median_ratio,
    median_ratio_of_cores,
    take_turns,
    text_of,
)
from localsearch.engine import prompts
from localsearch.engine.rank_head import load_rank_head
from localsearch.engine.runtime import Context, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localsearch.engine.reranker import GgufReranker
    from localsearch.engine.runtime import Model

PASSAGE_TOKENS = 300
_PREFIX_TOKENS = 90
SHORTER_TOKENS = (100, 200)
_BUDGETS_S = (1, 2, 5)
_LIMIT_OF_PAIRS = 1.12
_MOST_TOKENS = 1024
# Scores of weights in 8 or 4 bits may differ by so much between batches of other shapes.
_SAME_SCORE = 0.01


class PairByPair:
    """Each pair of query and passage as one text, decoded from its beginning, the head off too."""

    def __init__(self, model: Model, threads: int) -> None:
        self._model = model
        self._head = load_rank_head(model.path, model)
        self._context = Context(
            model, output="hidden", batch_tokens=_MOST_TOKENS, max_sequences=1, threads=threads
        )

    def score(self, query: str, passage: str) -> float:
        """P(yes) of one pair."""
        tokens = self.tokens_before(query)
        tokens += self._model.tokenize(" " + passage)
        tokens += self._model.tokenize(prompts.RERANK_SUFFIX, parse_special=True)
        self._context.clear()
        (score,) = self._head.probabilities(self._context.decode([Span(0, tokens)]))
        return score

    def tokens_before(self, query: str) -> list[int]:
        """What stands before every passage. The instruction is empty, to make it short enough."""
        start = prompts.RERANK_INSTRUCT + prompts.RERANK_QUERY + query + prompts.RERANK_DOCUMENT
        before = self._model.tokenize(prompts.RERANK_PREFIX, parse_special=True)
        return before + self._model.tokenize(start)

    def close(self) -> None:
        """Free its memory."""
        self._context.close()


def reranking_figures(
    reranker: GgufReranker, model: Model, threads: int, rounds: int, *,
    label: str, candidates: int, shorter: tuple[int, ...] = SHORTER_TOKENS,
) -> Iterator[Figure]:  # fmt: skip
    """`candidates` passages of 300 tokens at once and one by one; and shorter ones.

    `reranker` must have been loaded with an empty task.
    """
    pairs = PairByPair(model, threads)
    query = _query(pairs)

    def count(text: str) -> int:
        return len(model.tokenize(" " + text))

    passages = {
        size: [text_of(size, count, seed=each) for each in range(candidates)]
        for size in (*shorter, PASSAGE_TOKENS)
    }
    _require_same(reranker, pairs, query, passages[PASSAGE_TOKENS][:2])
    # One by one takes as long for each, so that a few stand for all.
    few = itertools.cycle(_pairs_of(passages[PASSAGE_TOKENS], candidates // 4 or 1))
    works: dict[str, Callable[[], object]] = {
        str(size): lambda texts=texts: list(reranker.score(query, texts))  # type: ignore[misc]
        for size, texts in passages.items()
    }
    works["pairs"] = lambda: [pairs.score(query, each) for each in next(few)]
    taken = take_turns(works, rounds)
    pairs.close()
    share = candidates / (candidates // 4 or 1)
    yield Figure(f"{label}: prefix", len(pairs.tokens_before(query)), "tokens")
    yield _cost(f"{label}: {PASSAGE_TOKENS} tokens, one by one", taken["pairs"], candidates / share)
    costs = {}
    for size in (PASSAGE_TOKENS, *shorter):
        name = f"{label}: {size} tokens, {candidates} candidates"
        costs[size] = _cost(name, taken[str(size)], candidates)
        yield costs[size]
    ours = taken[str(PASSAGE_TOKENS)]
    name = f"{label}: shared prefix ÷ one by one"
    ratio = median_ratio(ours, taken["pairs"], work=share)
    yield replace(ratio, name=name, limit=_LIMIT_OF_PAIRS)
    cores = median_ratio_of_cores(ours, taken["pairs"], work=share)
    yield Figure(f"{name}, by time of the cores", cores, "×")
    for budget_s, size in itertools.product(_BUDGETS_S, sorted(costs)):
        within = int(budget_s * 1000 / costs[size].value)
        yield Figure(f"{label}: within {budget_s} s, {size} tokens", within, "candidates")


def _pairs_of(passages: list[str], size: int) -> list[list[str]]:
    return [passages[at : at + size] for at in range(0, len(passages) - size + 1, size)]


def _cost(name: str, taken: tuple[Timed, ...], candidates: float) -> Figure:
    costs = tuple(each.clock_s * 1000 / candidates for each in taken)
    return Figure(name, sorted(costs)[len(costs) // 2], "ms/candidate", samples=costs)


def _query(pairs: PairByPair) -> str:
    """One that fills the prefix up to its usual length with real weights' vocabulary."""
    query = "water"
    while len(pairs.tokens_before(query)) < _PREFIX_TOKENS:
        query += " market"
    return query


def _require_same(
    reranker: GgufReranker, pairs: PairByPair, query: str, passages: list[str]
) -> None:
    """A faster way to other scores would be none."""
    for index, score in reranker.score(query, passages):
        alone = pairs.score(query, passages[index])
        if abs(alone - score) > _SAME_SCORE:
            raise AssertionError(f"one by one a passage scores {alone:.4f}, not {score:.4f}")
