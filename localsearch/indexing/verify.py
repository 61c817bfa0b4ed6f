"""Do files still hold what was read of them, where neither size nor time says otherwise?

Some programs put the old time back, some disks rot, and clocks are set back. Reading everything
tells; so it's done when asked for, and slowly all the time by the service.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from localsearch.indexing.reader import hash_content
from localsearch.scanning.cloud import is_placeholder
from localsearch.types import CancelledError, ConversionError, Progress

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from localsearch.store import Store
    from localsearch.types import FileRef

_BATCH = 200
_DAY_S = 86_400.0
# In the background: so long at a time, and at most this share of one core's time.
_STEP_S = 0.1
_SHARE = 0.05


def outdate_altered(
    store: Store,
    within: Sequence[str],
    max_bytes: int,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> int:
    """Compare every file (or those `within`) with what was read of it; gives how many differ.

    Those are to be read anew. Raises CancelledError when `cancel` is set.
    """
    altered = done = 0
    for place in within or ("",):
        after = ""
        while batch := store.verified.following(after, _BATCH, place):
            for ref, content_hash in batch:
                if cancel is not None and cancel.is_set():
                    raise CancelledError("the check was stopped")
                altered += _outdate_if_altered(store, ref, content_hash, max_bytes)
                done += 1
            after = batch[-1][0].path
            if progress is not None:
                progress(Progress("scanning", files_done=done, current=after))
    if not within:
        with store.transaction():
            store.verified.set_finished(time.time())
    return altered


class SlowVerification:
    """Compares everything once in `every_days`, a little at a time; goes on where it was."""

    def __init__(self, store: Store, max_bytes: int, every_days: float) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._every_s = every_days * _DAY_S
        self._due_at_s = 0.0
        self._next_at_s = 0.0

    def step(self) -> int:
        """Compare a few files, if it's time; gives how many differ and are to be read anew."""
        now_s = time.monotonic()
        if self._every_s <= 0 or now_s < self._next_at_s or time.time() < self._due():
            return 0
        verified = self._store.verified
        reached = verified.reached()
        batch = verified.following(reached, _BATCH)
        altered = 0
        for ref, content_hash in batch:
            altered += _outdate_if_altered(self._store, ref, content_hash, self._max_bytes)
            reached = ref.path
            if time.monotonic() - now_s > _STEP_S:
                break
        with self._store.transaction():
            if batch:
                verified.set_reached(reached)
            else:
                verified.set_finished(time.time())
                self._due_at_s = 0.0
        ended_s = time.monotonic()
        self._next_at_s = ended_s + (ended_s - now_s) / _SHARE
        return altered

    def _due(self) -> float:
        if not self._due_at_s:
            finished_s = self._store.verified.finished_s()
            if not finished_s:
                # What was read just now needs no comparing yet.
                finished_s = time.time()
                with self._store.transaction():
                    self._store.verified.set_finished(finished_s)
            self._due_at_s = finished_s + self._every_s
        return self._due_at_s


def _outdate_if_altered(
    store: Store, ref: FileRef, content_hash: bytes | None, max_bytes: int
) -> bool:
    try:
        status = os.lstat(ref.path)
        if is_placeholder(status):
            return False
        found, now_hash = hash_content(ref.path, max_bytes)
    except (OSError, ConversionError):
        # What's gone or can't be read, the scan sees to.
        return False
    if now_hash == content_hash or (found.size, found.mtime_ns) != (ref.size, ref.mtime_ns):
        return False
    with store.transaction():
        store.files.set_outdated(ref.path)
    return True
