"""When are a model's weights in memory? From their first use until they're idle for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from localsearch.types import ModelError


class _Closing(Protocol):
    def close(self) -> None: ...


Loaded = TypeVar("Loaded", bound=_Closing)


class WhileUsed(Generic[Loaded]):
    """What `load` makes at its first use and whenever it was freed since; from any thread.

    It's freed after `idle_s` seconds without use; 0 keeps it until `close`.
    """

    def __init__(self, load: Callable[[], Loaded], *, idle_s: float) -> None:
        self._load = load
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._loaded: Loaded | None = None
        self._users = 0
        self._last_use_s = 0.0
        self._closed = False

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are in memory now."""
        return self._loaded is not None

    @contextmanager
    def in_use(self) -> Iterator[Loaded]:
        """Inside, it's loaded and stays so."""
        loaded = self._enter()
        try:
            yield loaded
        finally:
            self._leave()

    def close(self) -> None:
        """Free the weights for good; waits for what is running."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._users)
            self._free()

    def _enter(self) -> Loaded:
        with self._changed:
            if self._closed:
                raise ModelError("the model was closed", "Start the program again.")
            # Under the lock, so that no second copy is loaded beside it.
            loaded = self._loaded or self._open()
            self._users += 1
            return loaded

    def _leave(self) -> None:
        with self._changed:
            self._users -= 1
            self._last_use_s = time.monotonic()
            if self._closed:
                self._changed.notify_all()

    def _open(self) -> Loaded:
        loaded = self._loaded = self._load()
        self._last_use_s = time.monotonic()
        if self._idle_s > 0:
            threading.Thread(target=self._free_when_idle, daemon=True, name="idle-unload").start()
        return loaded

    def _free_when_idle(self) -> None:
        with self._changed:
            while not self._closed:
                left_s = self._last_use_s + self._idle_s - time.monotonic()
                if self._users == 0 and left_s <= 0:
                    self._free()
                    return
                self._changed.wait(max(left_s, self._idle_s / 10))

    def _free(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None
