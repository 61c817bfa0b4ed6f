"""Brings the index up to date: scan, read what changed, embed what's missing; resumable throughout.

Every file is readable by word before any is embedded, the most recently changed first. Each file
and each batch of vectors is one transaction, so stopping at any moment loses only the one in hand.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from localsearch import reader
from localsearch.indexed_paths import is_in_any
from localsearch.learning import learn_from_vectors
from localsearch.pace import Pace
from localsearch.types import CancelledError, IndexReport, Progress

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from converters.sandbox import Sandbox
    from localsearch.config import Paths, Settings
    from localsearch.reader import Convert, Reading
    from localsearch.scan import ScannedFile
    from localsearch.store import Store
    from localsearch.store.files import FileState
    from localsearch.types import Embedder, FileRef, Kind

_PENDING_BATCH = 64
_NAMES_BATCH = 500
_REMOVE_BATCH = 50
# One batch of vectors is what a stop or a crash can cost.
_COMMIT_EVERY_S = 3.0
_FIRST_BATCH_CHUNKS = 32
# Where batches have to be short, so many a second is what any model is expected to do.
_LEAST_CHUNKS_PER_S = 4
_MAX_BATCH_CHUNKS = 1024
_MAX_ATTEMPTS = 3


def _never() -> bool:
    return False


class Indexer:
    """One run over the roots; the caller holds the writer's lock."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        settings: Settings,
        embedder: Embedder | None,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        changing_to: str = "",
    ) -> None:
        self._changing_to = changing_to
        self._store = store
        self._paths = paths
        self._settings = settings
        self._embedder = embedder
        self._report_progress = progress or (lambda _: None)
        self._cancel = cancel
        self._counts: Counter[str] = Counter()
        self._notices: list[str] = []
        self._vanished: set[str] = set()
        # Not there when they were to be read.
        self._lost: set[str] = set()
        # What's read, embedded and reported on: paths, and ids of the files in them;
        # none and None for all.
        self._within: Sequence[str] = ()
        self._only: list[int] | None = None
        self._started_s = time.monotonic()
        self._engine_s = 0.0

    def update(self, within: Sequence[str] = (), *, notice: str = "") -> IndexReport:
        """Scan the roots (or only `within`), read what changed and embed what's missing.

        Raises CancelledError when stopped; what was done until then is kept.
        """
        if notice:
            self._notices.append(notice)
        self.find_changes(within)
        if within:
            # What a run that was stopped left over elsewhere isn't this one's work.
            self._within, self._only = within, self._store.files.ids_below(within)
        with self.open_sandbox() as sandbox:
            self.read_changes(sandbox.convert)
        self.embed_missing()
        return self.finish()

    # The steps of an update, for one who has to look up from it now and then: `until` is asked
    # between files and between batches, and where it says so a step ends early and gives False.

    def find_changes(self, within: Sequence[str] = ()) -> int:
        """Scan, and record what is to be read; gives the number of files that differ."""
        self._set_model()
        return self._scan(within)

    def read_changes(self, convert: Convert, *, until: Callable[[], bool] = _never) -> bool:
        """Read what was recorded, and at its end forget the files that are gone."""
        if not self._read_pending(convert, until):
            return False
        if self._lost:
            # A look at the folders tells what was deleted from what's on a disk that's away.
            self._scan(sorted(self._lost))
            self._lost.clear()
        # After reading, so that what moved finds its vectors still there.
        self._remove()
        self._store.learn_sizes()
        return True

    def embed_missing(
        self, *, until: Callable[[], bool] = _never, batch_s: float = _COMMIT_EVERY_S
    ) -> bool:
        """Embed what has no vector yet, in batches of about `batch_s` seconds."""
        return self._embed(until, batch_s)

    def finish(self) -> IndexReport:
        """Learn from what was embedded, tidy up, and say what was done in all the steps."""
        if self._counts["embedded"] or self._counts["removed"]:
            learn_from_vectors(self._store, self._embedder, cancel=self._cancel)
        self._store.tidy()
        self._report_progress(Progress("done"))
        return self._report()

    @property
    def embedded(self) -> tuple[int, float]:
        """Tokens that were embedded so far, and the seconds that took the model."""
        return self._counts["tokens"], self._engine_s

    def _report(self) -> IndexReport:
        counts = self._counts
        return IndexReport(
            added=counts["added"],
            changed=counts["changed"],
            moved=counts["moved"],
            removed=counts["removed"],
            unchanged=counts["unchanged"],
            failed=tuple(
                each
                for each in self._store.files.failures()
                if not self._within or is_in_any(each.path, self._within)
            ),
            skipped=counts["name_only"],
            chunks=counts["chunks"],
            embedded_chunks=counts["embedded"],
            embedded_tokens=counts["tokens"],
            elapsed_s=time.monotonic() - self._started_s,
            engine_s=self._engine_s,
            notices=tuple(self._notices),
        )

    def _check_cancelled(self) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError

    # The model

    def _set_model(self) -> None:
        """Serve this model where none serves yet; one takes over from another by ModelChange."""
        if self._embedder is None:
            return
        embedder = self._embedder
        serving = self._store.vectors.serving_model()
        if serving is None or serving.fingerprint != embedder.fingerprint:
            with self._store.transaction():
                self._store.vectors.serve(embedder.fingerprint, embedder.name, embedder.dimension)

    # Scanning

    def _scan(self, within: Sequence[str]) -> int:
        """Record what the file system holds, and which known paths are gone."""
        from localsearch.changes import compare, renumbered
        from localsearch.mounts import volumes_around
        from localsearch.outdated import mark_outdated
        from localsearch.scan import scan_roots

        files = self._store.files
        roots = [path for path, _, _ in files.roots()]
        known = files.known(within)
        volumes = volumes_around(roots, files.mounts())
        scan = scan_roots(
            roots,
            self._settings.index,
            paths=self._paths,
            cancel=self._cancel,
            within=within,
            known=known,
            volumes=volumes,
        )
        changes = compare(self._watched(scan), known, scan)
        self._check_cancelled()
        self._notices.extend(f"can't read {each.path}: {each.reason}" for each in scan.unreadable)
        for root, why in scan.offline_reasons.items():
            self._notices.append(f"{root} {why}; what was indexed of it is kept, hidden")
        with self._store.transaction():
            files.set_out_of_reach(scan.out_of_reach, within)
            files.renumber(renumbered(changes.unchanged, known))
            if not within:
                files.set_offline_roots(scan.offline_roots)
        for start in range(0, len(changes.moved), _NAMES_BATCH):
            with self._store.transaction():
                for old_path, found in changes.moved[start : start + _NAMES_BATCH]:
                    self._move(old_path, found.ref)
        self._counts["moved"] += len(changes.moved)
        self._record(changes.new, "added")
        self._record(changes.changed, "changed")
        unchanged = [*changes.same, *(known[found.path] for found in changes.unchanged)]
        outdated = mark_outdated(self._store, self._settings, self._embedder, unchanged)
        self._counts["changed"] += outdated
        self._counts["unchanged"] += len(unchanged)
        # An earlier scan may have missed what's back now.
        self._vanished.difference_update(known)
        self._vanished.update(changes.vanished)
        if not within:
            with self._store.transaction():
                files.note_mounts(volumes.mounted)
        gone_or_moved = len(changes.moved) + len(changes.vanished)
        return len(changes.new) + len(changes.changed) + gone_or_moved + outdated

    def _move(self, old_path: str, ref: FileRef) -> None:
        self._store.files.move(old_path, ref)
        old_title = reader.title_of_last_resort(old_path)
        new_title = reader.title_of_last_resort(ref.path)
        file_id = self._store.files.id_of(ref.path)
        if old_title != new_title and file_id is not None:
            self._store.documents.retitle(file_id, old_title, new_title)

    def _watched(self, scan: Iterable[ScannedFile]) -> Iterator[ScannedFile]:
        """The scanned files, counted for the user to see."""
        for number, found in enumerate(scan, start=1):
            if number % 1000 == 0:
                self._report_progress(Progress("scanning", files_done=number))
            yield found

    def _record(self, found: Sequence[ScannedFile], count_as: str) -> None:
        from converters.registry import kind_for

        self._counts[count_as] += len(found)
        for start in range(0, len(found), _NAMES_BATCH):
            self._check_cancelled()
            with self._store.transaction():
                for each in found[start : start + _NAMES_BATCH]:
                    kind = kind_for(each.ref.path)
                    if each.disposition == "read":
                        self._store.files.upsert(each.ref, kind=kind, state="pending")
                    else:
                        self._name_only(each.ref, kind, each.reason)

    def _name_only(self, ref: FileRef, kind: Kind, reason: str) -> None:
        file_id = self._store.files.upsert(ref, kind=kind, state="name_only", reason=reason)
        self._store.documents.remove_text(file_id)
        self._counts["name_only"] += 1

    # Reading

    def open_sandbox(self) -> Sandbox:
        """A process that reads the files, for `read_changes`."""
        from converters.sandbox import Sandbox

        limits = self._settings.converters
        return Sandbox(
            timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes, cancel=self._cancel
        )

    def _read_pending(self, convert: Convert, until: Callable[[], bool]) -> bool:
        total = self._store.files.pending_count(self._only)
        size = reader.chunk_size(self._embedder)
        pace = Pace()
        attempts: Counter[int] = Counter()
        while True:
            batch = [
                (file_id, ref)
                for file_id, ref in self._store.files.pending(
                    _PENDING_BATCH + len(attempts), self._only
                )
                if attempts[file_id] < _MAX_ATTEMPTS
            ]
            if not batch:
                return True
            for file_id, ref in batch:
                self._check_cancelled()
                if until():
                    return False
                self._report_progress(
                    Progress(
                        "reading",
                        files_done=pace.done,
                        files_total=max(total, pace.done),
                        eta_s=pace.eta_s(total - pace.done),
                        current=ref.path,
                        changing_to=self._changing_to,
                    )
                )
                if self._read_one(file_id, ref, size, convert):
                    pace.advance(1)
                else:
                    attempts[file_id] += 1

    def _read_one(
        self, file_id: int, ref: FileRef, size: reader.ChunkSize, convert: Convert
    ) -> bool:
        """Read a file and write all about it; False when it has to be tried again."""
        from localsearch.chunker import estimate_tokens

        files = self._store.files
        reading = reader.read_file(
            ref,
            known_hash=files.reusable_hash(file_id),
            settings=self._settings,
            size=size,
            count_tokens=self._embedder.count_tokens if self._embedder else estimate_tokens,
            convert=convert,
        )
        if reading.outcome == "vanished":
            self._lost.add(ref.path)
        if reading.outcome in ("changing", "vanished"):
            return False
        with self._store.transaction():
            files.set_described(reading.ref)
            if reading.outcome == "same":
                files.set_same(file_id)
            else:
                self._write(file_id, reading)
        return True

    def _write(self, file_id: int, reading: Reading) -> None:
        from localsearch.outdated import chunking

        serving = self._store.vectors.serving_model()
        self._counts["chunks"] += self._store.documents.replace(
            file_id,
            reading.documents,
            model_id=serving.id if serving else None,
            file_stem=reading.file_stem,
        )
        state: FileState = "indexed"
        if reading.outcome in ("failed", "name_only"):
            state = "failed" if reading.outcome == "failed" else "name_only"
            self._counts[state] += 1
        self._store.files.set_state(
            file_id,
            state,
            reason=reading.reason,
            content_hash=reading.content_hash,
            converter=reading.converter,
            chunker=chunking(self._embedder),
        )

    def _remove(self) -> None:
        ids = [file_id for path in self._vanished if (file_id := self._store.files.id_of(path))]
        self._counts["removed"] += len(ids)
        for start in range(0, len(ids), _REMOVE_BATCH):
            self._check_cancelled()
            with self._store.transaction():
                self._store.documents.remove_files(ids[start : start + _REMOVE_BATCH])
        self._vanished.clear()

    # Embedding

    def _embed(self, until: Callable[[], bool], batch_s: float) -> bool:
        serving = self._store.vectors.serving_model()
        if self._embedder is None or serving is None:
            return True
        chunks_total, tokens_total = self._store.vectors.unembedded_totals(self._only)
        pace = Pace()
        fewest = min(_FIRST_BATCH_CHUNKS, max(1, int(batch_s * _LEAST_CHUNKS_PER_S)))
        batch_chunks = fewest
        while batch := self._store.vectors.unembedded(batch_chunks, self._only):
            self._check_cancelled()
            if until():
                return False
            self._report_progress(
                Progress(
                    "embedding",
                    chunks_done=self._counts["embedded"],
                    chunks_total=max(chunks_total, self._counts["embedded"]),
                    tokens_done=pace.done,
                    tokens_total=max(tokens_total, pace.done),
                    tokens_per_s=pace.per_s,
                    eta_s=pace.eta_s(tokens_total - pace.done),
                    current=batch[0].path,
                    changing_to=self._changing_to,
                )
            )
            unique = {each.key: each.chunk for each in batch}
            began_s = time.monotonic()
            vectors = self._embedder.embed_documents(
                [chunk.embedded_text for chunk in unique.values()], cancel=self._cancel
            )
            took_s = time.monotonic() - began_s
            self._engine_s += took_s
            with self._store.transaction():
                self._store.vectors.put(serving.id, list(unique), vectors)
            tokens = sum(chunk.tokens for chunk in unique.values())
            self._counts["embedded"] += len(unique)
            self._counts["tokens"] += tokens
            pace.advance(sum(each.chunk.tokens for each in batch))
            fitting = int(len(batch) * batch_s / max(took_s, 0.001))
            batch_chunks = min(max(fitting, fewest), _MAX_BATCH_CHUNKS)
        return True
