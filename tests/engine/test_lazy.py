"""A lazy embedder is in memory while it's used, and comes back by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from localsearch.config import ModelSettings, Paths
from localsearch.engine.embedder import GgufEmbedder
from localsearch.engine.gguf import write_random_qwen3
from localsearch.engine.lazy import LazyEmbedder, LazyReranker
from localsearch.engine.reranker import GgufReranker, load_reranker
from localsearch.engine.vocabulary import Vocabulary
from localsearch.types import ModelError
from tests.engine.conftest import open_model

PATIENCE_S = 30.0


@pytest.fixture
def load(qwen3_file: Path, engine_paths: Paths) -> Callable[[], GgufEmbedder]:
    return lambda: open_model(qwen3_file, engine_paths)


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.005)
    return True


def test_nothing_is_loaded_before_its_used(load: Callable[[], GgufEmbedder]) -> None:
    lazy = LazyEmbedder(load, idle_s=0)
    seen = [lazy.is_loaded]
    assert lazy.dimension == 256
    seen.append(lazy.is_loaded)
    lazy.close()
    assert [*seen, lazy.is_loaded] == [False, True, False]


def test_its_freed_when_idle_and_comes_back(load: Callable[[], GgufEmbedder]) -> None:
    lazy = LazyEmbedder(load, idle_s=0.05)
    first = lazy.embed_query("market")
    assert eventually(lambda: not lazy.is_loaded)
    # What it knows of the model needs no weights.
    assert (lazy.name, lazy.dimension) == ("test", 256)
    assert lazy.fingerprint
    assert lazy.max_tokens > 0
    assert not lazy.is_loaded
    assert lazy.embed_documents(["market"]).shape == (1, 256)
    assert lazy.embed_query("market") == pytest.approx(first, abs=1e-4)
    assert eventually(lambda: not lazy.is_loaded)
    assert lazy.count_tokens("market") > 0
    lazy.close()


def test_tokens_are_counted_without_the_weights(
    load: Callable[[], GgufEmbedder], qwen3_file: Path
) -> None:
    text = "the market, <think>and cafe\u0301"
    lazy = LazyEmbedder(load, idle_s=0.05, load_vocabulary=lambda: Vocabulary(qwen3_file))
    counted = lazy.count_tokens(text)
    assert not lazy.is_loaded
    whole = load()
    assert counted == whole.count_tokens(text)
    whole.close()
    lazy.close()
    with pytest.raises(ModelError, match="closed"):
        lazy.count_tokens(text)


def test_its_kept_while_its_used(load: Callable[[], GgufEmbedder]) -> None:
    loads = 0

    def counted() -> GgufEmbedder:
        nonlocal loads
        loads += 1
        return load()

    lazy = LazyEmbedder(counted, idle_s=0.5)
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        lazy.embed_documents(["market " * 50])
    assert loads == 1
    lazy.close()


def test_threads_that_come_at_once_load_it_once(load: Callable[[], GgufEmbedder]) -> None:
    loads = []

    def counted() -> GgufEmbedder:
        loads.append(threading.get_ident())
        return load()

    lazy = LazyEmbedder(counted, idle_s=60)
    workers = [threading.Thread(target=lazy.embed_query, args=("market",)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(loads) == 1
    lazy.close()


def test_closing_waits_for_what_is_running_and_is_final(load: Callable[[], GgufEmbedder]) -> None:
    lazy = LazyEmbedder(load, idle_s=60)
    started, results = threading.Event(), []

    class Texts(Sequence[str]):
        """Says when the embedder begins to read it."""

        def __len__(self) -> int:
            return 20

        def __getitem__(self, index: object) -> str:
            started.set()
            if not isinstance(index, int) or index >= 20:
                raise IndexError
            return "market " * 50

    worker = threading.Thread(target=lambda: results.append(lazy.embed_documents(Texts())))
    worker.start()
    assert started.wait(PATIENCE_S)
    lazy.close()
    worker.join()
    assert np.linalg.norm(results[0], axis=1) == pytest.approx(1, abs=1e-5)
    assert not lazy.is_loaded
    with pytest.raises(ModelError, match="closed"):
        lazy.embed_query("market")


def test_a_model_that_was_exchanged_meanwhile_is_refused(
    load: Callable[[], GgufEmbedder], starter_file: Path, engine_paths: Paths
) -> None:
    now = [load]

    def load_now() -> GgufEmbedder:
        return now[0]()

    lazy = LazyEmbedder(load_now, idle_s=0.02)
    lazy.embed_query("market")
    assert eventually(lambda: not lazy.is_loaded)
    now[0] = lambda: open_model(starter_file, engine_paths)
    with pytest.raises(ModelError, match="exchanged"):
        lazy.embed_query("market")
    now[0] = load
    assert lazy.embed_query("market").shape == (256,)
    lazy.close()


def test_a_model_that_cant_be_loaded_is_tried_again(load: Callable[[], GgufEmbedder]) -> None:
    def fail() -> GgufEmbedder:
        raise ModelError("no memory", "Close other programs.")

    now = [fail]

    def load_now() -> GgufEmbedder:
        return now[0]()

    lazy = LazyEmbedder(load_now, idle_s=0)
    with pytest.raises(ModelError, match="no memory"):
        lazy.embed_query("market")
    now[0] = load
    assert lazy.embed_query("market").shape == (256,)
    lazy.close()


@pytest.fixture
def load_judge(tmp_path: Path, engine_paths: Paths) -> Callable[[], GgufReranker]:
    path = tmp_path / "judge.gguf"

    def load() -> GgufReranker:
        if not path.exists():
            write_random_qwen3(path, head="cls", name="Qwen3 Reranker")
        return load_reranker(path, name="judge", settings=ModelSettings(), paths=engine_paths)

    return load


def test_a_reranker_is_freed_when_idle_and_comes_back(
    load_judge: Callable[[], GgufReranker],
) -> None:
    lazy = LazyReranker(load_judge, idle_s=0.05)
    first = dict(lazy.score("market", ["garden", "night"]))
    assert eventually(lambda: not lazy.is_loaded)
    assert (lazy.name, lazy.score_kind) == ("judge", "rerank")
    assert lazy.fingerprint
    assert not lazy.is_loaded
    assert dict(lazy.score("market", ["garden", "night"])) == pytest.approx(first, abs=1e-4)
    lazy.close()
    with pytest.raises(ModelError, match="closed"):
        list(lazy.score("market", ["garden"]))


def test_who_stops_half_way_keeps_no_reranker_from_being_closed(
    load_judge: Callable[[], GgufReranker],
) -> None:
    lazy = LazyReranker(load_judge, idle_s=0)
    scores = lazy.score("market", ["garden " * 400, "night " * 400])
    assert next(scores)[0] == 0
    lazy.close()
    assert not lazy.is_loaded
    with pytest.raises(ModelError, match="closed"):
        next(scores)


def test_who_stands_still_half_way_goes_on_when_it_was_freed_meanwhile(
    load_judge: Callable[[], GgufReranker],
) -> None:
    # Long ones, so that each is a batch of its own and the later ones are still to be judged.
    passages = ["garden " * 400, "night " * 400, "sleep " * 400]
    lazy = LazyReranker(load_judge, idle_s=0.05)
    at_once = dict(lazy.score("market", passages))
    scores = lazy.score("market", passages)
    found = [next(scores)]
    assert eventually(lambda: not lazy.is_loaded)
    found += scores
    assert [index for index, _ in found] == [0, 1, 2]
    assert dict(found) == pytest.approx(at_once, abs=1e-4)
    lazy.close()


def test_a_reranker_that_was_exchanged_meanwhile_is_refused(
    load_judge: Callable[[], GgufReranker], tmp_path: Path
) -> None:
    lazy = LazyReranker(load_judge, idle_s=0.05)
    assert eventually(lambda: not lazy.is_loaded)
    write_random_qwen3(tmp_path / "judge.gguf", head="cls", seed=7, name="Qwen3 Reranker")
    with pytest.raises(ModelError, match="exchanged"):
        list(lazy.score("market", ["garden"]))
    lazy.close()
