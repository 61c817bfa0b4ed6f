"""How work leaves the UI thread: daemon threads that run the newest job, and drop the older."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from localsearch.types import CancelledError

Item = TypeVar("Item")
Emit = Callable[[Item], None]
Job = Callable[[threading.Event, Emit[Item]], None]


@dataclass(frozen=True, slots=True)
class _End:
    """Closes a stream; `error` is what ended its job, if anything did."""

    error: BaseException | None = None


@dataclass(slots=True)
class _Ticket:
    """A job that waits or runs."""

    job: Callable[[threading.Event, Callable[[Any], None]], None]
    emit: Callable[[object], None]
    cancel: threading.Event = field(default_factory=threading.Event)


class Lane:
    """One daemon thread that runs one job at a time.

    A newer job cancels the one before it, unless the lane is to run `every` job.
    Its own thread, not Textual's or asyncio's, because both wait for theirs when the app ends.
    A lane keeps its thread, so that the core opens one database connection for it, not many.
    """

    def __init__(self, name: str, *, every: bool = False) -> None:
        self._name = name
        self._every = every
        self._changed = threading.Condition()
        self._running: _Ticket | None = None
        self._waiting: deque[_Ticket] = deque()
        self._stopped = False
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._changed:
            return self._running is not None or bool(self._waiting)

    async def stream(self, job: Job[Item]) -> AsyncIterator[Item]:
        """Run `job(cancel, emit)` on the lane and yield what it emits, on this event loop.

        Raises what the job raises, and CancelledError when it was stopped or a newer one took its
        place. Leaving the loop, or being cancelled, sets `cancel`; nothing that the job emits
        afterwards is seen by anyone.
        """
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[object] = asyncio.Queue()

        def emit(item: object) -> None:
            if not ticket.cancel.is_set() or isinstance(item, _End):
                try:
                    loop.call_soon_threadsafe(items.put_nowait, item)
                except RuntimeError:
                    ticket.cancel.set()  # The loop has closed: the app is gone.

        ticket = _Ticket(job, emit)
        self._put(ticket)
        try:
            while True:
                item = await items.get()
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    if ticket.cancel.is_set():
                        raise CancelledError
                    return
                yield item  # type: ignore[misc]
        finally:
            ticket.cancel.set()

    async def call(self, function: Callable[[threading.Event], Item]) -> Item:
        """Run `function(cancel)` on the lane and give its result; raises as `stream` does."""

        def job(cancel: threading.Event, emit: Emit[Item]) -> None:
            emit(function(cancel))

        async for result in self.stream(job):
            return result
        raise CancelledError

    def cancel(self) -> None:
        """Ask the running job to stop, and drop the waiting one."""
        with self._changed:
            for ticket in (self._running, *self._waiting):
                if ticket is not None:
                    ticket.cancel.set()

    def stop(self) -> None:
        """Cancel everything and let the thread end; doesn't wait for it."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self.cancel()

    def join(self, deadline_s: float) -> bool:
        """Wait until `time.monotonic()` is `deadline_s` at most; whether the thread has ended."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(max(0.0, deadline_s - time.monotonic()))
        return not thread.is_alive()

    def _put(self, ticket: _Ticket) -> None:
        with self._changed:
            if self._stopped:
                ticket.emit(_End())
                return
            if not self._every:
                if self._running is not None:
                    self._running.cancel.set()
                self._drop_waiting()
            self._waiting.append(ticket)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        while (ticket := self._take()) is not None:
            error: BaseException | None = None
            try:
                if not ticket.cancel.is_set():
                    ticket.job(ticket.cancel, ticket.emit)
            except CancelledError as stopped:
                # A job that was stopped by whoever asked for it has nothing more to say.
                error = None if ticket.cancel.is_set() else stopped
            except BaseException as raised:  # noqa: BLE001 - shown to the user by whoever asked
                error = raised
            with self._changed:
                self._running = None
            ticket.emit(_End(error))

    def _take(self) -> _Ticket | None:
        with self._changed:
            while not self._waiting and not self._stopped:
                self._changed.wait()
            if self._stopped:
                self._drop_waiting()
                return None
            self._running = self._waiting.popleft()
            return self._running

    def _drop_waiting(self) -> None:
        for ticket in self._waiting:
            ticket.cancel.set()
            ticket.emit(_End())
        self._waiting.clear()


class Lanes:
    """The app's lanes: what is typed, the full search, the preview, actions, and long work.

    `sentences` looks for what to mark in hits that are on the screen already.
    """

    def __init__(self) -> None:
        self.typing = Lane("typing")
        self.search = Lane("search")
        self.preview = Lane("preview")
        self.sentences = Lane("sentences")
        self.actions = Lane("actions", every=True)
        self.facts = Lane("facts")
        self.sizes = Lane("sizes")
        self.index = Lane("index")
        self.models = Lane("models")

    def stop(self, timeout_s: float) -> bool:
        """Cancel all jobs and wait `timeout_s` at most; whether all threads have ended."""
        lanes: list[Lane] = list(vars(self).values())
        for lane in lanes:
            lane.stop()
        deadline_s = time.monotonic() + timeout_s
        return all(lane.join(deadline_s) for lane in lanes)
