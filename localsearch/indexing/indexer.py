"""Brings the index up to date: scan, read what changed, embed what's missing; resumable throughout.

Every file is readable by word before any is embedded, the most recently changed first. Each file
is one transaction, and so are the vectors of what the model takes at once: stopping at any moment
loses only the one in hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.indexing.discovery import Discovery
from localsearch.indexing.embedding import embed_missing
from localsearch.indexing.reading import FileReading
from localsearch.indexing.renewing import renew_outdated
from localsearch.indexing.run import Run
from localsearch.rebuild import is_whole
from localsearch.search.learning import learn_from_vectors
from localsearch.types import Progress

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from converters.sandbox import Sandbox
    from localsearch.config import Paths, Settings
    from localsearch.indexing.reader import Convert, Expect
    from localsearch.store import Store
    from localsearch.types import Embedder, IndexReport


def _never() -> bool:
    return False


def open_sandbox(settings: Settings, cancel: threading.Event | None) -> Sandbox:
    """A process that reads files within the limits that the settings name."""
    from converters.sandbox import Sandbox

    limits = settings.converters
    return Sandbox(timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes, cancel=cancel)


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
        self._run = Run(
            store, paths, settings, embedder, progress or (lambda _: None), cancel, changing_to
        )
        self._store = store
        self._discovery = Discovery(self._run)

    def update(self, within: Sequence[str] = (), *, notice: str = "") -> IndexReport:
        """Scan the roots (or only `within`), read what changed and embed what's missing.

        Raises CancelledError when stopped; what was done until then is kept.
        """
        if notice:
            self._run.notices.append(notice)
        self.find_changes(within)
        if within:
            # What a run that was stopped left over elsewhere isn't this one's work.
            self._run.within, self._run.only = within, self._store.files.ids_below(within)
        with self.open_sandbox() as sandbox:
            self.read_changes(sandbox.convert, expect=sandbox.expect)
        self.embed_missing()
        if self.has_outdated:
            with self.open_sandbox() as sandbox:
                self.renew_outdated(sandbox.convert)
        return self.finish()

    # The steps of an update, for one who has to look up from it now and then: `until` is asked
    # between files and between the model's batches, and where it says so a step ends early and
    # gives False.

    def find_changes(self, within: Sequence[str] = ()) -> int:
        """Scan, and record what is to be read; gives the number of files that differ."""
        self._set_model()
        return self._discovery.scan(within)

    def read_changes(
        self,
        convert: Convert,
        *,
        until: Callable[[], bool] = _never,
        expect: Expect | None = None,
    ) -> bool:
        """Read what was recorded, and at its end forget the files that are gone.

        `expect`, where there is one, is told which files come next while one is worked with.
        """
        reading = FileReading(self._run, convert, expect)
        if not reading.read_pending(until):
            return False
        # A look at the folders tells what was deleted from what's on a disk that's away, and from
        # what was moved just while its folder was looked at.
        if self._discovery.look_again() and not reading.read_pending(until):
            return False
        self._discovery.remove_vanished()
        self._store.learn_sizes()
        return True

    def embed_missing(self, *, until: Callable[[], bool] = _never) -> bool:
        """Embed what has no vector yet."""
        return embed_missing(self._run, until)

    @property
    def has_outdated(self) -> bool:
        """Whether there's anything for `renew_outdated` to do."""
        return bool(self._run.outdated)

    def renew_outdated(self, convert: Convert, *, until: Callable[[], bool] = _never) -> bool:
        """Read again what a newer converter or chunker reads differently, a file at a time."""
        return renew_outdated(self._run, convert, until)

    def finish(self, *, until: Callable[[], bool] = _never) -> IndexReport:
        """Learn from what was embedded, tidy up, and say what was done in all the steps.

        What an index of an older version lacks is made until `until` says so; then by the next run.
        """
        run = self._run
        changed = run.counts["embedded"] or run.counts["removed"]
        if changed or self._store.vectors.lacks_codes():
            learn_from_vectors(self._store, run.embedder, cancel=run.cancel)
        self._complete_words(until)
        self._store.tidy()
        if not run.within:
            is_whole(self._store)
        run.report_progress(Progress("done"))
        return run.report()

    def _complete_words(self, until: Callable[[], bool]) -> None:
        """Index what an index of an older version lacks, and have words be found quickly."""
        cancel = self._run.cancel

        def go_on() -> bool:
            return not (until() or (cancel is not None and cancel.is_set()))

        lacking = True
        while lacking and go_on():
            with self._store.transaction():
                lacking = self._store.documents.add_beginnings()
        self._store.merge_words(go_on)

    def open_sandbox(self) -> Sandbox:
        """A process that reads the files, for `read_changes`."""
        return open_sandbox(self._run.settings, self._run.cancel)

    @property
    def offline(self) -> dict[str, str]:
        """What's wrong with each root that can't be looked at, in a sentence; once all were."""
        return self._run.offline

    @property
    def embedded(self) -> tuple[int, float]:
        """Tokens that were embedded so far, and the seconds that took the model."""
        return self._run.counts["tokens"], self._run.engine_s

    def _set_model(self) -> None:
        """Serve this model where none serves yet; one takes over from another by ModelChange."""
        embedder = self._run.embedder
        if embedder is None:
            return
        serving = self._store.vectors.serving_model()
        if serving is None or serving.fingerprint != embedder.fingerprint:
            with self._store.transaction():
                self._store.vectors.serve(embedder.fingerprint, embedder.name, embedder.dimension)
