"""How do models come and go by themselves, while who uses them needn't know?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from localsearch.engine.while_used import WhileUsed
from localsearch.types import ModelError, ModelFacts

if TYPE_CHECKING:
    from localsearch.engine.vocabulary import Vocabulary
    from localsearch.types import Embedder, FloatMatrix, FloatVector, OnVectors, Reranker


class LazyEmbedder:
    """An embedder that `load` makes at its first use and whenever it was freed since.

    It's freed after `idle_s` seconds without use; 0 keeps it until `close`. From any thread.
    With `facts`, remembered from when it was last loaded, asking for them loads nothing; with
    `load_vocabulary`, counting tokens waits for no weights either.
    """

    def __init__(
        self,
        load: Callable[[], Embedder],
        *,
        idle_s: float,
        facts: ModelFacts | None = None,
        load_vocabulary: Callable[[], Vocabulary] | None = None,
    ) -> None:
        self._load = load
        self._facts = facts
        self._weights = WhileUsed(self._load_the_same, idle_s=idle_s)
        self._vocabulary = load_vocabulary and WhileUsed(load_vocabulary, idle_s=idle_s)
        self.is_exchanged = False
        """Whether its file was found to hold another model than it did at first."""

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
        return self._weights.is_loaded

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone, special tokens and prefixes left out."""
        if self._vocabulary is not None and not self.is_loaded:
            with self._vocabulary.in_use() as vocabulary:
                return vocabulary.count_tokens(text)
        with self._weights.in_use() as embedder:
            return embedder.count_tokens(text)

    def embed_documents(
        self,
        texts: Sequence[str],
        *,
        cancel: threading.Event | None = None,
        on_vectors: OnVectors | None = None,
    ) -> FloatMatrix:
        """Vectors of passages; see Embedder."""
        with self._weights.in_use() as embedder:
            return embedder.embed_documents(texts, cancel=cancel, on_vectors=on_vectors)

    def embed_query(
        self, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        """The vector of a query; see Embedder."""
        with self._weights.in_use() as embedder:
            return embedder.embed_query(text, cancel=cancel, code=code)

    def close(self) -> None:
        """Free the weights for good; waits for what is running."""
        self._weights.close()
        if self._vocabulary is not None:
            self._vocabulary.close()

    def _known(self) -> ModelFacts:
        facts = self._facts
        if facts is None:
            with self._weights.in_use() as embedder:
                facts = facts_of(embedder)
        return facts

    def _load_the_same(self) -> Embedder:
        embedder = self._load()
        facts = facts_of(embedder)
        if self._facts not in (None, facts):
            embedder.close()
            self.is_exchanged = True
            raise _exchanged(facts.name)
        self._facts = facts
        return embedder


class LazyReranker:
    """A reranker that is freed after `idle_s` seconds without use, and loaded again when needed.

    Made with it loaded; 0 keeps it until `close`. From any thread.
    """

    def __init__(self, load: Callable[[], Reranker], *, idle_s: float) -> None:
        self._load = load
        self._fingerprint = ""
        self._weights = WhileUsed(self._load_the_same, idle_s=idle_s)
        with self._weights.in_use() as reranker:
            self._name, self._score_kind = reranker.name, reranker.score_kind

    @property
    def name(self) -> str:
        """The model's catalogue name or file name."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Weights, prompt and method in one string: scores compare only within it."""
        return self._fingerprint

    @property
    def score_kind(self) -> Literal["rerank", "likelihood"]:
        """What its scores are; see Reranker."""
        return self._score_kind

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are in memory now."""
        return self._weights.is_loaded

    def score(
        self, query: str, passages: Sequence[str], *, cancel: threading.Event | None = None
    ) -> Iterator[tuple[int, float]]:
        """Yield (index into passages, score); see Reranker."""
        waiting = list(range(len(passages)))
        judge: Reranker | None = None
        while waiting:
            # In use for each step only: who stops half-way holds up neither freeing nor closing.
            with self._weights.in_use() as reranker:
                if reranker is not judge:
                    # At first, and where it was freed since: what's left is asked of the new one.
                    judge, asked = reranker, tuple(waiting)
                    left = [passages[index] for index in asked]
                    scores = reranker.score(query, left, cancel=cancel)
                found = next(scores, None)
            if found is None:
                return
            position, score = found
            waiting.remove(asked[position])
            yield asked[position], score

    def close(self) -> None:
        """Free the weights for good; waits for what is running."""
        self._weights.close()

    def _load_the_same(self) -> Reranker:
        reranker = self._load()
        if self._fingerprint not in ("", reranker.fingerprint):
            reranker.close()
            raise _exchanged(reranker.name)
        self._fingerprint = reranker.fingerprint
        return reranker


def _exchanged(name: str) -> ModelError:
    return ModelError(
        f"the model {name} was exchanged while it was in use",
        "Start the program again to use the new one.",
    )


def facts_of(embedder: Embedder) -> ModelFacts:
    """What to remember of a loaded model."""
    return ModelFacts(embedder.name, embedder.fingerprint, embedder.dimension, embedder.max_tokens)
