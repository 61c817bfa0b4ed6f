"""A clock that stands still while the program does: when it's stopped, or its machine sleeps."""

from __future__ import annotations

import threading
import time

# Whoever measures with it looks at it several times a second: what passed beyond this between two
# looks, passed while nobody could look.
_LONGEST_STEP_S = 1.0


class RunningClock:
    """Counts the seconds for which the program runs, as long as somebody keeps looking at it.

    For several threads at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_s = time.monotonic()
        self._now_s = 0.0
        self._still_s = 0.0

    def now_s(self) -> float:
        """Seconds; only their differences mean something."""
        with self._lock:
            self._look()
            return self._now_s

    def still_s(self) -> float:
        """For how many seconds it stood still."""
        with self._lock:
            self._look()
            return self._still_s

    def _look(self) -> None:
        looked_s = time.monotonic()
        passed_s = looked_s - self._looked_s
        self._looked_s = looked_s
        self._now_s += min(passed_s, _LONGEST_STEP_S)
        self._still_s += max(0.0, passed_s - _LONGEST_STEP_S)
