from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from localsearch.api import Index
from localsearch.engine.embedder import GgufEmbedder
from localsearch.indexing.embedding import BATCH_S, BatchSize
from localsearch.opened import Opened
from localsearch.types import CancelledError

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


def test_batches_fit_the_time_they_are_given() -> None:
    size = BatchSize(BATCH_S)
    first = size.chunks
    size.fit(first, BATCH_S / 4)
    assert size.chunks == 4 * first
    # A slow model, or a machine that's busy: never fewer than at first.
    size.fit(first, 100 * BATCH_S)
    assert size.chunks == first
