"""What does the service do next? What changed is read first, embedding fills the time between."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from typing import TYPE_CHECKING

from localsearch.indexing.indexer import Indexer
from localsearch.indexing.verify import SlowVerification
from localsearch.scanning.mounts import real_path, silent_folders
from localsearch.service.announcing import Announcer
from localsearch.service.background_change import BackgroundChange
from localsearch.service.giving_way import GivingWay
from localsearch.service.politeness import lower_priority
from localsearch.service.reading_process import ReadingProcess
from localsearch.types import (
    CancelledError,
    LocalsearchError,
    ModelError,
    StoreDamagedError,
)
from localsearch.watching.watch import Watcher, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from localsearch.api import Index
    from localsearch.service.tasks import Tasks
    from localsearch.store import Store
    from localsearch.types import Embedder, IndexReport, ServiceState
    from localsearch.watching.coalesce import Burst, Coalescer

_TICK_S = 0.5
_CHECK_EVERY_S = 2.0
# Of a large file that's written to all the time, so much is read anew in a second.
_REREAD_BYTES_PER_S = 500_000
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
        tasks: Tasks,
        on_note: Callable[[str], None],
        on_report: Callable[[IndexReport], None],
        on_state: Callable[[ServiceState, bool], None],
    ) -> None:
        self._index = index
        self._store = store
        self._coalescer = coalescer
        self._stop = stop
        self._paused = paused
        self._tasks = tasks
        self._on_report = on_report
        self._watcher = Watcher(
            index.settings,
            coalescer,
            paths=index.paths,
            on_note=on_note,
        )
        self._announcer = Announcer(
            lambda: self._watcher.polled, on_note=on_note, on_state=on_state
        )
        self._verification = SlowVerification(
            store, index.settings.index.max_file_bytes, index.settings.service.full_check_days
        )
        self._giving_way = GivingWay(index.settings.service, self._announcer)
        self._reading = ReadingProcess(index.settings, stop)
        self._change = BackgroundChange(
            index,
            store,
            cancel=stop,
            on_progress=self._announcer.follow,
            on_note=on_note,
            on_problem=self._announcer.note_once,
            on_report=on_report,
        )
        self._indexer: Indexer | None = None
        self._embedder: Embedder | None = None
        self._has_to_read = False
        self._has_to_embed = False
        self._looked_at: tuple[str, ...] = ()
        self._settings_stamp = stamp(index.paths.settings_file)
        self._is_outdated = False
        self._checked_s = float("-inf")
        self._retry_s = _FIRST_RETRY_S
        self._retry_at_s = 0.0

    def keep(self) -> None:
        """Work until stopped, or until the settings change, or the file of a model in use.

        Raises StoreDamagedError, as a new index is needed then.
        """
        if self._index.settings.service.low_priority:
            lower_priority()
        # Watched first, then looked at: what changes in between is seen twice rather than never.
        self._coalescer.add_everything()
        while not (self._stop.is_set() or self._is_outdated):
            try:
                if not self._step():
                    self._wait()
            except CancelledError:
                if not self._stop.is_set():
                    raise
            except StoreDamagedError:
                raise
            except LocalsearchError as error:
                self._try_later(error)
            except OSError as error:
                # Files or memory of the system have run out for a moment.
                self._try_later(LocalsearchError(str(error)))

    def close(self) -> None:
        """Stop watching and reading."""
        self._watcher.stop()
        self._change.close()
        self._reading.close()

    # One step at a time

    def _step(self) -> bool:
        """Do the most urgent thing there is to do; False when there's nothing."""
        self._look_after()
        if self._tasks:
            self._change.close()
            self._tasks.run(self._store)
            # What this round knew of the files may not hold any more.
            self._indexer = None
            self._coalescer.add_everything()
            self._watcher.forget_rules()
        if self._paused.is_set():
            self._announcer.say("paused")
            return False
        if time.monotonic() < self._retry_at_s:
            return False
        if self._announcer.passes == 0 or self._coalescer.due_in_s() == 0:
            self._find_changes(self._coalescer.take())
        elif self._has_to_read:
            self._read()
        elif self._has_to_embed or self._change.is_due:
            return self._embed_if_polite()
        else:
            self._announcer.say("idle")
            if self._verification.step():
                self._has_to_read = True
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
        first = self._announcer.passes == 0
        self._announcer.passes += 1
        self._announcer.say("scanning")
        began_s = time.monotonic()
        try:
            differing = self._open_indexer().find_changes(burst.paths)
        except (LocalsearchError, OSError):
            self._coalescer.add_everything()
            raise
        if burst.everything or not self._watcher.polled.keys().isdisjoint(burst.paths):
            self._watcher.set_scan_time(time.monotonic() - began_s)
        self._looked_at = burst.paths
        if burst.everything:
            self._announcer.tell_of_roots(self._open_indexer().offline)
            if not (differing or first):
                self._announcer.note("looked at all folders: nothing changed")
        if differing or first:
            self._has_to_read = True
            if self._store.files.counts().get("pending"):
                self._load_vocabulary()
        elif not (self._has_to_read or self._has_to_embed):
            self._indexer = None

    def _load_vocabulary(self) -> None:
        """Have it while the process that reads files starts; the weights have time till then."""
        embedder = self._embedder

        def load() -> None:
            # What's wrong with it, its next use says.
            with contextlib.suppress(LocalsearchError):
                if embedder is not None:
                    embedder.count_tokens("")

        threading.Thread(target=load, daemon=True, name="load-vocabulary").start()

    def _read(self) -> None:
        indexer = self._open_indexer()
        reading = self._reading
        reading.open()
        if indexer.read_changes(reading.convert, until=self._must_look_up, expect=reading.expect):
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

    def _embed_if_polite(self) -> bool:
        """Embed, unless the battery or the user's programs go first; False where they do."""
        if not self._giving_way.may_begin():
            return False
        if self._has_to_embed:
            worked_s = self._embed()
        else:
            began_s = time.monotonic()
            self._change_model()
            worked_s = time.monotonic() - began_s
        more = self._has_to_embed or self._change.is_due
        self._giving_way.rest_after(worked_s, more=more)
        return True

    def _must_leave_off(self) -> Callable[[], bool]:
        return self._giving_way.must_leave_off(self._must_look_up)

    def _embed(self) -> float:
        """Gives the seconds that the model worked: to load it is nothing to rest from."""
        indexer = self._open_indexer()
        _, before_s = indexer.embedded
        until = self._must_leave_off
        if indexer.embed_missing(until=until()) and (
            not indexer.has_outdated or indexer.renew_outdated(self._reading.convert, until=until())
        ):
            self._finish(indexer)
        return indexer.embedded[1] - before_s

    def _finish(self, indexer: Indexer) -> None:
        report = indexer.finish(until=self._must_look_up)
        self._has_to_embed = False
        self._indexer = None
        self._retry_s = _FIRST_RETRY_S
        self._announcer.problem = ""
        self._announcer.tell_notices(report.notices)
        self._on_report(report)

    def _change_model(self) -> None:
        """Go on building the vectors of the chosen model, while the old ones serve."""
        self._reading.is_needed()
        must_leave_off = self._must_leave_off()
        if self._change.step(self._reading.convert, self._must_look_up, must_leave_off):
            # What changed while it was built was indexed for the old model.
            self._coalescer.add_everything()
            self._indexer = None

    def _open_indexer(self) -> Indexer:
        """One for each round of work, which is over when all is embedded."""
        self._reading.is_needed()
        if self._indexer is None:
            self._embedder = None
            try:
                chosen = self._index.open_embedder()
                self._embedder = self._change.embedder_until_then(chosen)
            except ModelError as error:
                self._announcer.note_once(
                    f"search by meaning is off: {error.cause}. {error.remedy}"
                )
            self._indexer = Indexer(
                self._store,
                self._index.paths,
                self._index.settings,
                self._embedder,
                progress=self._announcer.follow,
                cancel=self._stop,
            )
        return self._indexer

    def _must_look_up(self) -> bool:
        self._look_after()
        asked = self._stop.is_set() or self._is_outdated
        asked = asked or self._paused.is_set() or bool(self._tasks)
        return asked or self._coalescer.due_in_s() == 0

    def _try_later(self, error: LocalsearchError) -> None:
        if self._index.has_exchanged_model:
            self._is_outdated = True
            return
        self._announcer.problem = error.cause
        self._announcer.note(
            f"{error.cause}; tried again in {self._retry_s:.0f} s. {error.remedy}".rstrip()
        )
        again_at_s = time.monotonic() + self._retry_s
        if isinstance(error, ModelError) and not self._has_to_read:
            # Words are indexed all the same; the model is looked for anew.
            self._giving_way.wait_until(again_at_s)
            self._indexer = None
        else:
            self._retry_at_s = again_at_s
        self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)

    # What has to be seen to, whatever the work

    def _look_after(self) -> None:
        now_s = time.monotonic()
        if now_s - self._checked_s >= _CHECK_EVERY_S:
            self._checked_s = now_s
            roots = [path for path, _, _ in self._store.files.roots()]
            silent = silent_folders(roots)
            if {real_path(root, silent) for root in roots} != set(self._watcher.roots):
                self._watcher.set_roots(roots)
                self._coalescer.add_everything()
            self._watcher.check()
            changed = stamp(self._index.paths.settings_file) != self._settings_stamp
            self._is_outdated = changed or self._index.has_exchanged_model
        self._reading.close_if_idle()
