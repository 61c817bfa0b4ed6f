"""How is a decode held up for a while, between two steps of its graph, with nothing lost?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# A step is made of as many operations as take about this long; the longest one may be is what a
# query waits for the machine at most, the shortest keeps the cost of stopping out of sight.
_SHORT_STEP_S, _LONG_STEP_S = 0.005, 0.02
_MOST_OPERATIONS = 4096
# After so long a decode goes on beside what held it up, or who asks without pause would keep
# anything from being indexed.
_LONGEST_PAUSE_S = 5.0
_POLL_S = 0.02


class Steps:
    """Cuts the graph of a decode into short steps, and waits between them until it may go on.

    Used by the thread that decodes; `paused` may be looked at from any other.
    """

    def __init__(self, go_ahead: threading.Event, is_stopped: Callable[[], bool]) -> None:
        self._go_ahead = go_ahead
        self._is_stopped = is_stopped
        # Few to begin with: how long they take isn't known yet.
        self._operations = 16
        self._asked = 0
        self._left_s = _LONGEST_PAUSE_S
        self._began_s = 0.0
        self.paused = False

    def begin(self) -> None:
        """A decode begins."""
        self._asked = 0
        self._left_s = _LONGEST_PAUSE_S
        self._began_s = time.perf_counter()

    def ends_here(self) -> bool:
        """Count one operation; whether it's the last of a step."""
        self._asked += 1
        return self._asked >= self._operations

    def rest(self) -> None:
        """Between two steps: wait while that's wanted, and see how long the next may be."""
        took_s = time.perf_counter() - self._began_s
        if took_s > _LONG_STEP_S:
            self._operations = max(1, self._operations // 2)
        elif took_s < _SHORT_STEP_S:
            self._operations = min(_MOST_OPERATIONS, self._operations * 2)
        if not self._go_ahead.is_set():
            self._wait()
        self._asked = 0
        self._began_s = time.perf_counter()

    def _wait(self) -> None:
        began_s = time.perf_counter()
        ends_s = began_s + self._left_s
        self.paused = True
        while (left_s := ends_s - time.perf_counter()) > 0 and not self._is_stopped():
            if self._go_ahead.wait(min(left_s, _POLL_S)):
                break
        self.paused = False
        self._left_s -= time.perf_counter() - began_s
