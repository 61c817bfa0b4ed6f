"""When is an embedder in memory? From its first use until it's been idle for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localsearch.types import ModelError, ModelFacts

if TYPE_CHECKING:
    from localsearch.types import Embedder, FloatMatrix, FloatVector


class LazyEmbedder:
    """An embedder that `load` makes at its first use and whenever it was freed since.

    It's freed after `idle_s` seconds without use; 0 keeps it until `close`. From any thread.
    With `facts`, remembered from when it was last loaded, asking for them loads nothing.
    """

    def __init__(
        self, load: Callable[[], Embedder], *, idle_s: float, facts: ModelFacts | None = None
    ) -> None:
        self._load = load
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._embedder: Embedder | None = None
        self._facts = facts
        self._users = 0
        self._last_use_s = 0.0
        self._closed = False

    @property
    def name(self) -> str:
        """The model's catalogue name or file name."""
        return self._known().name

    @property
    def fingerprint(self) -> str:
        """Weights, dimension, pooling and prompt in one string: vectors compare only within it."""
        return self._known().fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._known().dimension

    @property
    def max_tokens(self) -> int:
        """Tokens of one text that are embedded; what's longer is cut."""
        return self._known().max_tokens

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are in memory now."""
        return self._embedder is not None

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone, special tokens and prefixes left out."""
        with self._in_use() as embedder:
            return embedder.count_tokens(text)

    def embed_documents(
        self, texts: Sequence[str], *, cancel: threading.Event | None = None
    ) -> FloatMatrix:
        """Vectors of passages; see Embedder."""
        with self._in_use() as embedder:
            return embedder.embed_documents(texts, cancel=cancel)

    def embed_query(
        self, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        """The vector of a query; see Embedder."""
        with self._in_use() as embedder:
            return embedder.embed_query(text, cancel=cancel, code=code)

    def close(self) -> None:
        """Free the weights for good; waits for what is running."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._users)
            self._free()

    def _known(self) -> ModelFacts:
        facts = self._facts
        if facts is None:
            with self._in_use() as embedder:
                facts = facts_of(embedder)
        return facts

    @contextmanager
    def _in_use(self) -> Iterator[Embedder]:
        embedder = self._enter()
        try:
            yield embedder
        finally:
            self._leave()

    def _enter(self) -> Embedder:
        with self._changed:
            if self._closed:
                raise ModelError("the model was closed", "Start the program again.")
            # Under the lock, so that no second copy is loaded beside it.
            embedder = self._embedder or self._open()
            self._users += 1
            return embedder

    def _leave(self) -> None:
        with self._changed:
            self._users -= 1
            self._last_use_s = time.monotonic()
            if self._closed:
                self._changed.notify_all()

    def _open(self) -> Embedder:
        embedder = self._load()
        facts = facts_of(embedder)
        if self._facts not in (None, facts):
            embedder.close()
            raise ModelError(
                f"the model {facts.name} was exchanged while it was in use",
                "Start the program again to use the new one.",
            )
        self._facts, self._embedder = facts, embedder
        self._last_use_s = time.monotonic()
        if self._idle_s > 0:
            threading.Thread(target=self._free_when_idle, daemon=True, name="idle-unload").start()
        return embedder

    def _free_when_idle(self) -> None:
        with self._changed:
            while not self._closed:
                left_s = self._last_use_s + self._idle_s - time.monotonic()
                if self._users == 0 and left_s <= 0:
                    self._free()
                    return
                self._changed.wait(max(left_s, self._idle_s / 10))

    def _free(self) -> None:
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None


def facts_of(embedder: Embedder) -> ModelFacts:
    """What to remember of a loaded model."""
    return ModelFacts(embedder.name, embedder.fingerprint, embedder.dimension, embedder.max_tokens)
