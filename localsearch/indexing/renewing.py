"""How does a new converter or chunker come in without a gap? File by file, vectors and all.

A file that would be read differently now is found as it was until its passages have their vectors;
then one transaction puts the new ones in place of the old.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from localsearch import reader
from localsearch.indexing.reading import FileReading
from localsearch.pace import Pace
from localsearch.store.documents import embedding_key
from localsearch.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from localsearch.indexing.run import Run
    from localsearch.reader import Convert
    from localsearch.types import Embedder


def renew_outdated(run: Run, convert: Convert, until: Callable[[], bool]) -> bool:
    """Renew all; ends early and gives False where `until` says so between two files.

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
        run.report_progress(
            Progress(
                "reading",
                files_done=pace.done,
                files_total=total,
                eta_s=pace.eta_s(total - pace.done),
                current=path,
            )
        )
        # What's gone or changes, the next look at the folders tells.
        with contextlib.suppress(OSError):
            _renew(run, run.embedder, reading, path)
        del run.outdated[path]
        pace.advance(1)
    return True


def _renew(run: Run, embedder: Embedder, reading: FileReading, path: str) -> None:
    store = run.store
    serving, file_id = store.vectors.serving_model(), store.files.id_of(path)
    found = reading.read(reader.describe(path))
    if serving is None or file_id is None or found.outcome in ("changing", "vanished"):
        return
    texts = {
        embedding_key(chunk.embedded_text): chunk
        for _, chunks in found.documents
        for chunk in chunks
    }
    new = store.vectors.missing(serving.id, texts)
    began_s = time.monotonic()
    embedded = [texts[key].embedded_text for key in new]
    vectors = embedder.embed_documents(embedded, cancel=run.cancel) if new else None
    run.engine_s += time.monotonic() - began_s
    with store.transaction():
        store.files.set_described(found.ref)
        reading.write(file_id, found)
        if vectors is not None:
            store.vectors.put(serving.id, new, vectors)
    run.counts["embedded"] += len(new)
    run.counts["tokens"] += sum(texts[key].tokens for key in new)
