"""Keeps the index current for as long as it runs: the one writer, with the models in one copy."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Self

from localsearch import config
from localsearch.api import Index
from localsearch.coalesce import Coalescer
from localsearch.service_state import write_state
from localsearch.types import NoIndexError, ServiceState

if TYPE_CHECKING:
    from collections.abc import Callable

    from localsearch.config import Paths, Settings
    from localsearch.types import IndexReport


class Service:
    """The background service: `run` in one thread; everything else is for any thread.

    `index` is open from the start, for searches beside the work, until `close`. `on_note` is told
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
        from localsearch.keeper import Keeper
        from localsearch.lock import writer_lock
        from localsearch.service_server import ServiceServer
        from localsearch.store import Store

        if not self.paths.index_file.exists():
            raise NoIndexError(
                "there is no index yet", "Add a folder first: localsearch add ~/Documents"
            )
        with writer_lock(self.paths.lock_file), Store(self.paths.index_file) as store:
            keeper = Keeper(
                self.index,
                store,
                self.coalescer,
                stop=stop,
                paused=self._paused,
                on_note=self.on_note,
                on_report=self.on_report,
                on_state=self._set_state,
            )
            try:
                with ServiceServer(self):
                    keeper.keep()
            finally:
                keeper.close()
                self.paths.service_file.unlink(missing_ok=True)

    def pause(self) -> None:
        """Stop indexing soon, until `resume`; changes are remembered, searches go on."""
        self._paused.set()
        self.coalescer.wake.set()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._paused.clear()
        self.coalescer.wake.set()

    @property
    def is_paused(self) -> bool:
        """Whether `pause` was called, and not `resume` since."""
        return self._paused.is_set()

    def rescan(self) -> None:
        """Look at all folders now, whatever was told of them."""
        self.coalescer.add_everything()

    def state(self) -> ServiceState:
        """What it's doing."""
        with self._lock:
            return self._state

    def _set_state(self, state: ServiceState, worth_writing: bool) -> None:
        with self._lock:
            self._state = state
        if worth_writing:
            write_state(self.paths.service_file, state)
