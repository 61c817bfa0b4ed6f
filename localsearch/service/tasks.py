"""What other threads want done to the index is done by the one that writes it, and waited for."""

from __future__ import annotations

import queue
from concurrent.futures import Future
from typing import TYPE_CHECKING

from localsearch.log import logger
from localsearch.types import Forgotten, LocalsearchError, StoreLockedError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from localsearch.store import Store

    Work = Callable[[Store], Forgotten]


class Tasks:
    """Work for the writer's thread, which `wake` wakes."""

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake
        self._accepting = False
        self._waiting: queue.SimpleQueue[tuple[Work, Future[Forgotten]]] = queue.SimpleQueue()

    def do(self, work: Work) -> Forgotten:
        """Have it done, and wait; raises what it raises, StoreLockedError when nobody will."""
        done: Future[Forgotten] = Future()
        self._waiting.put((work, done))
        self._wake.set()
        if not self._accepting:
            self.refuse()
        return done.result()

    def accept(self) -> None:
        """From now on there's one who does them."""
        self._accepting = True

    def __bool__(self) -> bool:
        return not self._waiting.empty()

    def run(self, store: Store) -> None:
        """Do what's waiting, in the writer's thread."""
        while not self._waiting.empty():
            work, done = self._waiting.get()
            try:
                done.set_result(work(store))
            except LocalsearchError as error:
                done.set_exception(error)
            except Exception as error:  # noqa: BLE001 - told to who asked
                # It ends this task, not the service; who asked would wait for ever.
                logger.exception("a task of another program failed")
                done.set_exception(
                    LocalsearchError(
                        f"the service couldn't do it: {type(error).__name__}: {error}",
                        "Mend that and run the command again; `localsearch doctor` looks for more.",
                    )
                )
            except BaseException as error:
                done.set_exception(error)
                raise

    def refuse(self) -> None:
        """Let go of those who still wait, and of all to come; nothing of theirs is done."""
        self._accepting = False
        while True:
            try:
                _, done = self._waiting.get_nowait()
            except queue.Empty:
                return
            done.set_exception(
                StoreLockedError("`localsearch watch` is just ending", "Run the command again.")
            )
