"""What a service says of itself, and who may believe it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil

from localsearch import config
from localsearch.service.state import read_state, write_state
from localsearch.types import Progress, ServiceState

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_dead_services_state_is_not_believed(home: config.Paths) -> None:
    now_s = time.time()
    dead = ServiceState(pid=2**22 + 1, started_s=now_s, updated_s=now_s, phase="idle")
    write_state(home.service_file, dead)
    assert read_state(home.service_file) is None
    # Another process that began later has its number now.
    silent = ServiceState(os.getpid(), now_s - 7200, now_s - 3600, "idle")
    write_state(home.service_file, silent)
    assert read_state(home.service_file) is None


def test_a_killed_service_that_nobody_waited_for_is_none(home: config.Paths) -> None:
    now_s = time.time()
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        child = psutil.Process(process.pid)
        until(lambda: child.status() == psutil.STATUS_ZOMBIE)
        write_state(home.service_file, ServiceState(process.pid, now_s, now_s, "idle"))
        assert read_state(home.service_file) is None


def test_one_that_says_nothing_is_said_not_to_answer(home: config.Paths) -> None:
    began_s = psutil.Process().create_time()
    write_state(home.service_file, ServiceState(os.getpid(), began_s, time.time(), "idle"))
    read = read_state(home.service_file)
    assert read is not None
    assert read.silence == ""
    hanging = ServiceState(os.getpid(), began_s, time.time() - 600, "scanning")
    write_state(home.service_file, hanging)
    read = read_state(home.service_file)
    assert read is not None
    assert "10 min" in read.silence


def test_a_stopped_one_is_said_to_be_stopped(home: config.Paths) -> None:
    now_s = time.time()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        process.send_signal(signal.SIGSTOP)
        child = psutil.Process(process.pid)
        until(lambda: child.status() == psutil.STATUS_STOPPED)
        write_state(home.service_file, ServiceState(process.pid, now_s, now_s, "idle"))
        read = read_state(home.service_file)
        process.kill()
    assert read is not None
    assert f"kill -CONT {process.pid}" in read.silence


def until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < give_up_s
        threading.Event().wait(0.01)


def test_a_state_holds_any_name(home: config.Paths) -> None:
    name = os.fsdecode(b"/caf\xe9\n")
    now_s = time.time()
    state = ServiceState(
        os.getpid(), now_s, now_s, "reading", progress=Progress("reading", current=name)
    )
    write_state(home.service_file, state)
    read = read_state(home.service_file)
    assert read is not None
    assert read.progress is not None
    assert read.progress.current == "/caf\ufffd\n"
