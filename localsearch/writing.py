"""How an index changes: folders come and go, and it's brought up to date."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from localsearch.indexing.indexed_paths import as_indexed, is_in_any, require_in_root
from localsearch.opened import Opened
from localsearch.types import (
    Forgotten,
    ModelError,
    NoIndexError,
    StoreDamagedError,
    StoreLockedError,
    UsageError,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from localsearch.store import Store
    from localsearch.types import Embedder, IndexReport, Progress


class Writing(Opened):
    """The part of an index that changes it."""

    def add_roots(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Add folders to the index, nothing is read yet; gives their absolute paths.

        Raises UsageError for what isn't a folder; then none is added.
        """
        from localsearch.indexing.folders import folder_to_add
        from localsearch.lock import writer_lock
        from localsearch.rebuild import begin_again, begin_anew, note_roots
        from localsearch.store import Store

        try:
            roots = tuple(folder_to_add(folder) for folder in folders)
        except UsageError as error:
            also = "; none of them was added" if len(folders) > 1 else ""
            raise UsageError(error.cause + also, error.remedy) from error
        if not self._is_in_order():
            with writer_lock(self.paths.lock_file):
                if not self.paths.index_file.exists():
                    begin_again(self.paths)
                try:
                    self._reader().files.roots()
                except NoIndexError:
                    pass
                except StoreDamagedError as error:
                    with contextlib.suppress(StoreDamagedError, NoIndexError):
                        begin_anew(self.paths, error)
        with Store(self.paths.index_file) as store:
            with store.transaction():
                for root in roots:
                    store.files.add_root(root)
            note_roots(self.paths, store)
        return roots

    def _is_in_order(self) -> bool:
        """Whether the index can be added to as it is; one that never was can."""
        if not self.paths.index_file.exists():
            return not self.paths.roots_file.exists()
        try:
            self._reader().files.roots()
        except StoreDamagedError:
            return False
        return True

    def remove_root(self, folder: str) -> int:
        """Forget a root and the files that no other root holds; gives their number.

        Raises UsageError when it isn't a root.
        """
        from localsearch.indexing.folders import remove_folder
        from localsearch.rebuild import note_roots

        def work(store: Store) -> Forgotten:
            count = remove_folder(store, folder, self.settings.index, self.paths)
            note_roots(self.paths, store)
            return Forgotten(count)

        path = os.path.abspath(os.path.expanduser(folder))
        return self._by_the_writer("remove", [path], work).files

    def forget(self, paths: Sequence[str]) -> Forgotten:
        """Erase what was indexed of these paths, and never index them again.

        Raises NoIndexError where they're in no indexed folder, StoreLockedError.
        """
        from localsearch.forget import forget

        given = [as_indexed(path, self.root_paths()) for path in paths]
        return self._by_the_writer("forget", given, lambda store: forget(self.paths, store, given))

    def _by_the_writer(
        self,
        task: Literal["remove", "forget"],
        paths: Sequence[str],
        work: Callable[[Store], Forgotten],
    ) -> Forgotten:
        """Do it here, or have the service do it where that is the one that writes."""
        from localsearch.lock import writer_lock
        from localsearch.service.client import have_forgotten
        from localsearch.store import Store

        self._reader()
        try:
            with writer_lock(self.paths.lock_file), Store(self.paths.index_file) as store:
                return work(store)
        except StoreLockedError:
            done = have_forgotten(self.paths.socket_file, task, paths)
            if done is None:
                raise
            return done

    def update(
        self,
        within: Sequence[str] = (),
        *,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> IndexReport:
        """Bring the index up to date (of all roots, or of these paths in them); may take long.

        With `full`, the content of every file is compared, not only its size and time, and those
        that couldn't be read are tried again. An index that had to be begun anew is made whole.
        Raises NoIndexError, StoreLockedError when another process is at it, CancelledError when
        stopped (what's done is kept), StoreError.
        """
        from localsearch.lock import writer_lock
        from localsearch.log import open_log
        from localsearch.rebuild import begin_again, begin_anew

        if not (self.paths.index_file.exists() or self.paths.roots_file.exists()):
            self._reader()
        with writer_lock(self.paths.lock_file), open_log(self.paths.log_file):
            if not self.paths.index_file.exists():
                begin_again(self.paths)
            try:
                return self._update(within, full, progress, cancel)
            except StoreDamagedError as error:
                begin_anew(self.paths, error)
            return self._update(within, full, progress, cancel)

    def why_anew(self) -> str:
        """Why the index was begun anew, as long as it isn't whole again; "" where it wasn't."""
        from localsearch.rebuild import why_anew

        return why_anew(self._reader())

    def _serves(self) -> bool:
        """Whether there's a model whose vectors answer searches."""
        return self._reader().vectors.serving_model() is not None

    def _known_path(self, given: str) -> str:
        """A path as the index holds it; UsageError for what's neither there nor indexed."""
        path = require_in_root(given, self.root_paths())
        if not (os.path.lexists(path) or self._reader().files.ids_below([path])):
            raise UsageError(f"there is no file or folder {given}", "Check the spelling.")
        return path

    def _left_out(self, named: Sequence[str]) -> list[str]:
        """What to say of paths that were named, and that the rules leave out."""
        from localsearch.scanning.ignore import IgnoreRules

        if not named:
            return []
        roots = [os.path.realpath(root) for root in self.root_paths()]
        rules = IgnoreRules(roots, self.settings.index, paths=self.paths)
        reasons = {path: rules.is_ignored(path, os.path.isdir(path)) for path in named}
        return [f"{path} isn't indexed: {why}" for path, why in reasons.items() if why]

    def _update(
        self,
        within: Sequence[str],
        full: bool,
        progress: Callable[[Progress], None] | None,
        cancel: threading.Event | None,
    ) -> IndexReport:
        from localsearch.log import log_report
        from localsearch.model_change.updating import update_index
        from localsearch.rebuild import open_to_write, why_anew
        from localsearch.types import Progress

        inside = [self._known_path(each) for each in within]
        notices = self._left_out(inside)
        notice = ""
        try:
            if progress is not None:
                progress(Progress("preparing"))
            embedder: Embedder | None = self._open_embedder(cancel=cancel)
        except ModelError as error:
            # What has vectors is still found by the model that made them.
            lost = "nothing was embedded" if self._serves() else "search by meaning is off"
            embedder, notice = None, f"{lost}: {error.cause}. {error.remedy}"
        with open_to_write(self.paths) as store:
            if anew := why_anew(store):
                # What was indexed of the other folders is gone as well.
                inside, notices = [], [anew, *notices]
            if not store.files.roots():
                notices.append("no folder is indexed: `localsearch add FOLDER` adds one")
            if full:
                from localsearch.indexing.verify import outdate_altered

                with store.transaction():
                    for failure in store.files.failures():
                        if not inside or is_in_any(failure.path, inside):
                            store.files.set_outdated(failure.path)
                limit = self.settings.index.max_file_bytes
                outdate_altered(store, inside, limit, progress=progress, cancel=cancel)
            report = update_index(
                store,
                self.paths,
                self.settings,
                embedder,
                self.serving_embedder,
                inside,
                notice=notice,
                progress=progress,
                cancel=cancel,
            )
        report = replace(report, notices=(*notices, *report.notices))
        log_report(report)
        return report
