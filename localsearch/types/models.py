"""What the models can do, and what's known of them while they aren't loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    FloatMatrix = npt.NDArray[np.float32]
    FloatVector = npt.NDArray[np.float32]
    # Which of the texts they are, and their vectors.
    OnVectors = Callable[[Sequence[int], FloatMatrix], None]


class Embedder(Protocol):
    """Turns texts into unit vectors; one model, loaded."""

    @property
    def name(self) -> str:
        """The model's catalogue name or file name."""

    @property
    def fingerprint(self) -> str:
        """Weights, dimension, pooling and prompt in one string: vectors compare only within it."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Tokens of one text that are embedded; what's longer is cut."""

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone, special tokens and prefixes left out."""

    def embed_documents(
        self,
        texts: Sequence[str],
        *,
        cancel: threading.Event | None = None,
        on_vectors: OnVectors | None = None,
    ) -> FloatMatrix:
        """Vectors of passages, (len(texts), dimension) float32, unit length.

        `on_vectors` gets each batch's as soon as they're there, in this thread. Raises
        CancelledError soon after `cancel` is set, ModelError when the model fails.
        """

    def embed_query(
        self, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        """The vector of a query, (dimension,) float32, unit length.

        `code` says that source code is looked for, for models whose prompt names the task.
        """

    def close(self) -> None:
        """Free the weights."""


class Reranker(Protocol):
    """Judges query and passage together; one model, loaded."""

    @property
    def name(self) -> str:
        """The model's catalogue name or file name."""

    @property
    def fingerprint(self) -> str:
        """Weights, prompt and method in one string: scores compare only within it."""

    @property
    def score_kind(self) -> Literal["rerank", "likelihood"]:
        """`rerank` scores are P(yes) in 0…1; `likelihood` scores are mean log-probabilities."""

    def score(
        self, query: str, passages: Sequence[str], *, cancel: threading.Event | None = None
    ) -> Iterator[tuple[int, float]]:
        """Yield (index into passages, score), in batches as they are ready."""

    def close(self) -> None:
        """Free the weights."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What stays true of an embedder while it isn't loaded; the names are those of Embedder."""

    name: str
    fingerprint: str
    dimension: int
    max_tokens: int


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The embedding model of the index, and whether searches can use it now."""

    name: str
    fingerprint: str
    dimension: int
    usable: bool
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ModelChangeStatus:
    """How far the vectors of another model are, which are built beside those that serve.

    `eta_s` is what's left at the speed that the model was measured at; None where it never was.
    """

    name: str
    chunks_done: int
    chunks_total: int
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """Two models on the same index, by meaning alone, ten hits deep.

    `same_share` is the share of the old one's hits, to the user's latest `queries`, that the new
    one has too. `found_before` and `found_after` count, of so many `headings`, those to which the
    old and the new model found the file with the heading.
    """

    queries: int
    same_share: float
    headings: int
    found_before: int
    found_after: int
