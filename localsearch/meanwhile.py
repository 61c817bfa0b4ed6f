"""What's done as soon as something holds, while this thread is busy or waits."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def as_soon_as(
    holds: Callable[[], bool], act: Callable[[], object], *, poll_s: float
) -> Iterator[None]:
    """While inside, another thread looks every `poll_s` seconds whether it holds, and acts once."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(poll_s):
            if holds():
                act()
                return

    watcher = threading.Thread(target=watch, daemon=True, name="as-soon-as")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
