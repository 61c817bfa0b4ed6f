"""When is a burst of changes over, and which paths does it come down to?"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

# An editor's save is a handful of events within milliseconds.
_QUIET_S = 0.25
# What goes on without a pause (a log that's written to) is looked at all the same.
_LONGEST_S = 1.0
# A checkout, an unzip, a build: waiting for its end saves passes.
_BURST_PATHS = 200
_BURST_QUIET_S = 1.0
_BURST_LONGEST_S = 60.0
# Past this, remembering each path costs more than looking at everything.
_MOST_PATHS = 50_000
# A scan of a few folders is cheaper than one of many single paths.
_MOST_PLACES = 100


@dataclass(frozen=True, slots=True)
class Burst:
    """What changed together: the `paths` to look at, whole folders included, or `everything`."""

    paths: tuple[str, ...] = ()
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.paths)


@dataclass(slots=True)
class _Rest:
    """Until when a path isn't told of, and whether it changed meanwhile."""

    until_s: float
    changed: bool = False


class Coalescer:
    """Collects changed paths from any thread until they've come to rest; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._paths: set[str] = set()
        self._everything = False
        self._resting: dict[str, _Rest] = {}
        self._first_s = 0.0
        self._last_s = 0.0
        self.wake = threading.Event()
        """Set whenever something is added; the one who waits for it clears it."""
        self.roots: frozenset[str] = frozenset()
        """The folders above which nothing is looked at."""

    def add(self, paths: Iterable[str]) -> None:
        """Note that these changed."""
        with self._lock:
            fresh = self._awake(paths) if self._resting else paths
            if not (fresh := set(fresh)):
                return
            self._note_time()
            if not self._everything:
                self._paths.update(fresh)
                if len(self._paths) > _MOST_PATHS:
                    self._everything = True
                    self._paths.clear()
        self.wake.set()

    def add_everything(self) -> None:
        """Note that anything may have changed."""
        with self._lock:
            self._note_time()
            self._everything = True
            self._paths.clear()
            self._resting.clear()
        self.wake.set()

    def rest(self, path: str, for_s: float) -> None:
        """Tell of a path no sooner than `for_s` seconds from now, however often it changes."""
        with self._lock:
            self._resting[path] = _Rest(self._clock() + for_s)

    def due_in_s(self) -> float | None:
        """Seconds until what was collected should be taken, 0 when it's time; None for nothing."""
        with self._lock:
            self._wake_rested()
            if not self._waiting:
                return None
            is_burst = self._everything or len(self._paths) > _BURST_PATHS
            quiet_s = _BURST_QUIET_S if is_burst else _QUIET_S
            longest_s = _BURST_LONGEST_S if is_burst else _LONGEST_S
            due_s = min(self._last_s + quiet_s, self._first_s + longest_s)
            return max(0.0, due_s - self._clock())

    def take(self) -> Burst:
        """All that was collected since the last time."""
        with self._lock:
            paths, everything = self._paths, self._everything
            self._paths, self._everything = set(), False
        return Burst(() if everything else fold(paths, self.roots), everything)

    def _awake(self, paths: Iterable[str]) -> Iterator[str]:
        for path in paths:
            rest = self._resting.get(path)
            if rest is None:
                yield path
            else:
                rest.changed = True

    def _wake_rested(self) -> None:
        now_s = self._clock()
        for path in [path for path, rest in self._resting.items() if rest.until_s <= now_s]:
            if self._resting.pop(path).changed:
                self._note_time()
                self._paths.add(path)

    @property
    def _waiting(self) -> bool:
        return self._everything or bool(self._paths)

    def _note_time(self) -> None:
        self._last_s = self._clock()
        if not self._waiting:
            self._first_s = self._last_s


def fold(
    paths: Collection[str], roots: Collection[str] = (), most: int = _MOST_PLACES
) -> tuple[str, ...]:
    """Few paths that hold all of these, at most `most` or the roots that they lie in."""
    folded = _outermost(paths)
    while len(folded) > most:
        foldable = [path for path in folded if path not in roots and path != os.sep]
        if not foldable:
            break
        deepest = max(path.count(os.sep) for path in foldable)
        lowest = {path for path in foldable if path.count(os.sep) == deepest}
        folded = _outermost([os.path.dirname(path) if path in lowest else path for path in folded])
    return tuple(folded)


def _outermost(paths: Collection[str]) -> list[str]:
    """The paths without those that lie in another of them."""
    kept: list[str] = []
    # With the separator at its end a folder comes right before what's in it.
    for path in sorted(path.rstrip(os.sep) + os.sep for path in paths):
        if not kept or not path.startswith(kept[-1]):
            kept.append(path)
    return [path.rstrip(os.sep) or os.sep for path in kept]
