"""What do the passages mean that have no vector yet?

What the model takes at once (a page of text or less) is kept as soon as it's there: a crash costs
no more than that, and who has something else to do is asked as often.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from localsearch.indexing.pace import Pace
from localsearch.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localsearch.indexing.run import Run
    from localsearch.store import Store
    from localsearch.store.vectors import UnembeddedChunk
    from localsearch.types import Chunk, Embedder, FloatMatrix, OnVectors

# Enough for the model to fill what it takes at once with texts that fit together.
CHUNKS_AT_ONCE = 64


class _LeftOffError(Exception):
    """Something else is to be done first."""


def embed_missing(run: Run, until: Callable[[], bool]) -> bool:
    """Embed all; ends early and gives False where `until` says so."""
    vectors = run.store.vectors
    serving = vectors.serving_model()
    if run.embedder is None or serving is None:
        return True
    told = _Told(run, *vectors.unembedded_totals(run.only))
    while found := vectors.unembedded(CHUNKS_AT_ONCE, run.only):
        run.check_cancelled()
        told.current = found[0].path
        told.tell()
        if until():
            return False
        texts = {each.key: each.chunk for each in found}
        keep = partial(_write, run.store, serving.id, found, [*texts], told)
        if not embed_until(run, run.embedder, [*texts.values()], keep, until):
            return False
    return True


class _Told:
    """How far it has come, of all that the run embeds, however often it was called away from it."""

    def __init__(self, run: Run, chunks_left: int, tokens_left: int) -> None:
        self.current = ""
        self._run = run
        self._pace = Pace()
        self._chunks_done = run.counts["embedded"]
        self._chunks_total = self._chunks_done + chunks_left
        self._tokens_before = run.counts["tokens"]
        self._tokens_left = tokens_left

    def advance(self, chunks: Sequence[UnembeddedChunk]) -> None:
        """Note that these have their vectors, and tell so."""
        self._chunks_done += len(chunks)
        self._pace.advance(sum(each.chunk.tokens for each in chunks))
        self.tell()

    def tell(self) -> None:
        done = self._pace.done
        self._run.report_progress(
            Progress(
                "embedding",
                chunks_done=self._chunks_done,
                chunks_total=max(self._chunks_total, self._chunks_done),
                tokens_done=self._tokens_before + done,
                tokens_total=self._tokens_before + max(self._tokens_left, done),
                tokens_per_s=self._pace.per_s,
                eta_s=self._pace.eta_s(self._tokens_left - done),
                current=self.current,
                changing_to=self._run.changing_to,
            )
        )


def _write(
    store: Store,
    model_id: int,
    found: Sequence[UnembeddedChunk],
    keys: Sequence[bytes],
    told: _Told,
    rows: Sequence[int],
    made: FloatMatrix,
) -> None:
    written = [keys[row] for row in rows]
    with store.transaction():
        store.vectors.put(model_id, written, made)
    told.advance([each for each in found if each.key in written])


def embed_until(
    run: Run,
    embedder: Embedder,
    chunks: Sequence[Chunk],
    keep: OnVectors,
    until: Callable[[], bool],
) -> bool:
    """Embed passages, and have `keep` take their vectors as they're made; counts them in `run`.

    False where `until` had the rest of them left.
    """
    # Loading the model is no part of how long it embeds.
    embedder.embed_documents(())
    kept_s = 0.0

    def take(rows: Sequence[int], made: FloatMatrix) -> None:
        nonlocal kept_s
        began_s = time.monotonic()
        keep(rows, made)
        run.counts["embedded"] += len(rows)
        run.counts["tokens"] += sum(chunks[row].tokens for row in rows)
        leaves_off = until()
        kept_s += time.monotonic() - began_s
        if leaves_off:
            raise _LeftOffError

    began_s = time.monotonic()
    try:
        embedder.embed_documents(
            [each.embedded_text for each in chunks], cancel=run.cancel, on_vectors=take
        )
    except _LeftOffError:
        return False
    finally:
        run.engine_s += time.monotonic() - began_s - kept_s
    return True
