"""The same vectors in the libraries that others build on, each with the effort to find as much."""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localsearch.types import FloatMatrix, FloatVector

# Effort of a search, the least of which is taken that finds what ours finds.
EFFORTS = (16, 32, 64, 128, 256, 512, 1024)
# Graphs as their makers recommend for 1,000 numbers a vector.
_LINKS, _BUILD_EFFORT = 16, 128


class Peer(Protocol):
    """A library that holds the vectors in memory."""

    def search(self, query: FloatVector, count: int, effort: int) -> list[int]:
        """Numbers of the nearest vectors, best first."""

    def save(self, path: Path) -> None:
        """Write what's held to a file."""


class _Hnswlib:
    def __init__(self, library: Any, vectors: FloatMatrix) -> None:
        self._index = library.Index(space="cosine", dim=vectors.shape[1])
        self._index.init_index(len(vectors), M=_LINKS, ef_construction=_BUILD_EFFORT)
        self._index.add_items(vectors)

    def search(self, query: FloatVector, count: int, effort: int) -> list[int]:
        self._index.set_ef(max(effort, count))
        found: list[int] = self._index.knn_query(query, count)[0][0].tolist()
        return found

    def save(self, path: Path) -> None:
        self._index.save_index(str(path))


class _Usearch:
    def __init__(self, library: Any, vectors: FloatMatrix) -> None:
        self._index = library.Index(
            ndim=vectors.shape[1],
            metric="cos",
            dtype="i8",
            connectivity=_LINKS,
            expansion_add=_BUILD_EFFORT,
        )
        self._index.add(np.arange(len(vectors)), vectors)

    def search(self, query: FloatVector, count: int, effort: int) -> list[int]:
        self._index.expansion_search = effort
        found: list[int] = self._index.search(query, count).keys.tolist()
        return found

    def save(self, path: Path) -> None:
        self._index.save(str(path))


class _Faiss:
    def __init__(self, library: Any, vectors: FloatMatrix) -> None:
        self._library = library
        self._index = library.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def search(self, query: FloatVector, count: int, effort: int) -> list[int]:
        del effort
        found: list[int] = self._index.search(query[None], count)[1][0].tolist()
        return found

    def save(self, path: Path) -> None:
        self._library.write_index(self._index, str(path))


_PEERS: dict[str, tuple[str, Callable[[Any, FloatMatrix], Peer]]] = {
    "hnswlib": ("hnswlib", _Hnswlib),
    "usearch i8": ("usearch.index", _Usearch),
    "faiss FlatIP": ("faiss", _Faiss),
}


def measure(
    vectors: FloatMatrix,
    queries: FloatMatrix,
    recall_of: Callable[[list[list[int]]], float],
    wanted_recall: float,
) -> Iterator[tuple[str, dict[str, float | str]]]:
    """Figures of each peer, or why there are none."""
    for name, (module, make) in _PEERS.items():
        try:
            library = importlib.import_module(module)
        except ImportError:
            yield name, {"missing": f"pip install {module.partition('.')[0]}"}
            continue
        began_s = time.perf_counter()
        peer = make(library, vectors)
        build_s = time.perf_counter() - began_s
        for effort in EFFORTS:
            times_ms, found = [], []
            for query in queries:
                began_s = time.perf_counter()
                found.append(peer.search(query, 10, effort))
                times_ms.append((time.perf_counter() - began_s) * 1000)
            recall = recall_of(found)
            if recall >= wanted_recall:
                break
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "index"
            peer.save(file)
            size_mb = os.path.getsize(file) / 1e6
        yield (
            name,
            {
                "build s": build_s,
                "p50 ms": float(np.median(times_ms)),
                "recall@10": recall,
                "MB on disk": size_mb,
            },
        )
