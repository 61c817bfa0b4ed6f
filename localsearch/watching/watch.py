"""Which of the user's files changed, told as it happens?

The system's own events tell, through watchdog. Where there are none (network drives), or no more
watches to be had, a folder is looked at now and then instead: by the scan, which knows what is left
out and compares with the index, where a polling observer would keep a second picture of the disk.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEventHandler,
)

from localsearch.scanning.ignore import TELLING_NAMES, IgnoreRules
from localsearch.scanning.mounts import NETWORK_TYPES, filesystem_of, real_path, silent_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

    from localsearch.config import Paths, Settings
    from localsearch.watching.coalesce import Coalescer

# Looking may take this share of one core, and no less time than this lies between two looks.
_POLLING_SHARE = 0.01
_SHORTEST_POLL_S = 2.0
# A gap this long means that the machine slept, or that we were stopped.
_MISSED_S = 60.0
# Mends what no event told, whatever the reason.
_FULL_EVERY_S = 3600.0
_GIT_EXCLUDE = os.sep + os.path.join(".git", "info", "exclude")
# Left out of the index, but what they hold tells what else is.
_TELLING_FOLDERS = (os.sep + ".git", os.sep + os.path.join(".git", "info"))
# Not the opening and closing of files that are read, of which we do a lot ourselves.
_EVENTS = [
    *(FileCreatedEvent, FileModifiedEvent, FileClosedEvent, FileMovedEvent, FileDeletedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent),
]


# It would print to stderr what we tell in words of our own.
logging.getLogger("watchdog").addHandler(logging.NullHandler())


class Watcher:
    """Feeds a coalescer with what changes in the roots; `on_note` is told what users should know.

    All methods are for one thread, which calls `check` every second or two; `on_note` is called
    from others, too.
    """

    def __init__(
        self,
        settings: Settings,
        coalescer: Coalescer,
        *,
        paths: Paths,
        on_note: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._coalescer = coalescer
        self._paths = paths
        self._on_note = on_note
        self._observer: BaseObserver | None = None
        self._rules = IgnoreRules((), settings.index, paths=paths)
        self._watches: dict[str, ObservedWatch] = {}
        self._identities: dict[str, tuple[int, int] | None] = {}
        self._over_limit: set[str] = set()
        self._poll_every_s = _SHORTEST_POLL_S
        self._polled_s = self._full_s = time.monotonic()
        self._checked_at_s = time.time()
        self._ignore_stamp = self._ignore_stamps()
        self.polled: dict[str, str] = {}
        """Roots that are looked at now and then, with the reason."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The roots that are watched, symbolic links resolved."""
        return tuple(self._identities)

    def set_roots(self, roots: Sequence[str]) -> None:
        """Watch these roots, and no others."""
        silent = silent_folders(roots)
        wanted = {real_path(root, silent) for root in roots}
        self._coalescer.roots = frozenset(wanted)
        for root in set(self._identities) - wanted:
            self._unwatch(root)
            del self._identities[root]
            self.polled.pop(root, None)
        self._rules = IgnoreRules(sorted(wanted), self._settings.index, paths=self._paths)
        for root in sorted(wanted - set(self._identities), key=len):
            self._identities[root] = None if root in silent else _identity(root)
            self._watch(root)

    def check(self) -> None:
        """See to what no event tells: polled roots, roots that went or came back, missed time."""
        for root in self._over_limit.copy():
            self._over_limit.discard(root)
            self._poll(root, _limit_reason())
        silent = silent_folders(self._identities)
        for root, before in self._identities.items():
            now = None if root in silent else _identity(root)
            if now != before:
                # Unmounted, mounted, or put in its place: the watches hold on to what was there.
                self._identities[root] = now
                self._unwatch(root)
                self._watch(root)
                self._coalescer.add_everything()
        if self._observer is not None and not getattr(self._observer, "is_whole", True):
            self._begin_anew()
        now_s, wall_s = time.monotonic(), time.time()
        stamps = self._ignore_stamps()
        if (
            wall_s - self._checked_at_s > _MISSED_S
            or now_s - self._full_s > _FULL_EVERY_S
            or stamps != self._ignore_stamp
        ):
            self._ignore_stamp = stamps
            self._full_s = now_s
            self._rules.forget()
            for root in self._watches:
                self._watch_below(root)
            self._coalescer.add_everything()
        self._checked_at_s = wall_s
        if self.polled and now_s - self._polled_s >= self._poll_every_s:
            self._polled_s = now_s
            self._coalescer.add(root for root in self.polled if self._identities.get(root))

    def set_scan_time(self, took_s: float) -> None:
        """Say how long the last look at the polled roots took, which decides when the next is."""
        self._polled_s = time.monotonic()
        self._poll_every_s = max(_SHORTEST_POLL_S, took_s / _POLLING_SHARE)

    def forget_rules(self) -> None:
        """Read the rules of what's left out anew from now on."""
        self._rules.forget()

    def stop(self) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
        self._watches.clear()

    def _ignore_stamps(self) -> tuple[tuple[int, int], ...]:
        return stamp(self._paths.ignore_file), stamp(self._paths.forgotten_file)

    # Native events

    def _watch(self, root: str) -> None:
        if self._identities[root] is None or root in self.polled:
            return
        if self._is_held(root):
            # What's left out of the one that holds it may be a root all the same.
            self._watch_below(root)
            return
        wish = self._settings.service.watch
        if wish == "polling":
            self._poll(root, "the settings say so")
            return
        kind = filesystem_of(root) if wish == "auto" else ""
        if kind in NETWORK_TYPES:
            self._poll(root, f"{kind} drives don't tell of every change")
            return
        try:
            observer = self._open_observer()
            self._watches[root] = observer.schedule(
                _Handler(self._on_event), root, recursive=True, event_filter=_EVENTS
            )
        except OSError as error:
            self._poll(root, error.strerror or str(error))

    def _is_held(self, root: str) -> bool:
        """Whether another root holds this one, whose watch sees all in it."""
        return any(root.startswith(other.rstrip(os.sep) + os.sep) for other in self._watches)

    def _unwatch(self, root: str) -> None:
        watch = self._watches.pop(root, None)
        if watch is not None and self._observer is not None:
            self._observer.unschedule(watch)

    def _begin_anew(self) -> None:
        """Watch all that was watched with a new observer."""
        self._on_note("watching broke off, and begins anew: looking at everything")
        roots = [*self._watches]
        self.stop()
        for root in sorted(roots, key=len):
            self._watch(root)
        self._coalescer.add_everything()

    def _poll(self, root: str, reason: str) -> None:
        self._unwatch(root)
        if root not in self.polled:
            self.polled[root] = reason
            self._on_note(f"{root} is looked at every few seconds instead of watched: {reason}")
            # What happened since it was last looked at, nobody told.
            self._coalescer.add([root])

    def _open_observer(self) -> BaseObserver:
        if self._observer is None:
            if sys.platform == "linux":
                from localsearch.watching.inotify import TellingObserver

                observer: BaseObserver = TellingObserver(
                    self._on_overflow, self._over_limit.add, self._is_left_out
                )
            else:
                from watchdog.observers import Observer

                observer = Observer()
            observer.start()
            self._observer = observer
        return self._observer

    def _watch_below(self, folder: str) -> None:
        """Watch what was left out in a folder, in case it isn't any more."""
        if sys.platform == "linux":
            from localsearch.watching.inotify import TellingObserver

            if isinstance(self._observer, TellingObserver):
                self._observer.watch_below(folder)

    # On watchdog's threads

    def _is_left_out(self, folder: str) -> bool:
        if folder.endswith(_TELLING_FOLDERS):
            return False
        return self._rules.is_ignored(folder, True) is not None

    def _on_overflow(self) -> None:
        self._on_note("more changed at once than the system keeps count of: looking at everything")
        self._coalescer.add_everything()

    def _on_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._on_path(os.fsdecode(path), event.is_directory)

    def _on_path(self, path: str, is_directory: bool) -> None:
        rules = self._rules
        folder, name = os.path.split(path)
        if path in rules.roots:
            self._coalescer.add_everything()
        elif name in TELLING_NAMES:
            # What's left out here may be another matter now.
            left_out = rules.is_ignored(folder, True)
            rules.forget()
            if not (left_out and rules.is_ignored(folder, True)):
                self._watch_below(folder)
                self._coalescer.add([folder])
        elif path.endswith(_GIT_EXCLUDE):
            rules.forget()
            self._watch_below(path.removesuffix(_GIT_EXCLUDE))
            self._coalescer.add([path.removesuffix(_GIT_EXCLUDE)])
        elif rules.is_ignored(path, is_directory) is None:
            self._coalescer.add([path])


class _Handler(FileSystemEventHandler):
    def __init__(self, on_event: Callable[[FileSystemEvent], None]) -> None:
        self._on_event = on_event

    def dispatch(self, event: FileSystemEvent) -> None:
        self._on_event(event)


def _identity(root: str) -> tuple[int, int] | None:
    """What tells a folder from another in its place; None when there's none."""
    try:
        status = os.stat(root)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def stamp(path: Path) -> tuple[int, int]:
    """What tells that a file was written; the same for all that don't exist."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def _limit_reason() -> str:
    reason = "the system has no more watches to give"
    if sys.platform == "linux":
        reason += " (fs.inotify.max_user_watches)"
    return reason
