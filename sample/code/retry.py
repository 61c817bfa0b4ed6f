"""Calling something that fails now and then."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def with_backoff(call: Callable[[], T], attempts: int = 5, first_wait_s: float = 0.5) -> T:
    """Call until it succeeds, waiting twice as long after each failure, with a little jitter.

    Without the jitter, many clients that failed together would all come back together.
    """
    wait_s = first_wait_s
    for attempt in range(attempts):
        try:
            return call()
        except ConnectionError:
            if attempt == attempts - 1:
                raise
            time.sleep(wait_s * random.uniform(0.8, 1.2))
            wait_s *= 2
    raise AssertionError("attempts must be at least 1")


class CircuitBreaker:
    """Stops calling a service that keeps failing, and tries it again after a while."""

    def __init__(self, threshold: int, cool_down_s: float) -> None:
        self.threshold = threshold
        self.cool_down_s = cool_down_s
        self.failures = 0
        self.opened_at_s: float | None = None

    def allow(self, now_s: float) -> bool:
        """Whether a call may be made now."""
        return self.opened_at_s is None or now_s - self.opened_at_s >= self.cool_down_s

    def record_failure(self, now_s: float) -> None:
        """Count a failure; the breaker opens at the threshold."""
        self.failures += 1
        if self.failures >= self.threshold:
            self.opened_at_s = now_s
