"""How does a new converter or chunker come in without a gap? File by file, vectors and all.

A file that would be read differently now is found as it was until its passages have their vectors;
then one transaction puts the new ones in place of the old.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from localsearch.indexing import reader
from localsearch.indexing.embedding import CHUNKS_AT_ONCE, embed_until, have_loaded
from localsearch.indexing.outdated import chunking
from localsearch.indexing.pace import Pace
from localsearch.indexing.reading import FileReading
from localsearch.store.documents import embedding_key
from localsearch.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localsearch.indexing.reader import Convert, Reading
    from localsearch.indexing.run import Run
    from localsearch.types import Chunk, Embedder, FloatMatrix, FloatVector


@dataclass
class Renewal:
    """A file that was read anew, and the vectors of its passages as far as they're made."""

    found: Reading
    vectors: dict[bytes, FloatVector] = field(default_factory=dict)
    texts: dict[bytes, Chunk] = field(init=False)

    def __post_init__(self) -> None:
        self.texts = {
            embedding_key(chunk.embedded_text): chunk
            for _, chunks in self.found.documents
            for chunk in chunks
        }

    @property
    def is_current(self) -> bool:
        """Whether the file still is what was read."""
        read = self.found.ref
        with contextlib.suppress(OSError):
            now = reader.describe(read.path)
            return (now.size, now.mtime_ns) == (read.size, read.mtime_ns)
        return False


def renew_outdated(run: Run, convert: Convert, until: Callable[[], bool]) -> bool:
    """Renew all; ends early and gives False where `until` says so between files or batches.

    What a run that was stopped left over, the next look at the folders finds again.
    """
    if run.embedder is None:
        return True
    reading = FileReading(run, convert)
    total = len(run.outdated)
    pace = Pace()
    while run.outdated:
        path = next(iter(run.outdated))
        run.check_cancelled()
        if until():
            return False
        progress = Progress(
            "reading",
            files_done=pace.done,
            files_total=total,
            eta_s=pace.eta_s(total - pace.done),
            current=path,
        )
        run.report_progress(progress)
        renewal = run.renewing
        if renewal is None or renewal.found.ref.path != path or not renewal.is_current:
            run.renewing = renewal = _read(run, reading, path)
        if renewal is not None:
            if not _embed(run, run.embedder, renewal, partial(_look_up, run, progress, until)):
                return False
            _write(run, reading, renewal)
        run.renewing = None
        del run.outdated[path]
        pace.advance(1)
    return True


def _look_up(run: Run, progress: Progress, until: Callable[[], bool]) -> bool:
    # A long file takes so many batches that who watches would take it for stuck.
    run.report_progress(progress)
    return until()


def _read(run: Run, reading: FileReading, path: str) -> Renewal | None:
    """What the file says now; None where it isn't to be renewed."""
    try:
        found = reading.read(reader.describe(path))
    except OSError:
        # What's gone or changes, the next look at the folders tells.
        return None
    if found.outcome in ("changing", "vanished"):
        return None
    return Renewal(found)


def _lacking(run: Run, renewal: Renewal) -> list[bytes]:
    """The keys of its passages that have no vector, neither in the index nor made for it."""
    serving = run.store.vectors.serving_model()
    if serving is None:
        return []
    return run.store.vectors.missing(serving.id, renewal.texts.keys() - renewal.vectors.keys())


def _embed(run: Run, embedder: Embedder, renewal: Renewal, until: Callable[[], bool]) -> bool:
    """Have the vectors that its passages lack; False where `until` had some of them left."""
    lacking = _lacking(run, renewal)
    for start in range(0, len(lacking), CHUNKS_AT_ONCE):
        keys = lacking[start : start + CHUNKS_AT_ONCE]

        def keep(rows: Sequence[int], made: FloatMatrix, keys: list[bytes] = keys) -> None:
            renewal.vectors.update(zip((keys[row] for row in rows), made, strict=True))

        run.check_cancelled()
        have_loaded(embedder)
        chunks = [renewal.texts[key] for key in keys]
        if not embed_until(run, embedder, chunks, keep, until):
            return False
    return True


def _write(run: Run, reading: FileReading, renewal: Renewal) -> None:
    """Put the new passages and their vectors in place of the old."""
    import numpy as np

    store, found = run.store, renewal.found
    serving, file_id = store.vectors.serving_model(), store.files.id_of(found.ref.path)
    if serving is None or file_id is None:
        return
    with store.transaction():
        if found.outcome == "failed" and _keep(run, file_id, found):
            return
        store.files.set_described(found.ref)
        reading.write(file_id, found)
        if renewal.vectors:
            store.vectors.put(serving.id, [*renewal.vectors], np.stack([*renewal.vectors.values()]))


def _keep(run: Run, file_id: int, found: Reading) -> bool:
    """Whether the text that's there is better than none, and stays.

    A file that couldn't be opened is tried again; what a newer converter can't read isn't.
    """
    if found.content_hash is None:
        return True
    if found.content_hash != run.store.files.reusable_hash(file_id):
        return False
    run.store.files.set_state(
        file_id,
        "indexed",
        content_hash=found.content_hash,
        converter=found.converter,
        chunker=chunking(run.embedder),
    )
    return True
