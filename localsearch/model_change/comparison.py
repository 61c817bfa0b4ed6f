"""How do two models compare on this user's own index? Told before one takes over from the other."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from localsearch.query import parse_query
from localsearch.search.stages import Searcher
from localsearch.types import ModelComparison

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from localsearch.store import Store
    from localsearch.store.state import State
    from localsearch.types import Embedder

MOST_QUERIES = 20
MOST_HEADINGS = 30
_DEPTH = 10


def compare(
    old: tuple[Store, Embedder],
    new: tuple[Store, Embedder],
    open_state: Callable[[], State],
    *,
    cancel: threading.Event | None = None,
) -> ModelComparison:
    """Ask both the user's latest queries, and headings whose file is known; by meaning alone.

    A heading is part of what is embedded, so the second is easier than people's questions, for
    both alike. Raises CancelledError, StoreError, ModelError.
    """
    with open_state() as state:
        queries = state.history(MOST_QUERIES)
    headings = old[0].documents.telling_headings(MOST_HEADINGS)
    texts = [*queries, *headings]
    by_old = _first_paths(*old, texts, open_state, cancel)
    by_new = _first_paths(*new, texts, open_state, cancel)
    same = [
        len(set(before) & set(after)) / len(before)
        for before, after in zip(by_old[: len(queries)], by_new, strict=False)
        if before
    ]
    wanted = list(headings.values())
    return ModelComparison(
        queries=len(same),
        same_share=sum(same) / len(same) if same else 0.0,
        headings=len(wanted),
        found_before=_found(by_old[len(queries) :], wanted),
        found_after=_found(by_new[len(queries) :], wanted),
    )


def _first_paths(
    store: Store,
    embedder: Embedder,
    texts: Sequence[str],
    open_state: Callable[[], State],
    cancel: threading.Event | None,
) -> list[list[str]]:
    searcher = Searcher(store, lambda _: embedder, lambda: None, open_state)
    now = datetime.datetime.now().astimezone()
    found = []
    for text in texts:
        query = parse_query(text, now=now, limit=_DEPTH, mode="semantic", rerank=False)
        *_, stage = searcher.stages(query, cancel=cancel)
        found.append([hit.path for hit in stage.hits])
    return found


def _found(answers: Sequence[Sequence[str]], wanted: Sequence[str]) -> int:
    return sum(path in paths for paths, path in zip(answers, wanted, strict=True))
