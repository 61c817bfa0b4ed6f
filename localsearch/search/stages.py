"""Answers a query in stages: what holds its words, what means the same, what a reranker says."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from localsearch.search.candidates import (
    Candidate,
    keyword_candidates,
    one_per_file,
    query_words,
    still_stand,
    vector_candidates,
)
from localsearch.search.copies import without_copies
from localsearch.search.fusing import fuse
from localsearch.search.hits import hit_of
from localsearch.search.language_bias import (
    STRENGTH,
    STRENGTH_BESIDE_WORDS,
    without_language,
)
from localsearch.search.reranking import RELEVANT_FROM, rerank
from localsearch.types import (
    MEANING_IS_OFF,
    CancelledError,
    Hit,
    LocalsearchError,
    SemanticUnavailableError,
    Stage,
    Timings,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from localsearch.search.candidates import QueryWords
    from localsearch.store import Store
    from localsearch.store.state import State
    from localsearch.store.vectors import ServingModel
    from localsearch.types import Embedder, Filters, Query, Reranker, ScoreKind

_ESTIMATED = "{} of the best {} could be judged in time; the places of the others are estimated."
_ONLY_NEAREST = "No passage holds the words of the query: these are the nearest in meaning."


@dataclass(slots=True)
class _Clock:
    """Adds up the milliseconds of each part of one search."""

    started_s: float
    timings: Timings = field(default_factory=Timings)

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        began_s = time.perf_counter()
        try:
            yield
        finally:
            elapsed_ms = (time.perf_counter() - began_s) * 1000
            before = getattr(self.timings, part)
            self.timings = replace(self.timings, **{part: before + elapsed_ms})

    def now(self) -> Timings:
        """The timings so far, the total included."""
        return replace(self.timings, total=(time.perf_counter() - self.started_s) * 1000)


class Searcher:
    """Searches one index; used by one thread at a time.

    `embedder_for` gives the loaded model whose vectors the index holds, or raises
    LocalsearchError with the reason and the remedy. `open_reranker` gives the reranker, None where
    there's none; `open_state` opens what searches remember.
    """

    def __init__(
        self,
        store: Store,
        embedder_for: Callable[[ServingModel], Embedder],
        open_reranker: Callable[[], Reranker | None],
        open_state: Callable[[], State],
    ) -> None:
        self._store = store
        self._embedder_for = embedder_for
        self._open_reranker = open_reranker
        self._open_state = open_state

    def stages(self, query: Query, *, cancel: threading.Event | None = None) -> Iterator[Stage]:
        """Yield complete ranked lists, each better than the one before; the last has `final` set.

        Raises CancelledError soon after `cancel` is set, and SemanticUnavailableError when the
        mode is semantic and there's no model for it.
        """
        clock = _Clock(time.perf_counter())
        words = query_words(query)
        with clock.time("keyword"), self._store.snapshot():
            as_of = self._store.data_version()
            by_word = self._by_word(query, words)
            first = self._hits(by_word, query, words, "keyword")
            coverage = self._store.coverage()
        stage = Stage("keyword", query.mode, first, clock.now(), coverage)
        wants_meaning = query.mode != "keyword" and bool(query.wanted)
        if not wants_meaning:
            yield replace(stage, final=True, nothing_relevant=not first)
            return
        if query.mode == "hybrid":
            yield stage
        _check(cancel)
        try:
            ranked = self._by_meaning(query, words, by_word, as_of, clock, cancel)
        except CancelledError:
            raise
        except LocalsearchError as error:
            if query.mode == "semantic":
                raise SemanticUnavailableError(error.cause, error.remedy) from error
            notice = f"{MEANING_IS_OFF} {error.cause}. {error.remedy}".strip()
            yield replace(stage, final=True, nothing_relevant=not first, notice=notice)
            return
        kind: ScoreKind = "vector" if query.mode == "semantic" else "fusion"
        with self._store.snapshot():
            hits = self._hits(ranked, query, words, kind)
        stage = Stage("hybrid", query.mode, hits, clock.now(), coverage, nothing_relevant=not hits)
        reranker, notice = self._reranker(query)
        if query.mode == "hybrid" and hits and not any(each.why.keyword_rank for each in ranked):
            # No cosine says of itself that it's too low: a word that nobody wrote has neighbours.
            stage = replace(stage, notice=_ONLY_NEAREST)
        if reranker is None or not hits:
            yield replace(stage, final=True, notice=f"{stage.notice} {notice}".strip())
            return
        yield stage
        yield from self._reranked(stage, ranked, query, words, clock, reranker, cancel)

    def _reranker(self, query: Query) -> tuple[Reranker | None, str]:
        if not query.rerank or query.budget_s <= 0:
            return None, ""
        try:
            return self._open_reranker(), ""
        except LocalsearchError as error:
            return None, f"Reranking is off: {error.cause}. {error.remedy}".strip()

    def _reranked(
        self,
        stage: Stage,
        ranked: Sequence[Candidate],
        query: Query,
        words: QueryWords,
        clock: _Clock,
        reranker: Reranker,
        cancel: threading.Event | None,
    ) -> Iterator[Stage]:
        shown = _distinct(ranked, query)
        kind: ScoreKind = "fusion" if query.mode == "hybrid" else "vector"
        told = ""
        with self._open_state() as state:
            orders = rerank(shown, query, words, reranker, state, cancel)
            while True:
                try:
                    with clock.time("rerank"):
                        judged = next(orders, None)
                except CancelledError:
                    raise
                except LocalsearchError as error:
                    told = f"Reranking stopped: {error.cause}. {error.remedy}".strip()
                    break
                if judged is None:
                    break
                told = _ESTIMATED.format(judged.count, judged.of) if judged.is_partial else ""
                hits = tuple(
                    _judged_hit(each, words, kind, reranker.score_kind)
                    for each in judged.candidates[: query.limit]
                )
                stage = replace(
                    stage,
                    name="reranked",
                    # A probability says by itself what's relevant.
                    notice="" if reranker.score_kind == "rerank" else stage.notice,
                    hits=hits,
                    timings_ms=clock.now(),
                    reranked=judged.count,
                    estimated=judged.is_partial,
                    nothing_relevant=judged.nothing_relevant,
                )
                yield stage
        notice = f"{stage.notice} {told}".strip()
        yield replace(stage, final=True, timings_ms=clock.now(), notice=notice)

    def _by_word(self, query: Query, words: QueryWords) -> list[Candidate]:
        # Where nothing is said but filters, there's no meaning to look for.
        if query.mode == "semantic" and query.wanted:
            return []
        return keyword_candidates(self._store, query, words)

    def _by_meaning(
        self,
        query: Query,
        words: QueryWords,
        by_word: Sequence[Candidate],
        as_of: int,
        clock: _Clock,
        cancel: threading.Event | None,
    ) -> list[Candidate]:
        serving = self._store.vectors.serving_model()
        if serving is None:
            raise SemanticUnavailableError(
                "nothing has been embedded yet",
                "Run `localsearch models list` to see the models, then `localsearch index`.",
            )
        embedder = self._embedder_for(serving)
        with clock.time("embed"):
            code = finds_only_code(query.filters)
            vector = embedder.embed_query(query.wanted, cancel=cancel, code=code)
        _check(cancel)
        with self._store.snapshot():
            if self._store.data_version() != as_of:
                # A passage's id may be that of another by now, whose vector it would be given.
                with clock.time("keyword"):
                    if not (by_word and still_stand(self._store, by_word)):
                        by_word = self._by_word(query, words)
            directions = self._store.vectors.language_directions(serving)
            if directions is not None:
                strength = STRENGTH if query.mode == "semantic" else STRENGTH_BESIDE_WORDS
                vector = without_language(vector, directions, strength)
            with clock.time("vector"):
                by_meaning = vector_candidates(self._store, serving.id, query, words, vector)
            _check(cancel)
            if query.mode == "semantic":
                return by_meaning
            with clock.time("fuse"):
                return fuse(self._store, serving.id, query, vector, by_word, by_meaning)

    def _hits(
        self,
        candidates: Sequence[Candidate],
        query: Query,
        words: QueryWords,
        kind: ScoreKind,
    ) -> tuple[Hit, ...]:
        shown = _distinct(candidates, query)
        return tuple(_hit(each, words, kind) for each in shown[: query.limit])


def _distinct(candidates: Sequence[Candidate], query: Query) -> list[Candidate]:
    """What a list shows: each file once unless its passages are wanted, each text once.

    A listing of files, which asks for no words, shows all: they're what was asked for.
    """
    shown = list(candidates) if query.passages else one_per_file(candidates)
    return without_copies(shown) if query.wanted else shown


def finds_only_code(filters: Filters) -> bool:
    """Whether nothing but source code can be found, for which models have a task of its own."""
    if filters.kinds or not filters.extensions:
        return set(filters.kinds) == {"code"}
    from localsearch.query.values import parse_kind

    return all(parse_kind(extension) == "code" for extension in filters.extensions)


def _hit(candidate: Candidate, words: QueryWords, kind: ScoreKind) -> Hit:
    hit = hit_of(candidate.passage, candidate.score, kind, candidate.why, words.needles)
    return replace(hit, copies=candidate.copies)


def _judged_hit(
    candidate: Candidate, words: QueryWords, kind: ScoreKind, judged_kind: ScoreKind
) -> Hit:
    score = candidate.why.rerank_score
    if score is None:
        return _hit(candidate, words, kind)
    hit = _hit(candidate, words, judged_kind)
    relevant = score >= RELEVANT_FROM if judged_kind == "rerank" else None
    return replace(hit, score=score, relevant=relevant)


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError("the search was stopped")
