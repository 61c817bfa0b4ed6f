"""What did Linux not tell? Events lost to a full queue, folders left out for want of watches.

watchdog loses the one with a line in its log and the other without a word; both must be known, as
an index that quietly misses changes is worse than one that looks for them now and then. Watches
are few, so none is spent on folders that are left out of the index.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from watchdog.observers.api import BaseObserver, EventEmitter
from watchdog.observers.inotify import InotifyEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import InotifyFD

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyEvent,
        Mask,
        WatchCallback,
        WatchDescriptor,
    )

_OUT_OF_WATCHES = frozenset({errno.ENOSPC, errno.ENOMEM, errno.EMFILE})


class _TellingInotify(InotifyFD):
    """The kernel's events, with word of what is missing from them."""

    def __init__(
        self,
        on_overflow: Callable[[], None],
        on_limit: Callable[[str], None],
        is_left_out: Callable[[str], bool],
    ) -> None:
        super().__init__()
        self._on_overflow = on_overflow
        self._on_limit = on_limit
        self._is_left_out = is_left_out

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        """Watch one folder; a limit that's reached is told with the root that it belongs to."""
        root = callback.path if isinstance(callback, InotifyWatchGroup) else path
        if path != root and self._is_left_out(os.fsdecode(path)):
            # watchdog goes on without folders that can't be watched.
            raise PermissionError(errno.EPERM, "left out of the index")
        try:
            return super().add_callback(path, mask, callback, id_)
        except OSError as error:
            if error.errno in _OUT_OF_WATCHES and isinstance(callback, InotifyWatchGroup):
                self._on_limit(os.fsdecode(callback.path))
            raise

    def _add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        # Folders made in one go may be added twice, of which watchdog warns, and a warning that is
        # taken for an error would end the thread that hears of all events.
        watch = self._get_or_create_watch(path, mask)
        watch.callbacks[id_] = callback
        return watch.wd

    def handle_event(self, event: InotifyEvent) -> None:
        """Pass an event on; an overflow is told when the watches are whole again."""
        super().handle_event(event)
        if event.is_queue_overflow:
            self._on_overflow()


class TellingObserver(BaseObserver):
    """watchdog's observer of Linux that calls `on_overflow()` and `on_limit(root)`.

    Folders of which `is_left_out(path)` holds aren't watched. All three are called from its
    threads. Raises OSError where no inotify can be had at all.
    """

    def __init__(
        self,
        on_overflow: Callable[[], None],
        on_limit: Callable[[str], None],
        is_left_out: Callable[[str], bool],
    ) -> None:
        self._kernel = _TellingInotify(on_overflow, on_limit, is_left_out)
        self._kernel.start()
        super().__init__(InotifyEmitter, inotify_fd=self._kernel)

    def watch_below(self, folder: str) -> None:
        """Watch what's in a folder and wasn't watched, as it was left out until now."""
        path = os.fsencode(folder)
        emitters: set[EventEmitter] = self.emitters
        for emitter in emitters:
            group = emitter._inotify if isinstance(emitter, InotifyEmitter) else None
            if group is not None and (path + b"/").startswith(group.path.rstrip(b"/") + b"/"):
                with group._lock, contextlib.suppress(OSError):
                    group._add_all_callbacks(path)

    @property
    def watches(self) -> int:
        """How many of the system's watches are in use."""
        return len(self._kernel._watch_for_wd)

    @property
    def is_whole(self) -> bool:
        """Whether all its threads are at work; one that met an error of watchdog's isn't."""
        emitters: set[EventEmitter] = self.emitters
        threads = (self, self._kernel, *emitters)
        return all(thread.is_alive() for thread in threads)

    def on_thread_stop(self) -> None:
        """Let go of the kernel's queue."""
        super().on_thread_stop()
        self._kernel.stop()
        self._kernel.join()
