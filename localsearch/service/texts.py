"""What does the service do with a batch of texts? It embeds or judges it by its own model."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from localsearch.service.wire import ServiceReply
from localsearch.types import ModelError

if TYPE_CHECKING:
    import threading

    from localsearch.api import Index
    from localsearch.service.wire import TextsRequest


def embed(index: Index, batch: TextsRequest, cancel: threading.Event) -> ServiceReply | None:
    """The texts' vectors; None where their model isn't the one in use here."""
    embedder = None
    # Without one of its own it's for who asks to find theirs.
    with contextlib.suppress(ModelError):
        embedder = index.embedder_made_of(batch.model)
    if embedder is None:
        return None
    if not batch.as_queries:
        return ServiceReply(vectors=embedder.embed_documents(batch.texts, cancel=cancel).tobytes())
    rows = (embedder.embed_query(text, cancel=cancel).tobytes() for text in batch.texts)
    return ServiceReply(vectors=b"".join(rows))


def judge(index: Index, batch: TextsRequest, cancel: threading.Event) -> ServiceReply | None:
    """The texts' scores; None where their model isn't the one in use here."""
    reranker = None
    with contextlib.suppress(ModelError):
        reranker = index.reranker_made_of(batch.model)
    if reranker is None:
        return None
    scores = dict(reranker.score(batch.query, batch.texts, cancel=cancel))
    return ServiceReply(scores=tuple(scores[number] for number in range(len(batch.texts))))
