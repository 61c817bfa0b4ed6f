from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from localsearch.api import Index
from localsearch.engine.embedder import GgufEmbedder
from localsearch.indexing.indexer import Indexer
from localsearch.opened import Opened
from localsearch.rebuild import open_to_write
from localsearch.store import Store
from localsearch.types import CancelledError, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.types import Embedder


def test_what_the_model_has_given_is_kept_when_the_rest_of_its_batch_is_stopped(
    index: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = threading.Event()
    run_batch = GgufEmbedder._run_batch
    batches: list[int] = []

    def stop_in_the_second(
        self: GgufEmbedder, sequences: list[list[int]], cancelled: threading.Event | None
    ) -> object:
        batches.append(len(sequences))
        if len(batches) == 2:
            cancel.set()
        return run_batch(self, sequences, cancelled)

    for number in range(8):
        (library / f"{number}.txt").write_text(f"The market {number} opens at six. " * 15)
    index.add_roots([str(library)])
    with monkeypatch.context() as patch:
        patch.setattr(GgufEmbedder, "_run_batch", stop_in_the_second)
        with pytest.raises(CancelledError):
            index.update(cancel=cancel)
    serving = index._reader().vectors.serving_model()
    assert serving is not None
    assert index._reader().vectors.count(serving.id) == batches[0]
    left = index.status().chunks - batches[0]
    assert index.update().embedded_chunks == left > 0
    assert index._reader().checks.problems() == ()


def test_loading_the_model_is_no_part_of_how_fast_it_embeds(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Opened._load_embedder
    loading_s: list[float] = []

    def load_slowly(self: Opened, name: str, cancel: threading.Event | None = None) -> Embedder:
        began_s = time.monotonic()
        # The model of the tests is so small that one loading tells nothing.
        for _ in range(19):
            load(self, name, cancel).close()
        loaded = load(self, name, cancel)
        loading_s.append(time.monotonic() - began_s)
        return loaded

    monkeypatch.setattr(Opened, "_load_embedder", load_slowly)
    (library / "short.txt").write_text("The market opens at six.\n")
    with Index(filled.paths, filled.settings) as index:
        report = index.update()
    assert report.embedded_chunks == 1
    [took_s] = loading_s
    assert report.engine_s < took_s / 2


def test_done_and_left_add_up_however_often_it_is_called_away(index: Index, library: Path) -> None:
    for number in range(60):
        # A third of them say the same, which is embedded once.
        text = f"The market {number} opens at six.\n" if number < 40 else "It's closed.\n"
        (library / f"{number}.txt").write_text(text)
    index.add_roots([str(library)])
    seen: list[Progress] = []
    calls = 0

    def every_second_time() -> bool:
        nonlocal calls
        calls += 1
        return calls % 2 == 0

    embedder = index.open_embedder()
    with open_to_write(index.paths) as store:
        indexer = Indexer(store, index.paths, index.settings, embedder, progress=seen.append)
        indexer.find_changes()
        with indexer.open_sandbox() as sandbox:
            indexer.read_changes(sandbox.convert)
        while not indexer.embed_missing(until=every_second_time):
            pass
    reports = [each for each in seen if each.phase == "embedding"]
    assert calls > 4
    assert {each.chunks_total for each in reports} == {index.status().chunks - 19}
    assert len({each.tokens_total for each in reports}) == 1
    assert [each.tokens_done for each in reports] == sorted(each.tokens_done for each in reports)
    assert reports[-1].tokens_done == reports[-1].tokens_total
    assert reports[-1].chunks_done == reports[-1].chunks_total


def test_who_has_something_else_to_do_is_asked_after_each_batch_of_the_model(
    filled: Index, library: Path
) -> None:
    for number in range(24):
        (library / f"{number}.txt").write_text(f"The market {number} opens at six. " * 15)
    with Store(filled.paths.index_file) as store:
        indexer = Indexer(store, filled.paths, filled.settings, filled.open_embedder())
        indexer.find_changes()
        with indexer.open_sandbox() as sandbox:
            indexer.read_changes(sandbox.convert)
        serving = store.vectors.serving_model()
        assert serving is not None
        counts = [store.vectors.count(serving.id)]

        def until() -> bool:
            """Whether anything was written since it last said so."""
            before = counts[-1]
            counts.append(store.vectors.count(serving.id))
            return counts[-1] > before

        rounds = 1
        while not indexer.embed_missing(until=until):
            rounds += 1
        assert counts[-1] - counts[0] == 24
        # Short texts share a batch, but a batch doesn't hold them all.
        assert 2 < rounds < 24
        assert indexer.finish().embedded_chunks == 24
        assert store.checks.problems() == ()
