"""An embedder that knows a few topics in a few languages: what it says can be told beforehand."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from localsearch.types import CancelledError

if TYPE_CHECKING:
    from localsearch.types import FloatMatrix, FloatVector, OnVectors

# Words that mean the same.
TOPICS = (("sleep", "schlaf", "睡眠"), ("tea", "tee", "茶"), ("garden", "garten", "花园"))


class ByTopic:
    """Embeds a text as the topics whose words it holds."""

    name = fingerprint = "topics"
    dimension = len(TOPICS) + 1
    max_tokens = 512

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed_query(
        self, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        if cancel is not None and cancel.is_set():
            raise CancelledError
        row = [float(any(word in text.lower() for word in topic)) for topic in TOPICS]
        vector = np.array([*row, 0.1], dtype=np.float32)
        return vector / np.float32(np.linalg.norm(vector))

    def embed_documents(
        self,
        texts: Sequence[str],
        *,
        cancel: threading.Event | None = None,
        on_vectors: OnVectors | None = None,
    ) -> FloatMatrix:
        self.embedded += texts
        vectors = np.stack([self.embed_query(text, cancel=cancel) for text in texts])
        if on_vectors is not None:
            on_vectors(range(len(texts)), vectors)
        return vectors

    def close(self) -> None:
        pass
