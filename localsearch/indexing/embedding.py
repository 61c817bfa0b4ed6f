"""What do the passages mean that have no vector yet? Embeds them, in batches of a few seconds.

What the model takes at once (a page of text or less) is written as soon as it's there: a crash
costs no more than that.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localsearch.indexing.pace import Pace
from localsearch.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localsearch.indexing.run import Run
    from localsearch.store.vectors import UnembeddedChunk
    from localsearch.types import Embedder, FloatMatrix

# Long enough for the model to fill what it takes at once with texts that fit together.
BATCH_S = 3.0
_FIRST_BATCH_CHUNKS = 32
# Where batches have to be short, so many a second is what any model is expected to do.
_LEAST_CHUNKS_PER_S = 4
_MAX_BATCH_CHUNKS = 1024


class BatchSize:
    """How many `chunks` the model takes about `batch_s` seconds for, learnt on the way."""

    def __init__(self, batch_s: float) -> None:
        self._batch_s = batch_s
        self._fewest = min(_FIRST_BATCH_CHUNKS, max(1, int(batch_s * _LEAST_CHUNKS_PER_S)))
        self.chunks = self._fewest

    def fit(self, chunks: int, took_s: float) -> None:
        """Note how long a batch of so many took."""
        fitting = int(chunks * self._batch_s / max(took_s, 0.001))
        self.chunks = min(max(fitting, self._fewest), _MAX_BATCH_CHUNKS)


def embed_missing(run: Run, until: Callable[[], bool], batch_s: float) -> bool:
    """Embed all; ends early and gives False where `until` says so between two batches."""
    vectors = run.store.vectors
    serving = vectors.serving_model()
    if run.embedder is None or serving is None:
        return True
    chunks_left, tokens_left = vectors.unembedded_totals(run.only)
    # Of all that the run embeds, however often it was called away from it.
    chunks_total = run.counts["embedded"] + chunks_left
    tokens_before = run.counts["tokens"]
    pace = Pace()
    size = BatchSize(batch_s)
    while batch := vectors.unembedded(size.chunks, run.only):
        run.check_cancelled()
        if until():
            return False
        run.report_progress(
            Progress(
                "embedding",
                chunks_done=run.counts["embedded"],
                chunks_total=max(chunks_total, run.counts["embedded"]),
                tokens_done=tokens_before + pace.done,
                tokens_total=tokens_before + max(tokens_left, pace.done),
                tokens_per_s=pace.per_s,
                eta_s=pace.eta_s(tokens_left - pace.done),
                current=batch[0].path,
                changing_to=run.changing_to,
            )
        )
        took_s = _embed_batch(run, run.embedder, serving.id, batch)
        pace.advance(sum(each.chunk.tokens for each in batch))
        size.fit(len(batch), took_s)
    return True


def have_loaded(embedder: Embedder) -> None:
    """Have the model in memory, so that loading it is no part of how long it embeds."""
    embedder.embed_documents(())


def _embed_batch(
    run: Run, embedder: Embedder, model_id: int, batch: Sequence[UnembeddedChunk]
) -> float:
    """Embed and write one batch; gives the seconds that the model took."""
    unique = list({each.key: each for each in batch}.values())
    writing_s = 0.0

    def write(rows: Sequence[int], vectors: FloatMatrix) -> None:
        nonlocal writing_s
        began_s = time.monotonic()
        with run.store.transaction():
            run.store.vectors.put(model_id, [unique[row].key for row in rows], vectors)
        run.counts["embedded"] += len(rows)
        run.counts["tokens"] += sum(unique[row].chunk.tokens for row in rows)
        writing_s += time.monotonic() - began_s

    texts = [each.chunk.embedded_text for each in unique]
    have_loaded(embedder)
    began_s = time.monotonic()
    try:
        embedder.embed_documents(texts, cancel=run.cancel, on_vectors=write)
    finally:
        took_s = time.monotonic() - began_s - writing_s
        run.engine_s += took_s
    return took_s
