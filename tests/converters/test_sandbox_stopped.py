"""A file isn't lost when the program is stopped over it (Ctrl-Z), or its machine falls asleep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import psutil
import pytest

from converters.running_clock import RunningClock
from converters.sandbox import Sandbox
from tests.converters import faulty
from tests.running import WAIT_S

_ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 4
_STOPPED_S = 6
_PROGRAM = f"""
import sys
from converters.sandbox import Sandbox
with Sandbox(timeout_s={_TIMEOUT_S}, memory_bytes=1_000_000_000) as sandbox:
    sandbox.convert(sys.argv[1])
    print(sandbox.child_pid, flush=True)
    (document,) = sandbox.convert(sys.argv[2], plugins=("await", "punctual")).documents
    print(document.blocks[0].text, document.notes)
"""


def _wait_until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < give_up_s
        threading.Event().wait(0.02)


def _is_stopped(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


@contextmanager
def _reading(folder: Path, suffix: str) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A program that reads a file, and its process that does; the file waits for another one."""
    first, file = folder / "first.txt", folder / f"file.{suffix}"
    first.write_text("first")
    file.write_text(str(folder / "go"))
    site = faulty.install(folder / "site")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(_ROOT)))}
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(first), str(file)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert program.stdout is not None
        child = psutil.Process(int(program.stdout.readline()))
        _wait_until(lambda: str(file) in [each.path for each in child.open_files()])
        yield program, child
    finally:
        program.kill()
        program.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
@pytest.mark.parametrize(
    ("suffix", "both"), [("await", False), ("punctual", False), ("punctual", True)]
)
def test_what_it_stood_still_is_none_of_a_files_time(
    suffix: str, tmp_path: Path, *, both: bool
) -> None:
    with _reading(tmp_path, suffix) as (program, child):
        pids = [program.pid, child.pid] if both else [program.pid]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        _wait_until(lambda: all(map(_is_stopped, pids)))
        resume_s = time.monotonic() + _STOPPED_S
        _wait_until(lambda: time.monotonic() > resume_s)
        (tmp_path / "go").write_text("")
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        assert program.communicate(timeout=WAIT_S)[0] == "read ()\n"


@contextmanager
def _cut_ahead(folder: Path) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox whose process has been asked for a file that it will give only the beginning of."""
    first, file = folder / "first.txt", folder / "file.punctual"
    first.write_text("first")
    file.write_text(str(folder / "never"))
    os.utime(file, (1_700_000_000, 1_700_000_000))
    with Sandbox(timeout_s=3, memory_bytes=1_000_000_000) as sandbox:
        sandbox.convert(str(first))
        sandbox.expect([str(file)], plugins=("punctual",))
        yield sandbox, str(file)


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = faulty.install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(site), str(_ROOT))))


@pytest.mark.usefixtures("_installed")
def test_what_passes_after_the_answer_has_nothing_read_again(tmp_path: Path) -> None:
    with _cut_ahead(tmp_path) as (sandbox, file):
        child = sandbox._child
        assert child is not None
        _wait_until(lambda: not child._asked)
        # As if nobody had looked at the clock for long.
        child.clock._looked_s -= 100
        (document,) = sandbox.convert(file, plugins=("punctual",)).documents
        assert document.blocks[0].text == "begun"
        assert sandbox._child is child


@pytest.mark.usefixtures("_installed")
def test_what_was_read_is_kept_where_it_cannot_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _cut_ahead(tmp_path) as (sandbox, file):
        child = sandbox._child
        assert child is not None
        child.clock._still_s += 100
        monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
        (document,) = sandbox.convert(file, plugins=("punctual",)).documents
        assert document.blocks[0].text == "begun"
        assert sandbox.child_pid is None


def test_a_clock_that_is_looked_at_counts_what_passes_but_no_leaps() -> None:
    with mock.patch("time.monotonic", side_effect=[100, 100.5, 101, 5000, 5000.5, 5000.75]):
        clock = RunningClock()
        assert [clock.now_s() for _ in range(4)] == [0.5, 1.0, 2.0, 2.5]
        assert clock.still_s() == 4898
