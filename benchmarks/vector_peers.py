"""The same vectors in the libraries that others build on, each with the effort to find as much.

Each is measured in a process of its own, so that what it holds in memory is its own:
`python -m benchmarks.vector_peers NAME FOLDER`, where `Task.keep` put what's asked into FOLDER.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from localsearch.types import FloatMatrix, FloatVector

    Flags = npt.NDArray[np.bool_]

# Effort of a search, the least of which is taken that finds what ours finds.
EFFORTS = (16, 32, 64, 128, 256, 512, 1024, 2048)
# Graphs as their makers recommend for 1,000 numbers a vector.
_LINKS, _BUILD_EFFORT = 16, 128
_CHANGED = 100
_CHANGES = 10
_OF_RSS = 1e6

Figures = dict[str, float | str]


@dataclass(frozen=True)
class Task:
    """What every library is asked: the vectors, queries, filters by name, and the nearest ten."""

    vectors: FloatMatrix
    queries: FloatMatrix
    filters: dict[str, Flags]
    nearest: dict[str, list[list[int]]]
    wanted_recall: float

    def keep(self, folder: Path) -> None:
        """Write it to files; the vectors may be there already."""
        if not (folder / "vectors.npy").exists():
            np.save(folder / "vectors.npy", self.vectors)
        arrays: dict[str, Any] = {"queries": self.queries, **self.filters}
        np.savez(folder / "asked.npz", **arrays)
        told = {"nearest": self.nearest, "recall": self.wanted_recall}
        (folder / "asked.json").write_text(json.dumps(told))

    @classmethod
    def kept(cls, folder: Path) -> Self:
        """What `keep` wrote."""
        told = json.loads((folder / "asked.json").read_text())
        with np.load(folder / "asked.npz") as asked:
            filters = {name: asked[name] for name in asked if name != "queries"}
            queries = asked["queries"]
        vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        return cls(vectors, queries, filters, told["nearest"], told["recall"])

    def recall(self, name: str, found: Sequence[Sequence[int]]) -> float:
        """The share of the nearest ten that was found, of all ("") or by a filter."""
        pairs = zip(found, self.nearest[name], strict=True)
        return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in pairs]))


class Peer(Protocol):
    """A library that holds the vectors in memory."""

    def search(
        self, query: FloatVector, count: int, effort: int, passing: Flags | None
    ) -> list[int]:
        """Numbers of the nearest vectors that pass, best first."""

    def replace(self, numbers: npt.NDArray[np.int64], vectors: FloatMatrix) -> None:
        """Delete these, and put others in their place."""

    def save(self, path: Path) -> None:
        """Write what's held to a file."""


class _Hnswlib:
    def __init__(self, library: Any, vectors: FloatMatrix) -> None:
        self._index = library.Index(space="cosine", dim=vectors.shape[1])
        self._index.init_index(
            len(vectors), M=_LINKS, ef_construction=_BUILD_EFFORT, allow_replace_deleted=True
        )
        self._index.add_items(vectors)

    def search(
        self, query: FloatVector, count: int, effort: int, passing: Flags | None
    ) -> list[int]:
        self._index.set_ef(max(effort, count))
        test = None if passing is None else passing.item
        try:
            found: list[int] = self._index.knn_query(query, count, 1, test)[0][0].tolist()
        except RuntimeError:
            # It found fewer than were asked for.
            return []
        return found

    def replace(self, numbers: npt.NDArray[np.int64], vectors: FloatMatrix) -> None:
        for number in numbers.tolist():
            self._index.mark_deleted(number)
        self._index.add_items(vectors, numbers, replace_deleted=True)

    def save(self, path: Path) -> None:
        self._index.save_index(str(path))


class _Usearch:
    def __init__(self, library: Any, vectors: FloatMatrix, dtype: str) -> None:
        self._index = library.Index(
            ndim=vectors.shape[1],
            metric="cos",
            dtype=dtype,
            connectivity=_LINKS,
            expansion_add=_BUILD_EFFORT,
        )
        self._index.add(np.arange(len(vectors)), vectors)

    def search(
        self, query: FloatVector, count: int, effort: int, passing: Flags | None
    ) -> list[int]:
        if passing is not None:
            raise NotImplementedError("its Python interface has no filters")
        self._index.expansion_search = effort
        found: list[int] = self._index.search(query, count).keys.tolist()
        return found

    def replace(self, numbers: npt.NDArray[np.int64], vectors: FloatMatrix) -> None:
        self._index.remove(numbers)
        self._index.add(numbers, vectors)

    def save(self, path: Path) -> None:
        self._index.save(str(path))


class _Faiss:
    def __init__(self, library: Any, vectors: FloatMatrix) -> None:
        self._library = library
        self._index = library.IndexIDMap(library.IndexFlatIP(vectors.shape[1]))
        self._index.add_with_ids(vectors, np.arange(len(vectors)))

    def search(
        self, query: FloatVector, count: int, effort: int, passing: Flags | None
    ) -> list[int]:
        del effort
        wanted = {}
        if passing is not None:
            bits = np.packbits(passing, bitorder="little")
            selector = self._library.IDSelectorBitmap(bits)
            wanted["params"] = self._library.SearchParameters(sel=selector)
        found: list[int] = self._index.search(query[None], count, **wanted)[1][0].tolist()
        return found

    def replace(self, numbers: npt.NDArray[np.int64], vectors: FloatMatrix) -> None:
        self._index.remove_ids(numbers)
        self._index.add_with_ids(vectors, numbers)

    def save(self, path: Path) -> None:
        self._library.write_index(self._index, str(path))


PEERS: dict[str, tuple[str, Callable[[Any, FloatMatrix], Peer]]] = {
    "hnswlib": ("hnswlib", _Hnswlib),
    "usearch i8": ("usearch.index", partial(_Usearch, dtype="i8")),
    "usearch f16": ("usearch.index", partial(_Usearch, dtype="f16")),
    "faiss FlatIP": ("faiss", _Faiss),
}


def measure(task: Task, folder: Path, names: Sequence[str]) -> Iterator[tuple[str, Figures]]:
    """Figures of each peer, or why there are none."""
    task.keep(folder)
    for name in names:
        module = PEERS[name][0]
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            yield name, {"missing": "pip install 'localsearch[bench]'"}
            continue
        command = [sys.executable, "-m", "benchmarks.vector_peers", name, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = done.stdout if done.returncode == 0 else json.dumps({"failed": done.stderr[-300:]})
        yield name, json.loads(told)


def figures_of(name: str, task: Task) -> Figures:
    """Build it, ask it, change it."""
    module, make = PEERS[name]
    library = importlib.import_module(module)
    before_mb = private_mb()
    began_s = time.perf_counter()
    peer = make(library, task.vectors)
    build_s = time.perf_counter() - began_s
    figures: Figures = {"build s": build_s, "MB in memory": private_mb() - before_mb}
    effort = EFFORTS[-1]
    for effort in EFFORTS:
        p50_ms, recall = _timed(peer, task, effort, "")
        if recall >= task.wanted_recall:
            break
    figures |= {"effort": effort, "p50 ms": p50_ms, "recall@10": recall}
    for name_of_filter in task.filters:
        try:
            p50_ms, recall = _timed(peer, task, effort, name_of_filter)
        except NotImplementedError as error:
            figures[f"{name_of_filter} pass"] = str(error)
        else:
            figures[f"{name_of_filter} pass, p50 ms"] = p50_ms
            figures[f"{name_of_filter} pass, recall@10"] = recall
    figures[f"{_CHANGED} replaced, p50 ms"] = _replaced(peer, task.vectors)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index"
        peer.save(file)
        figures["MB on disk"] = file.stat().st_size / 1e6
    return figures


def private_mb() -> float:
    """What the process holds itself, without the file of vectors that it reads."""
    memory = psutil.Process().memory_info()
    return float(memory.rss - memory.shared) / _OF_RSS


def _timed(peer: Peer, task: Task, effort: int, name: str) -> tuple[float, float]:
    times_ms, found = [], []
    for query in task.queries:
        began_s = time.perf_counter()
        found.append(peer.search(query, 10, effort, task.filters.get(name)))
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return float(np.median(times_ms)), task.recall(name, found)


def _replaced(peer: Peer, vectors: FloatMatrix) -> float:
    """The time it takes to put a hundred vectors in place of others, in memory alone."""
    times_ms = []
    for first in range(0, _CHANGED * _CHANGES, _CHANGED):
        numbers = np.arange(first, first + _CHANGED)
        others = np.ascontiguousarray(vectors[numbers][::-1])
        began_s = time.perf_counter()
        peer.replace(numbers, others)
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return float(np.median(times_ms))


if __name__ == "__main__":
    print(json.dumps(figures_of(sys.argv[1], Task.kept(Path(sys.argv[2])))))
