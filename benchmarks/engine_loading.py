"""What does it take to have a model ready, to stop it, and to ask while it indexes?

    python -m benchmarks.engine_loading MODEL.gguf

is the child process that loads a model and says what that took, as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.engine_rounds import Figure, benchmark_paths, settings_for, text_of
from localsearch.engine.embedder import GgufEmbedder, load_embedder
from localsearch.types import CancelledError

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUERY = "when does the ferry leave"
_QUERIES_UNDER_LOAD = 20
_PAUSE_BETWEEN_QUERIES_S = 0.2
_LIMIT_OF_ABORT_MS = _LIMIT_OF_WAIT_MS = 100.0
_LIMIT_OF_MEMORY_MB = 500.0
_PASSAGES, _PASSAGE_TOKENS = 16, 250


def loading_figures(path: Path, rounds: int, *, label: str) -> Iterator[Figure]:
    """Loading until the first query is embedded, from the disk and from the page cache."""
    warm, cold = [], []
    _load_in_child(path)
    for _ in range(rounds):
        warm.append(_load_in_child(path))
        _forget_pages(path)
        cold.append(_load_in_child(path))
    for name, runs in (("warm", warm), ("cold", cold)):
        loads = tuple(run["load_s"] for run in runs)
        yield Figure(f"{label}: load {name}", statistics.median(loads), "s", samples=loads)
    asked = tuple(run["first_query_s"] for run in warm)
    yield Figure(f"{label}: first query after it", statistics.median(asked), "s", samples=asked)
    resident = tuple(run["rss_mb"] for run in warm)
    yield Figure(f"{label}: memory", statistics.median(resident), "MB", samples=resident)
    beyond = tuple(mb - path.stat().st_size / 1e6 for mb in resident)
    yield Figure(
        f"{label}: memory beyond the file's size", statistics.median(beyond), "MB",
        _LIMIT_OF_MEMORY_MB, at_most=True, samples=beyond,
    )  # fmt: skip


def interruption_figures(embedder: GgufEmbedder, rounds: int, *, label: str) -> Iterator[Figure]:
    """How soon a run ends, and how long a query waits while passages are embedded."""
    passages = [
        text_of(_PASSAGE_TOKENS, embedder.count_tokens, seed=number) for number in range(_PASSAGES)
    ]
    # The first batch makes room for all later ones, which can't be stopped half-way.
    embedder.embed_documents(passages[:1])
    aborts = tuple(_abort_ms(embedder, passages) for _ in range(max(rounds, 5)))
    yield Figure(
        f"{label}: abort, slowest of {len(aborts)}", max(aborts), "ms",
        _LIMIT_OF_ABORT_MS, at_most=True, samples=aborts,
    )  # fmt: skip
    idle, loaded, still = _query_ms(embedder, passages)
    yield Figure(f"{label}: query at rest, p50", statistics.median(idle), "ms", samples=idle)
    yield Figure(f"{label}: query while indexing, p50", statistics.median(loaded), "ms")
    yield Figure(f"{label}: query while indexing, p95", _p95(loaded), "ms", samples=loaded)
    yield Figure(
        f"{label}: a query's wait while indexing, p95 beyond p95 at rest",
        _p95(loaded) - _p95(idle), "ms", _LIMIT_OF_WAIT_MS, at_most=True,
    )  # fmt: skip
    if still:
        # What's left of the wait when other programs' part in the queries' own time is left out.
        yield Figure(
            f"{label}: indexing stands still after a query came, p95", _p95(still), "ms",
            _LIMIT_OF_WAIT_MS, at_most=True, samples=still,
        )  # fmt: skip


def _abort_ms(embedder: GgufEmbedder, passages: list[str]) -> float:
    cancel, set_at = threading.Event(), [0.0]

    def stop() -> None:
        set_at[0] = time.perf_counter()
        cancel.set()

    timer = threading.Timer(0.3, stop)
    timer.start()
    try:
        while True:
            embedder.embed_documents(passages, cancel=cancel)
    except CancelledError:
        return (time.perf_counter() - set_at[0]) * 1000


def _query_ms(
    embedder: GgufEmbedder, passages: list[str]
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Milliseconds of queries one after the other, at rest and while passages are embedded.

    Rest and load take turns, as what else the machine does changes. The third are those until the
    passages' batch stood still, where it did.
    """
    idle, loaded = [], []
    still: list[float] = []
    for _ in range(_QUERIES_UNDER_LOAD // 5):
        idle += [_one_query_ms(embedder) for _ in range(5)]
        cancel = threading.Event()
        work = threading.Thread(target=_embed_until, args=(embedder, passages, cancel))
        work.start()
        for _ in range(5):
            time.sleep(_PAUSE_BETWEEN_QUERIES_S)
            answered = threading.Event()
            watch = threading.Thread(target=_watch_still, args=(embedder, answered, still))
            watch.start()
            loaded.append(_one_query_ms(embedder))
            answered.set()
            watch.join()
        cancel.set()
        work.join()
    return tuple(idle), tuple(loaded), tuple(still)


def _watch_still(embedder: GgufEmbedder, answered: threading.Event, still: list[float]) -> None:
    began_s = time.perf_counter()
    while not answered.wait(0.001):
        running = embedder._documents
        if running is not None and running.steps is not None and running.steps.paused:
            still.append((time.perf_counter() - began_s) * 1000)
            return


def _embed_until(embedder: GgufEmbedder, passages: list[str], cancel: threading.Event) -> None:
    try:
        while True:
            embedder.embed_documents(passages, cancel=cancel)
    except CancelledError:
        return


def _one_query_ms(embedder: GgufEmbedder) -> float:
    began_s = time.perf_counter()
    embedder.embed_query(_QUERY)
    return (time.perf_counter() - began_s) * 1000


def _p95(values: tuple[float, ...]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def _forget_pages(path: Path) -> None:
    """Have the file read from the disk the next time, where the system can be told so."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _load_in_child(path: Path) -> dict[str, float]:
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.engine_loading", str(path)],
        stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    figures: dict[str, float] = json.loads(child.stdout)
    return figures


def main() -> None:
    """Load the model that's named, embed a query, say what that took."""
    with tempfile.TemporaryDirectory() as home:
        from localsearch.engine.probe import probe_native

        paths = benchmark_paths(Path(home))
        # Done once in a program's life, and remembered.
        probe_native(paths)
        began_s = time.perf_counter()
        embedder = load_embedder(
            Path(sys.argv[1]), name="", settings=settings_for(0), paths=paths, weights_sha256=""
        )
        loaded_s = time.perf_counter()
        embedder.embed_query(_QUERY)
        asked_s = time.perf_counter()
        print(
            json.dumps(
                {
                    "load_s": loaded_s - began_s,
                    "first_query_s": asked_s - loaded_s,
                    "rss_mb": psutil.Process().memory_info().rss / 1e6,
                }
            )
        )
        embedder.close()


if __name__ == "__main__":
    main()
