"""Answers a query in stages: what holds its words at once, then what means the same."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from localsearch.candidates import (
    Candidate,
    fuse,
    keyword_candidates,
    one_per_file,
    query_words,
    vector_candidates,
)
from localsearch.snippets import make_snippet
from localsearch.types import (
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

    from localsearch.candidates import QueryWords
    from localsearch.store import Store
    from localsearch.store.vectors import ServingModel
    from localsearch.types import Embedder, Query, ScoreKind


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
    LocalsearchError with the reason and the remedy.
    """

    def __init__(self, store: Store, embedder_for: Callable[[ServingModel], Embedder]) -> None:
        self._store = store
        self._embedder_for = embedder_for

    def stages(self, query: Query, *, cancel: threading.Event | None = None) -> Iterator[Stage]:
        """Yield complete ranked lists, each better than the one before; the last has `final` set.

        Raises CancelledError soon after `cancel` is set, and SemanticUnavailableError when the
        mode is semantic and there's no model for it.
        """
        clock = _Clock(time.perf_counter())
        words = query_words(query)
        with clock.time("keyword"), self._store.snapshot():
            by_word = (
                [] if query.mode == "semantic" else keyword_candidates(self._store, query, words)
            )
            first = self._hits(by_word, query, words, "keyword")
            coverage = self._store.coverage()
        stage = Stage("keyword", query.mode, first, clock.now(), coverage)
        wants_meaning = query.mode != "keyword" and bool(query.text.strip() or query.phrases)
        if not wants_meaning:
            yield replace(stage, final=True, nothing_relevant=not first)
            return
        if query.mode == "hybrid":
            yield stage
        _check(cancel)
        try:
            ranked = self._by_meaning(query, words, by_word, clock, cancel)
        except CancelledError:
            raise
        except LocalsearchError as error:
            if query.mode == "semantic":
                raise SemanticUnavailableError(error.cause, error.remedy) from error
            notice = f"Search by meaning is off: {error.cause}. {error.remedy}".strip()
            yield replace(stage, final=True, nothing_relevant=not first, notice=notice)
            return
        kind: ScoreKind = "vector" if query.mode == "semantic" else "fusion"
        with self._store.snapshot():
            hits = self._hits(ranked, query, words, kind)
        yield Stage(
            "hybrid",
            query.mode,
            hits,
            clock.now(),
            coverage,
            final=True,
            nothing_relevant=not hits,
        )

    def _by_meaning(
        self,
        query: Query,
        words: QueryWords,
        by_word: Sequence[Candidate],
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
            wanted = " ".join((query.text, *query.phrases)).strip()
            vector = embedder.embed_query(wanted, cancel=cancel)
        _check(cancel)
        with self._store.snapshot():
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
        shown = candidates if query.passages else one_per_file(candidates)
        return tuple(_hit(each, words, kind) for each in shown[: query.limit])


def _hit(candidate: Candidate, words: QueryWords, kind: ScoreKind) -> Hit:
    passage = candidate.passage
    snippet, highlights = make_snippet(passage.text, words.needles)
    return Hit(
        path=passage.path,
        member=passage.member,
        title=passage.title or PurePath(passage.path).name,
        kind=passage.kind,
        language=passage.language,
        locator=passage.locator,
        snippet=snippet,
        highlights=highlights,
        score=candidate.score,
        score_kind=kind,
        why=candidate.why,
        mtime_ns=passage.mtime_ns,
        text=passage.text,
        chunk_id=passage.chunk_id,
    )


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError("the search was stopped")
