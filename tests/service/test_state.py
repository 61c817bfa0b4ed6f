"""What a service says of itself, and who may believe it."""

from __future__ import annotations

import os
import time

from localsearch import config
from localsearch.service.state import read_state, write_state
from localsearch.types import Progress, ServiceState


def test_a_dead_services_state_is_not_believed(home: config.Paths) -> None:
    now_s = time.time()
    dead = ServiceState(pid=2**22 + 1, started_s=now_s, updated_s=now_s, phase="idle")
    write_state(home.service_file, dead)
    assert read_state(home.service_file) is None
    silent = ServiceState(os.getpid(), now_s - 7200, now_s - 3600, "idle")
    write_state(home.service_file, silent)
    assert read_state(home.service_file) is None


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
