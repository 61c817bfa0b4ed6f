"""A service that runs while a test looks at what it does."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from localsearch import config
from localsearch.api import Index
from localsearch.service.service import Service
from localsearch.types import IndexReport

if TYPE_CHECKING:
    from collections.abc import Callable

# Long, as the machine may have much else to do; nothing here measures time.
WAIT_S = 240.0


class Running:
    """A service that runs in a thread of this process."""

    def __init__(self, paths: config.Paths, settings: config.Settings | None = None) -> None:
        self.notes: list[str] = []
        self.reports: list[IndexReport] = []
        self.service = Service(
            paths, settings, on_note=self.notes.append, on_report=self.reports.append
        )
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.service.run, args=(self.stop,))
        self.thread.start()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        give_up_s = time.monotonic() + WAIT_S
        while not holds():
            assert self.thread.is_alive(), "the service ended"
            assert time.monotonic() < give_up_s, (self.service.state(), self.notes)
            threading.Event().wait(0.02)

    def until_reports(self, count: int) -> None:
        """Wait until so many rounds of work are over."""
        self.until(lambda: len(self.reports) >= count)

    def found(self, text: str) -> list[str]:
        """Names of the files that a word finds."""
        # Not the service's own index, which it replaces when the settings change.
        with Index(self.service.paths, self.service.settings) as index:
            *_, stage = index.search(index.parse(text, mode="keyword"))
        return sorted(os.path.basename(hit.path) for hit in stage.hits)

    def end(self) -> None:
        """Stop it and wait for its end."""
        self.stop.set()
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()
        self.service.close()


def passes(running: Running) -> int:
    """How often it has looked for changes."""
    return running.service.state().passes
