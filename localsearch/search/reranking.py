"""Lets a reranker judge the best candidates, as many as the time allows, and orders them anew."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import PurePath
from statistics import mean
from typing import TYPE_CHECKING

from localsearch.search.snippets import make_snippet

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from localsearch.search.candidates import Candidate, QueryWords
    from localsearch.store.state import State
    from localsearch.types import Query, Reranker

# More than this isn't judged: the answer is rarely further down, and each costs up to a second.
MOST_JUDGED = 20
# P(yes) from which the model itself says yes rather than no.
RELEVANT_FROM = 0.5
# "Nothing relevant" is said only when at least so many were judged, or all there are.
ENOUGH_JUDGED = 10
# A passage is cut to one of these numbers of characters where a slow machine couldn't judge enough
# of them whole. Few lengths, as scores are remembered for a text.
_CUTS = (480, 960, 1920)
_MEASURE = "reranker's seconds a character "
# Of less than this, what a batch costs by itself would be most of the time.
_ENOUGH_CHARACTERS = 4000
# Share of the reranker's word in the final score, the rest is the retrieval's. Qwen3-Reranker-0.6B
# gains on prose and loses a little on code (its official MTEB-R and MTEB-Code figures).
_WEIGHT_PROSE = 0.75
_WEIGHT_CODE = 0.4
# Weight of a mean log-probability on the scale of a cosine; measured in English with Gemma 3 270M.
_WEIGHT_LIKELIHOOD = 0.02


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates in their new order, and how many of the best were judged of how many."""

    candidates: list[Candidate]
    count: int
    of: int
    nothing_relevant: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether some that should be judged aren't yet."""
        return self.count < self.of


def rerank(
    candidates: Sequence[Candidate],
    query: Query,
    words: QueryWords,
    reranker: Reranker,
    state: State,
    cancel: threading.Event | None,
) -> Iterator[Judged]:
    """Yield better and better orders until the query's budget is spent; known scores come first.

    Raises CancelledError soon after `cancel` is set.
    """
    deadline_s = time.monotonic() + query.budget_s
    pool = [each for each in candidates if each.passage.text][:MOST_JUDGED]
    wanted = query.wanted
    length = _affordable(state.measure(_MEASURE + reranker.fingerprint), query.budget_s)
    judged_texts = [_judged_text(each, words.needles, length) for each in pool]
    texts = [text for text, _ in judged_texts]
    is_telling = [telling for _, telling in judged_texts]
    scores = state.rerank_scores(reranker.fingerprint, wanted, texts)
    if scores:
        yield _ordered(candidates, pool, scores, is_telling, reranker)
    unknown = [index for index in range(len(pool)) if index not in scores]
    fresh: dict[str, float] = {}
    pace = _Pace()
    try:
        if unknown and time.monotonic() < deadline_s:
            judging = reranker.score(wanted, [texts[index] for index in unknown], cancel=cancel)
            for position, score in judging:
                index = unknown[position]
                scores[index] = fresh[texts[index]] = score
                pace.judged(texts[index])
                yield _ordered(candidates, pool, scores, is_telling, reranker)
                if time.monotonic() >= deadline_s:
                    break
    finally:
        if fresh:
            state.put_rerank_scores(reranker.fingerprint, wanted, fresh)
        if (a_character_s := pace.seconds_a_character) is not None:
            state.put_measure(_MEASURE + reranker.fingerprint, a_character_s)


class _Pace:
    """How long the reranker takes for a character, its start and what comes before it left out."""

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._last_s = 0.0
        self._characters = 0

    def judged(self, text: str) -> None:
        """Note that a text was judged just now."""
        self._last_s = time.monotonic()
        if self._first_s is None:
            self._first_s = self._last_s
        else:
            self._characters += len(text)

    @property
    def seconds_a_character(self) -> float | None:
        """None where too little was judged to tell."""
        if self._first_s is None or self._characters < _ENOUGH_CHARACTERS:
            return None
        return (self._last_s - self._first_s) / self._characters


def _affordable(seconds_a_character: float | None, budget_s: float) -> int | None:
    """The characters of a passage with which enough are judged in time; None for all of them."""
    if not seconds_a_character:
        return None
    most = budget_s / seconds_a_character / ENOUGH_JUDGED
    if most > _CUTS[-1]:
        return None
    return max((cut for cut in _CUTS if cut <= most), default=_CUTS[0])


def _judged_text(
    candidate: Candidate, needles: Sequence[str], length: int | None
) -> tuple[str, bool]:
    """The very passage that matched, under its heading; the file's name first where that did.

    One that's longer than `length` is cut around the words that matched, or to its beginning where
    none did: then it's not told (False) whether the rest is relevant.
    """
    passage = candidate.passage
    text, is_telling = passage.text, True
    if length is not None and len(text) > length:
        text, marks = make_snippet(text, needles, width=length)
        is_telling = bool(marks)
    above = [PurePath(passage.path).name] if candidate.why.name_match else []
    if passage.heading_path:
        above.append(" > ".join(passage.heading_path))
    return "\n".join((*above, text)), is_telling


def _ordered(
    candidates: Sequence[Candidate],
    pool: Sequence[Candidate],
    scores: dict[int, float],
    is_telling: Sequence[bool],
    reranker: Reranker,
) -> Judged:
    ranks = sorted(scores, key=lambda index: -scores[index])
    judged = {id(pool[index]): (scores[index], rank) for rank, index in enumerate(ranks, start=1)}
    is_probability = reranker.score_kind == "rerank"
    # What wasn't judged is taken to be like the lower half of what was: not good, not nothing.
    lower_half = sorted(scores.values())[: max(1, len(scores) // 2)]
    prior = mean(lower_half)
    lowest = min((each.score for each in candidates), default=0.0)
    spread = max((each.score for each in candidates), default=1.0) - lowest or 1.0

    def final(candidate: Candidate) -> float:
        score = judged.get(id(candidate), (prior, 0))[0]
        if not is_probability:
            return candidate.score + _WEIGHT_LIKELIHOOD * score
        weight = _weight(candidate)
        return weight * score + (1 - weight) * (candidate.score - lowest) / spread

    ordered = sorted(candidates, key=lambda each: -final(each))
    result = [_with_score(each, judged.get(id(each)), is_probability) for each in ordered]
    enough = len(scores) >= min(ENOUGH_JUDGED, len(pool))
    all_tell = all(is_telling[index] for index in scores)
    nothing = is_probability and enough and all_tell and max(scores.values()) < RELEVANT_FROM
    return Judged(result, len(scores), len(pool), nothing_relevant=nothing)


def _weight(candidate: Candidate) -> float:
    return _WEIGHT_CODE if candidate.passage.kind == "code" else _WEIGHT_PROSE


def _with_score(
    candidate: Candidate, judged: tuple[float, int] | None, is_probability: bool
) -> Candidate:
    if judged is None:
        return candidate
    score, rank = judged
    weight = _weight(candidate) if is_probability else _WEIGHT_LIKELIHOOD
    why = replace(
        candidate.why,
        rerank_rank=rank,
        rerank_score=score,
        weights=(*candidate.why.weights, ("rerank", weight)),
    )
    return replace(candidate, why=why)
