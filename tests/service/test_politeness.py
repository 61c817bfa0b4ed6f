from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace

import psutil
import pytest

from localsearch.config import ServiceSettings
from localsearch.service.politeness import OthersLoad, Politeness, battery_percent, lower_priority


class Machine:
    """A machine whose battery, load and clock are as the test says."""

    def __init__(self, settings: ServiceSettings | None = None) -> None:
        self.percent: float | None = None
        self.load = 0.0
        self.now_s = 1000.0
        self.politeness = Politeness(
            settings or ServiceSettings(),
            battery=lambda: self.percent,
            others_load=lambda: self.load,
            clock=lambda: self.now_s,
        )


def test_a_low_battery_is_spared_until_it_is_charged() -> None:
    machine = Machine()
    assert machine.politeness.reason_to_pause() == ""
    machine.percent = 29.0
    assert machine.politeness.reason_to_pause() == ""
    machine.now_s += 31
    assert machine.politeness.reason_to_pause() == "the battery is at 29 %"
    machine.percent = 30.0
    machine.now_s += 31
    assert machine.politeness.reason_to_pause() == ""
    machine.percent = 1.0
    machine.now_s += 31
    assert machine.politeness.reason_to_pause()
    # Plugged in.
    machine.percent = None
    machine.now_s += 31
    assert machine.politeness.reason_to_pause() == ""


def test_zero_percent_never_spares_it() -> None:
    machine = Machine(replace(ServiceSettings(), pause_on_battery_below=0))
    machine.percent = 0.0
    assert machine.politeness.reason_to_pause() == ""


def test_busy_programs_get_most_of_the_machine() -> None:
    machine = Machine()
    machine.load = 0.9
    machine.now_s += 3
    assert machine.politeness.is_wanted_elsewhere()
    assert machine.politeness.rest_s(0.5) == 2.0
    machine.load = 0.1
    machine.now_s += 3
    assert machine.politeness.rest_s(0.5) == 0.0


def test_the_settings_turn_it_off() -> None:
    machine = Machine(replace(ServiceSettings(), pause_under_load=False))
    machine.load = 1.0
    machine.now_s += 3
    assert machine.politeness.rest_s(0.5) == 0.0


SPIN = "import time\nend = time.monotonic() + 30\nwhile time.monotonic() < end: pass"


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
def test_programs_of_low_priority_are_no_load() -> None:
    load = OthersLoad(is_low_priority=True)
    nice = psutil.cpu_times().nice
    with subprocess.Popen(["nice", "-n", "15", sys.executable, "-c", SPIN]) as spinning:
        threading.Event().wait(2.0)
        share = load()
        spinning.kill()
    used_s = psutil.cpu_times().nice - nice
    # Others may be busy beside it, but not with what it used.
    assert share <= 1.0 - used_s / (2.0 * (psutil.cpu_count() or 1)) + 0.2


def test_programs_of_usual_priority_are() -> None:
    load = OthersLoad(is_low_priority=True)
    count = psutil.cpu_count() or 1
    spinning = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]
    threading.Event().wait(2.0)
    share = load()
    for each in spinning:
        each.kill()
        each.wait()
    assert share > 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
def test_only_the_thread_that_indexes_and_what_it_starts_steps_back() -> None:
    found: list[int] = []

    def work() -> None:
        lower_priority()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        done = subprocess.run(
            [sys.executable, "-c", "import os; print(os.nice(0))"],
            capture_output=True,
            check=True,
        )
        found.append(int(done.stdout))

    before = os.nice(0)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [10, 10]
    assert os.nice(0) == before


def test_the_battery_of_this_machine_is_asked() -> None:
    percent = battery_percent()
    assert percent is None or 0 <= percent <= 100
