"""How fast are the nearest of many vectors found, and are they the nearest?

    python -m benchmarks.vectors [--sizes 10000,100000] [--peers NAMES] [--work DIR] [--json FILE]

Ours is the store that the program uses, with files, passages, words and vectors, asked as a search
asks it. Beside it sqlite-vec compares every float32 vector, which also says what the nearest are;
with --peers hnswlib, usearch and faiss hold the same vectors, those that are installed. The
vectors are random, in clusters. A million of 1,024 numbers needs 10 GB of disk and of memory. With
--work what is built stays there for the next run; --build builds it and measures nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import library
from benchmarks.vector_peers import PEERS, Task, measure, private_mb
from localsearch.store import Store
from localsearch.store.code_matrix import CodeMatrix
from localsearch.store.documents import embedding_key
from localsearch.store.filters import passage_condition
from localsearch.types import Chunk, Document, FileRef, Filters, Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.vector_peers import Figures, Flags
    from localsearch.store.filters import PassageCondition
    from localsearch.store.vectors import ServingModel
    from localsearch.types import FloatMatrix, FloatVector, Kind

CHUNKS_IN_FILE = 20
CHUNKS_IN_CHANGED_FILE = 100
CHANGES = 15
CANDIDATES = 100
# Of each cluster some hundred vectors, as of the passages of one topic.
CLUSTER = 100
SPREAD = 0.7
NOISE = 0.5
INDEX = "index.db"


def main() -> None:
    """Measure every size and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000", help="numbers of vectors")
    parser.add_argument("--dimension", type=int, default=1024, help="numbers in a vector")
    parser.add_argument("--queries", type=int, default=50, help="queries that are timed")
    parser.add_argument("--work", type=Path, help="keep vectors and indexes in this folder")
    parser.add_argument("--build", action="store_true", help="only build what --work keeps")
    parser.add_argument("--peers", default="", help=f"measure these, too: {','.join(PEERS)}")
    parser.add_argument("--no-exact", action="store_true", help="leave out sqlite-vec, 10 s each")
    parser.add_argument("--json", type=Path, help="file for all figures")
    wanted = parser.parse_args()
    results: dict[str, dict[str, Figures]] = {}
    peers = [name for name in wanted.peers.split(",") if name]
    with tempfile.TemporaryDirectory() as scratch:
        base = wanted.work or Path(scratch)
        for size in map(int, wanted.sizes.split(",")):
            folder = base / f"{size} of {wanted.dimension} numbers"
            folder.mkdir(parents=True, exist_ok=True)
            vectors, queries = kept(folder, size, wanted.dimension, wanted.queries)
            build = built(folder, vectors)
            if not wanted.build:
                results[str(size)] = compare(
                    folder, build, vectors, queries, peers, with_exact=not wanted.no_exact
                )
    if wanted.json and not wanted.build:
        wanted.json.write_text(json.dumps(results, indent=1))


def kept(folder: Path, count: int, dimension: int, queries: int) -> tuple[FloatMatrix, FloatMatrix]:
    """Clustered vectors and queries, from the folder if they're there."""
    file, asked = folder / "vectors.npy", folder / f"queries-{queries}.npy"
    if not file.exists():
        np.save(file, clustered(count, dimension))
    vectors: FloatMatrix = np.load(file, mmap_mode="r")
    if not asked.exists():
        np.save(asked, near_some(vectors, queries))
    return vectors, np.load(asked)


def clustered(count: int, dimension: int) -> FloatMatrix:
    """Unit vectors around random centres."""
    generator = np.random.default_rng(count)
    centres = generator.standard_normal((max(1, count // CLUSTER), dimension), dtype=np.float32)
    vectors = np.empty((count, dimension), np.float32)
    for start in range(0, count, 10_000):
        part = vectors[start : start + 10_000]
        part[:] = centres[generator.integers(len(centres), size=len(part))]
        part += SPREAD * generator.standard_normal(part.shape, dtype=np.float32)
    _normalise(vectors)
    return vectors


def near_some(vectors: FloatMatrix, queries: int) -> FloatMatrix:
    """Unit vectors, each near one of these."""
    generator = np.random.default_rng((len(vectors), queries))
    near = vectors[np.sort(generator.choice(len(vectors), queries, replace=False))]
    near *= np.float32(vectors.shape[1] ** 0.5)
    asked: FloatMatrix = near + NOISE * generator.standard_normal(near.shape, dtype=np.float32)
    _normalise(asked)
    return asked


def _normalise(vectors: FloatMatrix) -> None:
    for start in range(0, len(vectors), 10_000):
        part = vectors[start : start + 10_000]
        part /= np.linalg.norm(part, axis=1, keepdims=True)


def nearest_ten(
    vectors: FloatMatrix, queries: FloatMatrix, filters: dict[str, Flags]
) -> dict[str, list[list[int]]]:
    """What an exact search of all vectors ("") and of those that pass each filter finds."""
    scores = np.concatenate(
        [vectors[start : start + 50_000] @ queries.T for start in range(0, len(vectors), 50_000)]
    )
    found = {"": _ten_best(scores)}
    for name, passing in filters.items():
        numbers = np.flatnonzero(passing)
        found[name] = [numbers[each].tolist() for each in _ten_best(scores[numbers])]
    return found


def _ten_best(scores: FloatMatrix) -> list[list[int]]:
    return [each.tolist() for each in np.argpartition(-scores, 10, axis=0)[:10].T]


def filters_of(count: int) -> dict[str, Flags]:
    """Which vectors the files of each kind hold, see `fill`."""
    files = np.arange(count) // CHUNKS_IN_FILE
    return {"1 %": files % 100 == 0, "50 %": (files % 100 != 0) & (files % 2 == 1)}


def compare(
    folder: Path,
    build: Figures,
    vectors: FloatMatrix,
    queries: FloatMatrix,
    peers: Sequence[str],
    *,
    with_exact: bool,
) -> dict[str, Figures]:
    """Measure ours, sqlite-vec's exact search and the peers; print each as it's ready."""
    print(f"\n{len(vectors):,} vectors of {vectors.shape[1]} numbers, {len(queries)} queries")
    filters = filters_of(len(vectors))
    task = Task(vectors, queries, filters, nearest_ten(vectors, queries, filters), 0.0)
    results: dict[str, Figures] = {}

    def tell(name: str, figures: Figures) -> None:
        results[name] = figures
        each = (f"{key} {v if isinstance(v, str) else f'{v:.4g}'}" for key, v in figures.items())
        print(f"  {name:24} {', '.join(each)}", flush=True)

    tell("build", build)
    ours(folder / INDEX, task, tell, with_exact=with_exact)
    wanted = dataclasses.replace(task, wanted_recall=float(results["ours"]["recall@10"]))
    for name, figures in measure(wanted, folder, peers):
        tell(name, figures)
    return results


def built(folder: Path, vectors: FloatMatrix) -> Figures:
    """Build the index, or bring the folder's up to date, and tell what building it took."""
    path, told = folder / INDEX, folder / "build.json"
    if told.exists():
        with Store(path) as store:
            library.bring_up_to_date(store)
        figures: Figures = json.loads(told.read_text())
        return figures
    path.unlink(missing_ok=True)
    with Store(path) as store:
        began_s = time.perf_counter()
        fill(store, vectors)
        build_s = time.perf_counter() - began_s
        began_s = time.perf_counter()
        with store.transaction():
            store.vectors.learn_codes(serving(store))
        learn_s = time.perf_counter() - began_s
        library.bring_up_to_date(store)
    figures = {
        "all of it s": build_s,
        "codes s": learn_s,
        "MB on disk": path.stat().st_size / 1e6,
    }
    told.write_text(json.dumps(figures))
    return figures


def serving(store: Store) -> ServingModel:
    """The model of the index."""
    model = store.vectors.serving_model()
    assert model is not None
    return model


def ours(path: Path, task: Task, tell: Callable[[str, Figures], None], *, with_exact: bool) -> None:
    """Measure the store, and what it would take without codes."""
    matrix = CodeMatrix()
    before_mb = private_mb()
    with Store(path, readonly=True, matrix=matrix) as reader:
        model_id = serving(reader).id
        _, first_ms = ask(reader, model_id, task.queries[0], passage_condition(Filters(), []))
        figures = timed(reader, model_id, task, "", Filters())
        figures |= {"first ms": first_ms}
        tell("ours", figures | {"MB in memory": private_mb() - before_mb})
        tell("ours, 1 % pass", timed(reader, model_id, task, "1 %", Filters(kinds=("pdf",))))
        tell("ours, 50 % pass", timed(reader, model_id, task, "50 %", Filters(kinds=("code",))))
        tell("ours, one of each document", by_document(reader, model_id, task))
    matrix.close()
    if with_exact:
        with Store(path, readonly=True) as reader:
            tell("sqlite-vec, all float32", exact(reader, model_id, task.queries[:5]))
    with Store(path) as store:
        name = f"change of {CHUNKS_IN_CHANGED_FILE} passages"
        tell(name, changed(store, task.vectors, model_id))


def fill(store: Store, vectors: FloatMatrix) -> int:
    """Put the vectors into files of twenty passages each: 1 % PDF, half of them code."""
    with store.transaction():
        model_id = store.vectors.serve("benchmark", "benchmark", vectors.shape[1]).id
    files = -(-len(vectors) // CHUNKS_IN_FILE)
    for start in range(0, files, 200):
        with store.transaction():
            for number in range(start, min(start + 200, files)):
                first = number * CHUNKS_IN_FILE
                kind: Kind = "pdf" if number % 100 == 0 else "code" if number % 2 else "text"
                rows = range(first, min(first + CHUNKS_IN_FILE, len(vectors)))
                put_file(store, f"/r/{number}", kind, vectors, rows, model_id)
    return model_id


def put_file(
    store: Store,
    path: str,
    kind: Kind,
    vectors: FloatMatrix,
    rows: Sequence[int],
    model_id: int,
    text: str = "passage",
) -> None:
    """One file whose passages have these vectors."""
    chunks = [Chunk(f"{text} {row}", (), Locator(line_start=row), 2) for row in rows]
    file_id = store.files.upsert(FileRef(path, 1, 1, 1, 1), kind=kind, state="pending")
    document = Document(blocks=(), title="", language="en", kind=kind)
    store.documents.replace(file_id, [(document, chunks)], model_id=model_id, file_stem="f")
    store.files.set_state(file_id, "indexed")
    keys = [embedding_key(chunk.embedded_text) for chunk in chunks]
    store.vectors.put(model_id, keys, vectors[list(rows)])


def timed(store: Store, model_id: int, task: Task, name: str, filters: Filters) -> Figures:
    """Time the queries, and compare what's found with what an exact search finds."""
    condition = passage_condition(filters, [])
    # The set of documents that pass is read once.
    ask(store, model_id, task.queries[0], condition)
    answers = [ask(store, model_id, query, condition) for query in task.queries]
    times_ms = [took_ms for _, took_ms in answers]
    return {
        "p50 ms": float(np.median(times_ms)),
        "p95 ms": float(np.percentile(times_ms, 95)),
        "recall@10": task.recall(name, [found[:10] for found, _ in answers]),
    }


def by_document(store: Store, model_id: int, task: Task) -> Figures:
    """The same as most searches ask: the nearest passage of each document."""
    condition = passage_condition(Filters(), [])
    shares, times_ms = [], []
    for query, nearest in zip(task.queries, task.nearest[""], strict=True):
        found, took_ms = ask(store, model_id, query, condition, one_per_document=True)
        expected = {number // CHUNKS_IN_FILE for number in nearest}
        hit = expected & {number // CHUNKS_IN_FILE for number in found[: len(nearest)]}
        shares.append(len(hit) / len(expected))
        times_ms.append(took_ms)
    return {"p50 ms": float(np.median(times_ms)), "recall@10": float(np.mean(shares))}


def ask(
    store: Store,
    model_id: int,
    query: FloatVector,
    condition: PassageCondition,
    *,
    one_per_document: bool = False,
) -> tuple[list[int], float]:
    """The numbers of the nearest vectors, as a search asks for them, and the milliseconds."""
    began_s = time.perf_counter()
    with store.snapshot():
        found = store.vectors.nearest(
            model_id, query, CANDIDATES, condition, one_per_document=one_per_document
        )
    took_ms = (time.perf_counter() - began_s) * 1000
    # Chunks were written in the vectors' order, from 1 on.
    return [chunk_id - 1 for chunk_id, _ in found], took_ms


def exact(store: Store, model_id: int, queries: FloatMatrix) -> Figures:
    """The time that comparing every vector takes, without codes."""
    condition = passage_condition(Filters(), [])
    times_ms = [ask(store, model_id, query, condition)[1] for query in queries]
    return {"p50 ms": float(np.median(times_ms))}


def changed(store: Store, vectors: FloatMatrix, model_id: int) -> Figures:
    """The time it takes to write a file of a hundred passages anew, each with another vector.

    Of a program that has written before, as the service has.
    """
    rows = range(CHUNKS_IN_CHANGED_FILE)
    times_ms = []
    for number in range(2 * CHANGES):
        began_s = time.perf_counter()
        with store.transaction():
            path = f"/r/changed{number % 3}"
            put_file(store, path, "text", vectors, rows, model_id, f"version {number}, passage")
        times_ms.append((time.perf_counter() - began_s) * 1000)
    with store.transaction():
        gone = [store.files.id_of(f"/r/changed{number}") for number in range(3)]
        store.documents.remove_files([file_id for file_id in gone if file_id is not None])
    return {"p50 ms": float(np.median(times_ms[CHANGES:]))}


if __name__ == "__main__":
    main()
