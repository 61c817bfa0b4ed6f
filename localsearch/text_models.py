"""Which model embeds or judges texts: the running service's, or one that's loaded for it here?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from localsearch.service.client import have_done
from localsearch.service.wire import TextsRequest
from localsearch.types import ModelError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator, Sequence

    from localsearch.config import Paths, Settings
    from localsearch.types import Embedder, FloatMatrix, Reranker

_BATCH_TEXTS = 256
# A batch is whole before any of it is given; so much is embedded within seconds by most models.
_BATCH_CHARACTERS = 64_000


def in_batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in bounded batches, in order; a text that's larger than one is a batch of its own."""
    batch: list[str] = []
    room = _BATCH_CHARACTERS
    for text in texts:
        if batch and (len(batch) == _BATCH_TEXTS or len(text) > room):
            yield batch
            batch, room = [], _BATCH_CHARACTERS
        batch.append(text)
        room -= len(text)
    if batch:
        yield batch


class TextEmbedder:
    """Embeds by the service where it has that model, by one that's loaded here otherwise.

    Raises ModelError when there is no such model.
    """

    def __init__(self, paths: Paths, settings: Settings, name: str = "") -> None:
        from localsearch.models.opening import facts_source

        self._paths, self._settings, self._name = paths, settings, name
        self._source = facts_source(paths, settings, name)
        self._here: Embedder | None = None
        if not paths.socket_file.exists():
            self._open()

    def embed(
        self, texts: Sequence[str], *, as_queries: bool, cancel: threading.Event
    ) -> FloatMatrix:
        """Their vectors, unit length, in order."""
        import numpy as np

        if self._here is None:
            batch = TextsRequest(self._source, tuple(texts), as_queries=as_queries)
            done = have_done(self._paths.socket_file, "embed", batch, cancel=cancel)
            if done is not None and done.vectors is not None:
                return np.frombuffer(done.vectors, np.float32).reshape(len(texts), -1)
        # Once it's loaded here, asking any more would gain nothing.
        embedder = self._open()
        if not as_queries:
            return embedder.embed_documents(texts, cancel=cancel)
        return np.stack([embedder.embed_query(text, cancel=cancel) for text in texts])

    def _open(self) -> Embedder:
        from localsearch.models import open_embedder

        if self._here is None:
            self._here = open_embedder(self._paths, self._settings, self._name)
        return self._here

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._here is not None:
            self._here.close()


class TextReranker:
    """Judges by the service where it has that reranker, by one that's loaded here otherwise.

    Raises ModelError when there is none.
    """

    def __init__(self, paths: Paths, settings: Settings, name: str = "") -> None:
        from localsearch.models.opening import reranker_source

        self._paths, self._settings, self._name = paths, settings, name
        self._source = reranker_source(paths, settings, name)
        self._here: Reranker | None = None
        if not (self._source and paths.socket_file.exists()):
            self._open()

    def score(self, query: str, texts: Sequence[str], *, cancel: threading.Event) -> list[float]:
        """What each is worth as an answer, in order."""
        if self._here is None:
            batch = TextsRequest(self._source, tuple(texts), query)
            done = have_done(self._paths.socket_file, "rerank", batch, cancel=cancel)
            if done is not None and done.scores is not None:
                return list(done.scores)
        scores = dict(self._open().score(query, texts, cancel=cancel))
        return [scores[number] for number in range(len(texts))]

    def _open(self) -> Reranker:
        from localsearch.models import open_reranker

        if self._here is None:
            self._here = open_reranker(self._paths, self._settings, self._name)
        if self._here is None:
            raise ModelError(
                "no reranker is installed", "`localsearch models list` shows how to get one."
            )
        return self._here

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._here is not None:
            self._here.close()
