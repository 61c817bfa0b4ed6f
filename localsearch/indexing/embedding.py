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
    told = _Told(run)

    def look_up() -> bool:
        told.tell()
        return until()

    while found := vectors.unembedded(CHUNKS_AT_ONCE, run.only):
        run.check_cancelled()
        told.current = found[0].path
        if look_up():
            return False
        have_loaded(run.embedder)
        told.begin()
        texts = {each.key: each.chunk for each in found}
        keep = partial(_write, run.store, serving.id, [*texts])
        if not embed_until(run, run.embedder, [*texts.values()], keep, look_up):
            return False
    return True


def _write(
    store: Store, model_id: int, keys: Sequence[bytes], rows: Sequence[int], made: FloatMatrix
) -> None:
    with store.transaction():
        store.vectors.put(model_id, [keys[row] for row in rows], made)


class _Told:
    """How far it has come, of all that the run embeds, however often it was called away from it.

    A text that stands in several places counts once, as it's embedded once.
    """

    def __init__(self, run: Run) -> None:
        self.current = ""
        self._run = run
        chunks_left, self._tokens_left = run.store.vectors.unembedded_totals(run.only)
        self._chunks_total = run.counts["embedded"] + chunks_left
        self._tokens_before = run.counts["tokens"]
        self._pace = Pace()

    def begin(self) -> None:
        """The model works from now on; loading it says nothing of its speed."""
        if not self._pace.done:
            self._pace = Pace()

    def tell(self) -> None:
        counts, pace = self._run.counts, self._pace
        done = counts["tokens"] - self._tokens_before
        if done > pace.done:
            pace.advance(done - pace.done)
        self._run.report_progress(
            Progress(
                "embedding",
                chunks_done=counts["embedded"],
                chunks_total=max(self._chunks_total, counts["embedded"]),
                tokens_done=counts["tokens"],
                tokens_total=self._tokens_before + max(self._tokens_left, done),
                tokens_per_s=pace.per_s,
                eta_s=pace.eta_s(self._tokens_left - done),
                current=self.current,
                changing_to=self._run.changing_to,
            )
        )


def have_loaded(embedder: Embedder) -> None:
    """Have the model in memory, so that loading it is no part of how long it embeds."""
    embedder.embed_documents(())


def embed_until(
    run: Run,
    embedder: Embedder,
    chunks: Sequence[Chunk],
    keep: OnVectors,
    until: Callable[[], bool],
) -> bool:
    """Embed passages, and have `keep` take their vectors as they're made; counts them in `run`.

    The model should have been loaded. `until` is asked after each of its batches; False where it
    had the rest of them left.
    """
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
