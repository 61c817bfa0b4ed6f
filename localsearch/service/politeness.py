"""When does indexing step aside for the user's own programs, and for the battery?"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from localsearch.config import ServiceSettings

_NICE = 10
_BATTERY_EVERY_S = 30.0
_LOAD_EVERY_S = 2.0
# Where others use more of the machine than this, a batch is followed by a rest of so many times its
# length. It's no standstill, as a machine may be busy for days.
_BUSY_SHARE = 0.5
_REST_TIMES = 4.0


def lower_priority() -> None:
    """Let everything else go first, on the processor and the disk.

    On Linux it holds for the calling thread and what that starts, so that searches served by other
    threads stay quick; elsewhere for the whole process. A system that refuses is let be.
    """
    import psutil

    with contextlib.suppress(OSError, psutil.Error):
        if sys.platform == "linux":
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, _NICE)
            psutil.Process(thread).ionice(psutil.IOPRIO_CLASS_IDLE)
        elif sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
            psutil.Process().ionice(psutil.IOPRIO_LOW)
        else:
            psutil.Process().nice(_NICE)


def battery_percent() -> float | None:
    """What's left in the battery while the machine runs on it; None where it doesn't."""
    import psutil

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return None if battery is None or battery.power_plugged else float(battery.percent)


class OthersLoad:
    """Measures the share of all cores' time that other programs used, those of low priority aside.

    `is_low_priority` says that our own work counts as such, as it does on Linux.
    """

    def __init__(self, *, is_low_priority: bool) -> None:
        self._subtract_own = not (is_low_priority and sys.platform == "linux")
        self._last = self._times_s()

    def __call__(self) -> float:
        """The share since the last call, 0…1."""
        busy_s, total_s = self._times_s()
        (busy_before_s, total_before_s), self._last = self._last, (busy_s, total_s)
        elapsed_s = total_s - total_before_s
        return min(1.0, max(0.0, (busy_s - busy_before_s) / elapsed_s)) if elapsed_s > 0 else 0.0

    def _times_s(self) -> tuple[float, float]:
        import psutil

        times = psutil.cpu_times()
        busy_s = times.user + times.system
        if self._subtract_own:
            own = psutil.Process().cpu_times()
            busy_s -= own.user + own.system
        return busy_s, time.monotonic() * (psutil.cpu_count() or 1)


class Politeness:
    """Decides for the loop of the service, in its thread; `clock` gives seconds."""

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        battery: Callable[[], float | None] | None = None,
        others_load: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._battery = battery or battery_percent
        self._others_load = others_load or OthersLoad(is_low_priority=settings.low_priority)
        self._clock = clock
        self._battery_s = float("-inf")
        self._reason = ""
        self._load_s = clock()
        self._share = 0.0

    def reason_to_pause(self) -> str:
        """Why nothing should be embedded now; "" where it may."""
        now_s = self._clock()
        if now_s - self._battery_s >= _BATTERY_EVERY_S:
            self._battery_s = now_s
            percent = self._battery()
            low = percent is not None and percent < self._settings.pause_on_battery_below
            self._reason = f"the battery is at {percent:.0f} %" if low else ""
        return self._reason

    def is_wanted_elsewhere(self) -> bool:
        """Whether other programs use most of the machine."""
        if not self._settings.pause_under_load:
            return False
        now_s = self._clock()
        if now_s - self._load_s >= _LOAD_EVERY_S:
            self._load_s = now_s
            self._share = self._others_load()
        return self._share > _BUSY_SHARE

    def rest_s(self, worked_s: float) -> float:
        """How long to rest after so much work; 0 where nobody needs the machine."""
        return worked_s * _REST_TIMES if self.is_wanted_elsewhere() else 0.0
