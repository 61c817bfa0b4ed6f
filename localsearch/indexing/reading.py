"""What do the files say that are to be read? Reads each, and writes all about it at once."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from localsearch.indexing import reader
from localsearch.indexing.pace import Pace
from localsearch.scanning.cloud import is_placeholder
from localsearch.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localsearch.indexing.reader import Convert, Expect, Reading
    from localsearch.indexing.run import Run
    from localsearch.store.files import FileState
    from localsearch.types import FileRef

_PENDING_BATCH = 64
_MAX_ATTEMPTS = 3


class FileReading:
    """Reads what was recorded, the most recently changed first; a file is one transaction.

    `expect`, where there is one, is told which files come next while one is worked with.
    """

    def __init__(self, run: Run, convert: Convert, expect: Expect | None = None) -> None:
        self._run = run
        self._store = run.store
        self._convert = convert
        self._expect = expect
        self._size = reader.chunk_size(run.embedder)

    def read_pending(self, until: Callable[[], bool]) -> bool:
        """Read all; ends early and gives False where `until` says so between two files."""
        run = self._run
        total = self._store.files.pending_count(run.only)
        pace = Pace()
        attempts: Counter[int] = Counter()
        while True:
            batch = [
                (file_id, ref)
                for file_id, ref in self._store.files.pending(
                    _PENDING_BATCH + len(attempts), run.only
                )
                if attempts[file_id] < _MAX_ATTEMPTS
            ]
            if not batch:
                return True
            # Asked of each file once: it comes up again with each of those before it.
            may_read_ahead = cache(self._may_read_ahead)
            for position, (file_id, ref) in enumerate(batch):
                run.check_cancelled()
                # What ends this comes first then, and would wait for what was announced.
                if until():
                    return False
                self._announce(takewhile(may_read_ahead, islice(batch, position, None)))
                run.report_progress(
                    Progress(
                        "reading",
                        files_done=pace.done,
                        files_total=max(total, pace.done),
                        eta_s=pace.eta_s(total - pace.done),
                        current=ref.path,
                        changing_to=run.changing_to,
                    )
                )
                if self._read_one(file_id, ref):
                    pace.advance(1)
                else:
                    attempts[file_id] += 1

    def _announce(self, following: Iterable[tuple[int, FileRef]]) -> None:
        if self._expect is not None:
            settings = self._run.settings
            paths = (ref.path for _, ref in following)
            self._expect(paths, ocr=settings.index.ocr, plugins=settings.converters.plugins)

    def _may_read_ahead(self, file: tuple[int, FileRef]) -> bool:
        file_id, ref = file
        # What has the content that it had needn't be converted at all; if it's another after
        # all, it would have to wait for what was announced before it.
        return self._store.files.reusable_hash(file_id) is None and _is_here(ref.path)

    def read(self, ref: FileRef, *, known_hash: bytes | None = None) -> Reading:
        """What a file says, cut for the model; "same" where its content is the known one."""
        from localsearch.chunking.chunker import estimate_tokens

        embedder = self._run.embedder
        return reader.read_file(
            ref,
            known_hash=known_hash,
            settings=self._run.settings,
            size=self._size,
            count_tokens=embedder.count_tokens if embedder else estimate_tokens,
            convert=self._convert,
        )

    def _read_one(self, file_id: int, ref: FileRef) -> bool:
        """Read a file and write all about it; False when it has to be tried again."""
        files = self._store.files
        reading = self.read(ref, known_hash=files.reusable_hash(file_id))
        if reading.outcome == "vanished":
            self._run.lost.add(ref.path)
        if reading.outcome in ("changing", "vanished"):
            return False
        with self._store.transaction():
            files.set_described(reading.ref)
            if reading.outcome == "same":
                files.set_same(file_id)
            else:
                self.write(file_id, reading)
        return True

    def write(self, file_id: int, reading: Reading) -> None:
        """Put what was read in place of what was known; the transaction is the caller's."""
        from localsearch.indexing.outdated import chunking

        run = self._run
        serving = self._store.vectors.serving_model()
        run.counts["chunks"] += self._store.documents.replace(
            file_id,
            reading.documents,
            model_id=serving.id if serving else None,
            file_stem=reading.file_stem,
        )
        state: FileState = "indexed"
        if reading.outcome in ("failed", "name_only"):
            state = "failed" if reading.outcome == "failed" else "name_only"
            run.counts[state] += 1
        self._store.files.set_state(
            file_id,
            state,
            reason=reading.reason,
            content_hash=reading.content_hash,
            converter=reading.converter,
            chunker=chunking(run.embedder),
        )


def _is_here(path: str) -> bool:
    """Whether reading the file ahead downloads nothing."""
    try:
        return not is_placeholder(os.lstat(path))
    except OSError:
        return False
