"""Keeps the index current for as long as it runs: the one writer, with the models in one copy."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Self

from localsearch import config
from localsearch.api import Index
from localsearch.log import log_report, logger, open_log
from localsearch.service.state import write_state
from localsearch.service.tasks import Tasks
from localsearch.types import ConfigError, Forgotten, NoIndexError, ServiceState, StoreDamagedError
from localsearch.watching.coalesce import Coalescer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localsearch.config import Paths, Settings
    from localsearch.store import Store
    from localsearch.types import IndexReport


class Service:
    """The background service: `run` in one thread; everything else is for any thread.

    `index` is open from the start, for searches beside the work, until `close`; another one takes
    its place when the settings change. `on_note` is told
    what a user should know, `on_report` what each round of work did.
    """

    def __init__(
        self,
        paths: Paths | None = None,
        settings: Settings | None = None,
        *,
        on_note: Callable[[str], None] = lambda _: None,
        on_report: Callable[[IndexReport], None] = lambda _: None,
    ) -> None:
        self.paths = paths or config.find_paths()
        self.settings = settings or config.load_settings(self.paths.settings_file)
        self.index = Index(self.paths, self.settings)
        self.on_note = on_note
        self.on_report = on_report
        self.coalescer = Coalescer()
        self._paused = threading.Event()
        self._tasks = Tasks(self.coalescer.wake)
        self._lock = threading.Lock()
        self._state = ServiceState(os.getpid(), time.time(), time.time(), "starting")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the models and close the index; after `run` and all searches have ended."""
        self.index.close()

    def run(self, stop: threading.Event) -> None:
        """Bring the index up to date and keep it so until `stop` is set.

        Raises NoIndexError before the first folder was added, StoreLockedError when another
        process writes the index. What goes wrong later is told, and tried again.
        """
        from localsearch.lock import writer_lock
        from localsearch.rebuild import begin_anew

        if not self.paths.index_file.exists():
            raise NoIndexError(
                "there is no index yet", "Add a folder first: localsearch add ~/Documents"
            )
        with writer_lock(self.paths.lock_file), open_log(self.paths.log_file):
            self._note("bringing the index up to date, then watching")
            while not stop.is_set():
                try:
                    self._keep(stop)
                    if not stop.is_set():
                        self._reload()
                except StoreDamagedError as error:
                    self._note(begin_anew(self.paths, error))
            logger.info("watching ends")

    def _keep(self, stop: threading.Event) -> None:
        from localsearch.rebuild import open_to_write
        from localsearch.service.keeper import Keeper
        from localsearch.service.server import ServiceServer

        with open_to_write(self.paths) as store:
            keeper = Keeper(
                self.index,
                store,
                self.coalescer,
                stop=stop,
                paused=self._paused,
                tasks=self._tasks,
                on_note=self._note,
                on_report=self._report,
                on_state=self._set_state,
            )
            try:
                self._tasks.accept()
                with ServiceServer(self):
                    try:
                        keeper.keep()
                    finally:
                        # The server waits for its threads, and they for these.
                        self._tasks.refuse()
            finally:
                keeper.close()
                self.paths.service_file.unlink(missing_ok=True)

    def _reload(self) -> None:
        """Go over to the settings and models as they are now; nobody searches meanwhile."""
        exchanged = self.index.has_exchanged_model
        try:
            self.settings = config.load_settings(self.paths.settings_file)
        except ConfigError as error:
            self._note(f"the settings stay as they were: {error.cause}. {error.remedy}".rstrip())
            return
        self.index.close()
        self.index = Index(self.paths, self.settings)
        self._note(
            "the model was exchanged: going over to the new one"
            if exchanged
            else "the settings changed, and hold from now on"
        )

    def pause(self) -> None:
        """Stop indexing soon, until `resume`; changes are remembered, searches go on."""
        if not self.is_paused:
            self._note("paused: nothing is indexed until `localsearch resume`")
        self._paused.set()
        self.coalescer.wake.set()

    def resume(self) -> None:
        """Go on after `pause`."""
        if self.is_paused:
            self._note("indexing goes on")
        self._paused.clear()
        self.coalescer.wake.set()

    @property
    def is_paused(self) -> bool:
        """Whether `pause` was called, and not `resume` since."""
        return self._paused.is_set()

    def rescan(self) -> None:
        """Look at all folders now, whatever was told of them."""
        self._note("looking at all folders, as asked")
        self.coalescer.add_everything()

    def remove(self, folders: Sequence[str]) -> Forgotten:
        """Have the writer forget these roots; waits for it. Raises what `remove_folder` does."""
        from localsearch.indexing.folders import remove_folder
        from localsearch.rebuild import note_roots

        def work(store: Store) -> Forgotten:
            count = sum(
                remove_folder(store, folder, self.settings.index, self.paths) for folder in folders
            )
            note_roots(self.paths, store)
            return Forgotten(count)

        return self._tasks.do(work)

    def forget(self, paths: Sequence[str]) -> Forgotten:
        """Have the writer erase these paths; waits for it. Raises what `forget.forget` does."""
        from localsearch.forget import forget

        return self._tasks.do(lambda store: forget(self.paths, store, paths))

    def state(self) -> ServiceState:
        """What it's doing."""
        with self._lock:
            return self._state

    def _note(self, text: str) -> None:
        logger.info("%s", text)
        self.on_note(text)

    def _report(self, report: IndexReport) -> None:
        log_report(report)
        self.on_report(report)

    def _set_state(self, state: ServiceState, worth_writing: bool) -> None:
        with self._lock:
            self._state = state
        if worth_writing:
            write_state(self.paths.service_file, state)
