"""When does the process that reads files run? From the first file on, until it's idle for long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localsearch.indexing.indexer import open_sandbox

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Sequence

    from converters.registry import Conversion
    from converters.sandbox import Sandbox
    from localsearch.config import Settings

# It stays for the next save, not for the night.
_IDLE_S = 60.0


class ReadingProcess:
    """A sandbox that's opened when needed and closed when idle, in the middle of a round, too.

    So none of them may be held on to: who reads asks this one for each file.
    """

    def __init__(self, settings: Settings, cancel: threading.Event) -> None:
        self._settings = settings
        self._cancel = cancel
        self._sandbox: Sandbox | None = None
        self._used_s = float("-inf")

    def open(self) -> Sandbox:
        """Have it run."""
        self.is_needed()
        if self._sandbox is None:
            self._sandbox = open_sandbox(self._settings, self._cancel)
        return self._sandbox

    def convert(self, path: str, *, ocr: bool, plugins: Sequence[str]) -> Conversion:
        """Read a file; see Sandbox."""
        try:
            return self.open().convert(path, ocr=ocr, plugins=plugins)
        finally:
            self.is_needed()

    def expect(self, paths: Iterable[str], *, ocr: bool, plugins: Sequence[str]) -> None:
        """Begin with the files that will be read next; see Sandbox."""
        if self._sandbox is not None:
            self._sandbox.expect(paths, ocr=ocr, plugins=plugins)

    def is_needed(self) -> None:
        """Work is going on, for which it stays."""
        self._used_s = time.monotonic()

    def close_if_idle(self) -> None:
        """End it where nothing was read for a while."""
        if time.monotonic() - self._used_s > _IDLE_S:
            self.close()

    def close(self) -> None:
        """End it, until it's needed again."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None
