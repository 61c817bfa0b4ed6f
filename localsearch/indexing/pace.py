"""How fast long work goes, and when it will end, told honestly."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough to smooth batches of different lengths, short enough to notice a busy machine.
_WINDOW_S = 30.0
# An estimate from less than this says more about start-up than about the work.
_HONEST_AFTER_S = 2.0
# The first files may be the largest of all, or wait for what is loaded with them.
_LEAST_ESTIMATED_S = 5.0
_LEAST_ESTIMATED_STEPS = 5


class Pace:
    """Measures a rate over the recent past; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_s = clock()
        self._done = self._steps = 0
        self._marks: deque[tuple[float, int]] = deque([(self._started_s, 0)])

    def advance(self, amount: int) -> None:
        """Note that `amount` more was done."""
        now_s = self._clock()
        self._done += amount
        self._steps += 1
        if now_s - self._marks[-1][0] > _WINDOW_S:
            # The machine slept, or one thing took very long: no rate to go by.
            self._marks.clear()
        self._marks.append((now_s, self._done))
        while len(self._marks) > 2 and self._marks[0][0] < now_s - _WINDOW_S:
            self._marks.popleft()

    @property
    def done(self) -> int:
        """How much was done in all."""
        return self._done

    @property
    def per_s(self) -> float:
        """The recent rate, or that of the whole where little is recent; 0 until there is one."""
        since_s, before = self._marks[0]
        until_s = self._marks[-1][0]
        if until_s - since_s < _HONEST_AFTER_S:
            since_s, before = self._started_s, 0
        elapsed_s = until_s - since_s
        return (self._done - before) / elapsed_s if elapsed_s > 0 else 0.0

    def eta_s(self, left: int) -> float | None:
        """Seconds until `left` more is done; None until that can be told."""
        rate = self.per_s
        is_early = self._clock() - self._started_s < _LEAST_ESTIMATED_S
        if rate <= 0 or is_early or self._steps < _LEAST_ESTIMATED_STEPS:
            return None
        return left / rate
