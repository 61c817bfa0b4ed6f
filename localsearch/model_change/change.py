"""How does the index get vectors of another model without a gap in searching?

A second index, a copy of the first, gets the new model's vectors while the first goes on serving
searches with the old one's; when it's whole, it takes the first one's place in one transaction.
Stopped or killed, it goes on where it was; it's given up when the old model is chosen again.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Self

from localsearch.indexing.folders import remove_folder
from localsearch.indexing.indexer import Indexer
from localsearch.models.speed import known_speeds
from localsearch.store import Store
from localsearch.types import (
    CancelledError,
    LocalsearchError,
    ModelChangeStatus,
    NoIndexError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from localsearch.config import Paths, Settings
    from localsearch.indexing.reader import Convert
    from localsearch.types import Embedder, IndexReport, Progress

_FLOAT32_BYTES = 4


def is_needed(store: Store, embedder: Embedder) -> bool:
    """Whether vectors of another model than this serve searches."""
    serving = store.vectors.serving_model()
    return (
        serving is not None
        and serving.fingerprint != embedder.fingerprint
        and store.vectors.any_of(serving.id)
    )


def discard(paths: Paths) -> None:
    """Give up what was built; the index that serves stays as it is."""
    for suffix in ("", "-wal", "-shm"):
        path = paths.next_index_file
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def status(paths: Paths) -> ModelChangeStatus | None:
    """How far a change of model has come; None while there's none, or it's only beginning."""
    if not paths.next_index_file.exists():
        return None
    try:
        with Store(paths.next_index_file, readonly=True) as beside:
            serving = beside.vectors.serving_model()
            missing = beside.vectors.unembedded_count()
            _, tokens = beside.vectors.unembedded_totals()
            total = beside.documents.chunk_count()
    # One that's damaged is built anew; one that's gone has taken its place.
    except (StoreError, NoIndexError):
        return None
    if serving is None:
        return None
    speed = known_speeds(paths.state_file).get(serving.name)
    return ModelChangeStatus(
        serving.name, total - missing, total, tokens / speed if speed else None
    )


class ModelChange:
    """A change to the model of `embedder`; the caller holds the writer's lock.

    Raises StoreFullError when the disk has no room for a second index.
    """

    def __init__(
        self,
        store: Store,
        paths: Paths,
        settings: Settings,
        embedder: Embedder,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._paths = paths
        self._settings = settings
        self._embedder = embedder
        self._cancel = cancel
        self.beside = self._open_beside()
        self._indexer = Indexer(
            self.beside,
            paths,
            settings,
            embedder,
            progress=progress,
            cancel=cancel,
            changing_to=embedder.name,
        )
        self._found_changes = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave it for later, as far as it is."""
        self.beside.close()

    @property
    def name(self) -> str:
        """The new model's."""
        return self._embedder.name

    @property
    def embedded(self) -> tuple[int, float]:
        """Tokens embedded so far, and the seconds that they took."""
        return self._indexer.embedded

    def advance(
        self,
        convert: Convert,
        *,
        until_reading: Callable[[], bool] = lambda: False,
        until: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Go on with it; True when it's ready to take its place.

        False when `until_reading` stopped it while it read files, or `until` while it embedded.
        """
        with self._discarded_if_damaged():
            if not self._found_changes:
                self._outdate_what_was_read_again()
                self._indexer.find_changes()
                self._found_changes = True
            return self._indexer.read_changes(
                convert, until=until_reading
            ) and self._indexer.embed_missing(until=until)

    def compare(self, current: Embedder | None) -> str:
        """How the new model compares with the one that serves, in words; "" where none can say."""
        from localsearch.model_change.comparison import compare
        from localsearch.store.state import State

        if current is None:
            return ""
        try:
            found = compare(
                (self._store, current),
                (self.beside, self._embedder),
                lambda: State(self._paths.state_file),
                cancel=self._cancel,
            )
        except CancelledError:
            raise
        except LocalsearchError:
            # Good to know, but no reason to stop.
            return ""
        parts = []
        if found.queries:
            parts.append(
                f"of the first hits to your last {found.queries} queries,"
                f" {found.same_share:.0%} stay"
            )
        if found.headings:
            parts.append(
                f"to {found.headings} headings as questions, {current.name} finds"
                f" {found.found_before} of their files, {self._embedder.name} {found.found_after}"
            )
        if found.found_after < found.found_before:
            parts.append(f"`localsearch models use {current.name}` goes back")
        return "; ".join(parts)

    def take_place(self) -> IndexReport:
        """Serve searches with the new vectors from now on; gives what building them took.

        What changed in the folders meanwhile is for the next look at them.
        """
        with self._discarded_if_damaged():
            report = self._indexer.finish()
            if problems := self.beside.checks.problems():
                raise StoreDamagedError("; ".join(problems))
        self.beside.copy_to(self._store, cancel=self._cancel, once_locked=self._add_roots_that_came)
        self._store.tidy()
        self.beside.close()
        discard(self._paths)
        return report

    @contextlib.contextmanager
    def _discarded_if_damaged(self) -> Iterator[None]:
        """Give up what was built if that's damaged, so that nobody takes the index for it."""
        try:
            yield
        except StoreDamagedError as error:
            self.beside.close()
            discard(self._paths)
            # What's damaged there may be a copy of what's damaged here.
            if self._store.checks.problems():
                raise
            raise StoreError(
                f"what was built for {self._embedder.name} is damaged, and given up: {error.cause}",
                "Check the disk. The old model serves; `localsearch index` builds it anew.",
            ) from error

    def _outdate_what_was_read_again(self) -> None:
        """Have the copy read those files again whose content the index has read since.

        Neither size nor time need tell.
        """
        read = self._store.files.content_hashes()
        built = self.beside.files.content_hashes()
        altered = [path for path, known in built.items() if read.get(path, known) != known]
        with self.beside.transaction():
            for path in altered:
                self.beside.files.set_outdated(path)

    def _open_beside(self) -> Store:
        try:
            return self._prepared(Store(self._paths.next_index_file))
        except StoreDamagedError:
            discard(self._paths)
            return self._prepared(Store(self._paths.next_index_file))

    def _prepared(self, beside: Store) -> Store:
        try:
            known = beside.vectors.serving_model()
            if known is None or known.fingerprint != self._embedder.fingerprint:
                self._require_space()
                self._store.copy_to(beside, cancel=self._cancel)
                with beside.transaction():
                    beside.vectors.serve(
                        self._embedder.fingerprint, self._embedder.name, self._embedder.dimension
                    )
            self._follow_roots(beside)
        except BaseException:
            beside.close()
            raise
        return beside

    def _follow_roots(self, beside: Store) -> None:
        """Have the copy hold the roots that the index holds now."""
        wanted = {path for path, _, _ in self._store.files.roots()}
        for path, _, _ in beside.files.roots():
            if path not in wanted:
                remove_folder(beside, path, self._settings.index, self._paths)
        _add_roots(self._store, beside)

    def _add_roots_that_came(self) -> None:
        """Have the copy hold the folders that were added while it was built.

        The index is locked by now, so that no other comes in between.
        """
        with Store(self._paths.index_file, readonly=True) as index:
            _add_roots(index, self.beside)

    def _require_space(self) -> None:
        vectors = self._store.documents.chunk_count() * self._embedder.dimension * _FLOAT32_BYTES
        # The copy, and the log that it goes through when it takes the index's place.
        needed = 2 * (self._store.file_bytes() + vectors)
        free = shutil.disk_usage(self._paths.data_dir).free
        if free < needed:
            raise StoreFullError(
                f"changing the model needs {needed / 1e6:,.0f} MB of disk for a while, and"
                f" {self._paths.data_dir} has {free / 1e6:,.0f} MB left",
                "Free some space, or choose the model that the index was made with"
                " (localsearch models use NAME); it goes on serving.",
            )


def _add_roots(store: Store, other: Store) -> None:
    with other.transaction():
        for path, _, _ in store.files.roots():
            other.files.add_root(path)
