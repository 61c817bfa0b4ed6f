from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from localsearch.engine.embedder import GgufEmbedder
from localsearch.indexing.embedding import BATCH_S, BatchSize
from localsearch.types import CancelledError

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index


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


def test_batches_fit_the_time_they_are_given() -> None:
    size = BatchSize(BATCH_S)
    first = size.chunks
    size.fit(first, BATCH_S / 4)
    assert size.chunks == 4 * first
    # A slow model, or a machine that's busy: never fewer than at first.
    size.fit(first, 100 * BATCH_S)
    assert size.chunks == first
