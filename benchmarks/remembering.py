"""An embedder that embeds each text once, in this run and in later ones, so that benchmarks of
ranking don't wait for the model; an index that uses it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from localsearch.api import Index

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from localsearch.config import Paths, Settings
    from localsearch.types import Embedder, FloatMatrix, FloatVector, OnVectors


class RememberingEmbedder:
    """Hands on to a real embedder what it hasn't embedded yet."""

    def __init__(self, real: Embedder, file: Path) -> None:
        self._real = real
        self._file = file
        self._vectors: dict[str, FloatVector] = {}
        if file.exists():
            with np.load(file) as kept:
                self._vectors = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
        self.name = real.name
        self.fingerprint = real.fingerprint
        self.dimension = real.dimension
        self.max_tokens = real.max_tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone."""
        return self._real.count_tokens(text)

    def embed_documents(
        self,
        texts: Sequence[str],
        *,
        cancel: threading.Event | None = None,
        on_vectors: OnVectors | None = None,
    ) -> FloatMatrix:
        """Vectors of passages, of the real embedder where they're new."""
        keys = [self._key("document", text) for text in texts]
        new = [row for row, key in enumerate(keys) if key not in self._vectors]
        if new:
            vectors = self._real.embed_documents([texts[row] for row in new], cancel=cancel)
            self._vectors.update(zip((keys[row] for row in new), vectors, strict=True))
        found = np.array([self._vectors[key] for key in keys], dtype=np.float32)
        if on_vectors is not None:
            on_vectors(range(len(texts)), found)
        return found

    def embed_query(
        self, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        """The vector of a query, of the real embedder where it's new."""
        key = self._key("code query" if code else "query", text)
        if key not in self._vectors:
            self._vectors[key] = self._real.embed_query(text, cancel=cancel, code=code)
        return self._vectors[key]

    def _key(self, use: str, text: str) -> str:
        return hashlib.sha256(f"{self.fingerprint}\0{use}\0{text}".encode()).hexdigest()

    def keep(self) -> None:
        """Write all vectors to the file, for the next run."""
        keys = np.array(list(self._vectors))
        np.savez(self._file, keys=keys, vectors=np.array(list(self._vectors.values())))

    def close(self) -> None:
        """Does nothing: several indexes share one."""


class SharingIndex(Index):
    """An index that uses the embedder it's given."""

    def __init__(self, paths: Paths, settings: Settings, embedder: Embedder) -> None:
        super().__init__(paths, settings)
        self._shared = embedder

    def _open_embedder(self, name: str = "", *, cancel: threading.Event | None = None) -> Embedder:
        return self._shared
