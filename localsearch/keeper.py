"""What does the service do next? What changed is read first, embedding fills the time between."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from typing import TYPE_CHECKING

from localsearch.indexer import Indexer
from localsearch.service_state import HEARTBEAT_S
from localsearch.types import CancelledError, LocalsearchError, ModelError, Progress, ServiceState
from localsearch.watch import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from converters.sandbox import Sandbox
    from localsearch.api import Index
    from localsearch.coalesce import Burst, Coalescer
    from localsearch.store import Store
    from localsearch.types import Embedder, IndexReport, ServicePhase

_TICK_S = 0.5
_CHECK_EVERY_S = 2.0
_SAY_EVERY_S = 2.0
# An edit waits no longer than this for the batch in hand.
_BATCH_S = 0.8
# Of a large file that's written to all the time, so much is read anew in a second.
_REREAD_BYTES_PER_S = 500_000
# The process that reads files stays for the next save, not for the night.
_SANDBOX_IDLE_S = 60.0
_FIRST_RETRY_S = 10.0
_LONGEST_RETRY_S = 600.0


class Keeper:
    """The loop of a running service, in one thread; the caller holds the writer's lock.

    `on_state` gets each state, and whether it's worth writing down.
    """

    def __init__(
        self,
        index: Index,
        store: Store,
        coalescer: Coalescer,
        *,
        stop: threading.Event,
        paused: threading.Event,
        on_note: Callable[[str], None],
        on_report: Callable[[IndexReport], None],
        on_state: Callable[[ServiceState, bool], None],
    ) -> None:
        self._index = index
        self._store = store
        self._coalescer = coalescer
        self._stop = stop
        self._paused = paused
        self._on_note = on_note
        self._on_report = on_report
        self._on_state = on_state
        self._watcher = Watcher(
            index.settings,
            coalescer,
            user_ignore_file=index.paths.ignore_file,
            on_note=on_note,
        )
        self._indexer: Indexer | None = None
        self._embedder: Embedder | None = None
        self._sandbox: Sandbox | None = None
        self._has_to_read = False
        self._has_to_embed = False
        self._looked_at: tuple[str, ...] = ()
        self._passes = 0
        self._phase: ServicePhase = "starting"
        self._progress: Progress | None = None
        self._problem = ""
        self._notes: set[str] = set()
        self._started_s = time.time()
        self._said_s = self._checked_s = self._worked_s = float("-inf")
        self._retry_s = _FIRST_RETRY_S
        self._retry_at_s = self._embed_at_s = 0.0

    def keep(self) -> None:
        """Work until stopped."""
        self._look_after()
        # Watched first, then looked at: what changes in between is seen twice rather than never.
        self._coalescer.add_everything()
        while not self._stop.is_set():
            try:
                if not self._step():
                    self._wait()
            except CancelledError:
                if not self._stop.is_set():
                    raise
            except LocalsearchError as error:
                self._try_later(error)

    def close(self) -> None:
        """Stop watching and reading."""
        self._watcher.stop()
        self._close_sandbox()

    # One step at a time

    def _step(self) -> bool:
        """Do the most urgent thing there is to do; False when there's nothing."""
        self._look_after()
        if self._paused.is_set():
            self._say("paused")
            return False
        if time.monotonic() < self._retry_at_s:
            return False
        if self._passes == 0 or self._coalescer.due_in_s() == 0:
            self._find_changes(self._coalescer.take())
        elif self._has_to_read:
            self._read()
        elif self._has_to_embed and time.monotonic() >= self._embed_at_s:
            self._embed()
        else:
            self._say("idle")
            return False
        return True

    def _wait(self) -> None:
        due_s = self._coalescer.due_in_s()
        blocked = self._paused.is_set() or time.monotonic() < self._retry_at_s
        self._coalescer.wake.wait(_TICK_S if due_s is None or blocked else min(due_s, _TICK_S))
        self._coalescer.wake.clear()

    def _find_changes(self, burst: Burst) -> None:
        if not burst:
            return
        first = self._passes == 0
        self._passes += 1
        self._say("scanning")
        began_s = time.monotonic()
        try:
            differing = self._open_indexer().find_changes(burst.paths)
        except LocalsearchError:
            self._coalescer.add_everything()
            raise
        if burst.everything or not self._watcher.polled.keys().isdisjoint(burst.paths):
            self._watcher.set_scan_time(time.monotonic() - began_s)
        self._looked_at = burst.paths
        if differing or first:
            self._has_to_read = True
            if self._store.files.counts().get("pending"):
                self._load_model()
        elif not (self._has_to_read or self._has_to_embed):
            self._indexer = None

    def _load_model(self) -> None:
        """Load it while the process that reads files starts; both take about a second."""
        embedder = self._embedder

        def load() -> None:
            # What's wrong with it, its next use says.
            with contextlib.suppress(LocalsearchError):
                if embedder is not None:
                    embedder.count_tokens("")

        threading.Thread(target=load, daemon=True, name="load-model").start()

    def _read(self) -> None:
        if self._sandbox is None:
            self._sandbox = self._open_indexer().open_sandbox()
        convert = self._sandbox.convert
        if self._open_indexer().read_changes(convert, until=self._must_look_up):
            self._has_to_read = False
            self._has_to_embed = True
            self._let_rest()

    def _let_rest(self) -> None:
        """Leave the large files that were just read alone for a while."""
        for path in self._looked_at:
            with contextlib.suppress(OSError):
                status = os.lstat(path)
                rest_s = status.st_size / _REREAD_BYTES_PER_S
                if rest_s > 1 and stat.S_ISREG(status.st_mode):
                    self._coalescer.rest(path, rest_s)
        self._looked_at = ()

    def _embed(self) -> None:
        indexer = self._open_indexer()
        if not indexer.embed_missing(until=self._must_look_up, batch_s=_BATCH_S):
            return
        report = indexer.finish()
        self._has_to_embed = False
        self._indexer = None
        self._retry_s = _FIRST_RETRY_S
        self._problem = ""
        for notice in report.notices:
            self._note_once(notice)
        self._on_report(report)

    def _open_indexer(self) -> Indexer:
        """One for each round of work, which is over when all is embedded."""
        self._worked_s = time.monotonic()
        if self._indexer is None:
            self._embedder = None
            try:
                self._embedder = self._index.open_embedder()
            except ModelError as error:
                self._note_once(f"search by meaning is off: {error.cause}. {error.remedy}")
            self._indexer = Indexer(
                self._store,
                self._index.paths,
                self._index.settings,
                self._embedder,
                progress=self._on_progress,
                cancel=self._stop,
            )
        return self._indexer

    def _must_look_up(self) -> bool:
        self._look_after()
        return self._stop.is_set() or self._paused.is_set() or self._coalescer.due_in_s() == 0

    def _try_later(self, error: LocalsearchError) -> None:
        self._problem = error.cause
        self._on_note(
            f"{error.cause}; tried again in {self._retry_s:.0f} s. {error.remedy}".rstrip()
        )
        again_at_s = time.monotonic() + self._retry_s
        if isinstance(error, ModelError) and not self._has_to_read:
            # Words are indexed all the same; the model is looked for anew.
            self._embed_at_s, self._indexer = again_at_s, None
        else:
            self._retry_at_s = again_at_s
        self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)

    # What has to be seen to, whatever the work

    def _look_after(self) -> None:
        now_s = time.monotonic()
        if now_s - self._checked_s >= _CHECK_EVERY_S:
            self._checked_s = now_s
            roots = [path for path, _, _ in self._store.files.roots()]
            if {os.path.realpath(root) for root in roots} != set(self._watcher.roots):
                self._watcher.set_roots(roots)
                self._coalescer.add_everything()
            self._watcher.check()
        if now_s - self._worked_s > _SANDBOX_IDLE_S:
            self._close_sandbox()

    def _close_sandbox(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress
        if progress.phase != "done":
            self._say(progress.phase)

    def _say(self, phase: ServicePhase) -> None:
        now_s = time.monotonic()
        every_s = HEARTBEAT_S if phase in ("idle", "paused") else _SAY_EVERY_S
        changed = phase != self._phase
        if not changed and now_s - self._said_s < every_s:
            return
        busy = phase in ("scanning", "reading", "embedding")
        state = ServiceState(
            os.getpid(),
            self._started_s,
            time.time(),
            phase,
            self._passes,
            self._progress if busy else None,
            tuple(self._watcher.polled.items()),
            self._problem,
        )
        self._phase = phase
        # Phases may follow each other many times a second.
        worth_writing = not busy or now_s - self._said_s >= _SAY_EVERY_S
        if worth_writing:
            self._said_s = now_s
        self._on_state(state, worth_writing)

    def _note_once(self, text: str) -> None:
        if text not in self._notes:
            self._notes.add(text)
            self._on_note(text)
