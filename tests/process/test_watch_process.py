"""`localsearch watch` as a process: signals, a second writer, events that the system loses."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from localsearch.api import Index
from localsearch.service.state import read_state
from localsearch.store import Store
from tests.cli.program import PROGRAM, environment, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localsearch.types import ServiceState

WAIT_S = 240.0
NEVER = threading.Event()


class Watching:
    """The program, watching in the background."""

    def __init__(self, index: Index, log: Path) -> None:
        self.index = index
        self.log = log
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [PROGRAM, "watch"],
                env=environment(index.paths),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        self.until(lambda: self.state is not None and self.state.phase == "idle")

    @property
    def state(self) -> ServiceState | None:
        return read_state(self.index.paths.service_file)

    def until(self, holds: Callable[[], bool]) -> float:
        """Wait until something holds; gives the seconds it took."""
        began_s = time.monotonic()
        while not holds():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - began_s < WAIT_S, self.log.read_text()
            NEVER.wait(0.02)
        return time.monotonic() - began_s

    def finds(self, text: str) -> bool:
        *_, stage = self.index.search(self.index.parse(text, mode="keyword"))
        return bool(stage.hits)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; gives its exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)


@pytest.fixture
def watching(filled: Index, tmp_path: Path) -> Iterator[Watching]:
    watching = Watching(filled, tmp_path / "watch.log")
    yield watching
    if watching.process.poll() is None:
        watching.process.kill()
        watching.process.wait()


def test_an_edit_is_found_by_word_within_two_seconds(watching: Watching, library: Path) -> None:
    # The first one also has the model loaded.
    (library / "new.txt").write_text("walnuts")
    watching.until(lambda: watching.finds("walnuts"))
    times_s = []
    for number in range(10):
        (library / "new.txt").write_text(f"chestnut{number}")
        times_s.append(watching.until(partial(watching.finds, f"chestnut{number}")))
    # Not the longest, which is long where the machine has other things to do for a moment; what
    # the slow ones take, `python -m benchmarks.watch` tells.
    assert statistics.median(times_s) < 2.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_each_signal_ends_it_cleanly(watching: Watching, number: int) -> None:
    assert watching.end(number) == 0
    assert "everything done is kept" in watching.log.read_text()
    paths = watching.index.paths
    assert not paths.service_file.exists()
    assert not paths.lock_file.with_suffix(".json").exists()
    with Store(paths.index_file) as store:
        assert store.checks.problems() == ()


def test_another_writer_is_told_who_has_the_index(watching: Watching) -> None:
    done = run(watching.index.paths, "index")
    assert done.returncode == 4
    assert f"process {watching.process.pid} (`localsearch watch`)" in done.stderr
    second = run(watching.index.paths, "watch")
    assert second.returncode == 4
    assert str(watching.process.pid) in second.stderr


def test_folders_are_added_and_removed_while_it_runs(watching: Watching, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "new.txt").write_text("walnuts")
    done = run(watching.index.paths, "add", str(other))
    assert done.returncode == 0, done.stderr
    watching.until(lambda: watching.finds("walnuts"))
    done = run(watching.index.paths, "remove", str(other))
    assert done.returncode == 0, done.stderr
    assert "1 file forgotten" in done.stderr
    watching.until(lambda: not watching.finds("walnuts"))
    done = run(watching.index.paths, "forget", str(tmp_path / "library/garden"))
    assert done.returncode == 0, done.stderr
    assert "forgotten: 2 files" in done.stderr


def test_after_a_kill_another_goes_on(watching: Watching, library: Path, tmp_path: Path) -> None:
    (library / "new.txt").write_text("walnuts")
    watching.process.kill()
    watching.process.wait()
    assert watching.state is None
    successor = Watching(watching.index, tmp_path / "second.log")
    try:
        assert successor.finds("walnuts")
    finally:
        assert successor.end() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the queue is Linux's")
def test_events_lost_to_a_full_queue_are_mended(watching: Watching, library: Path) -> None:
    with open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii") as file:
        queue_length = int(file.read())
    if queue_length > 200_000:
        pytest.skip("the queue is too long to fill")
    watching.process.send_signal(signal.SIGSTOP)
    noise = library / "noise.txt"
    for _ in range(queue_length // 2 + 100):
        # Two events at least, each unlike the one before it, as the kernel merges equal ones.
        os.close(os.open(noise, os.O_CREAT | os.O_WRONLY))
        noise.unlink()
    # The queue is full, so of this nobody is told.
    (library / "lost").mkdir()
    (library / "lost/lost.txt").write_text("walnuts")
    watching.process.send_signal(signal.SIGCONT)
    watching.until(lambda: watching.finds("walnuts"))
    assert "more changed at once" in watching.log.read_text()
    # The watches are whole again, that on the new folder included.
    (library / "lost/later.txt").write_text("chestnuts")
    watching.until(lambda: watching.finds("chestnuts"))


def test_what_changed_while_it_was_stopped_is_found(watching: Watching, library: Path) -> None:
    watching.process.send_signal(signal.SIGSTOP)
    (library / "garden").rename(library / "yard")
    (library / "new.txt").write_text("walnuts")
    watching.process.send_signal(signal.SIGCONT)
    watching.until(lambda: watching.finds("walnuts"))
    watching.until(lambda: watching.index.status().files.total == 6)


def test_a_stopped_one_is_told_to_not_answer(watching: Watching) -> None:
    watching.process.send_signal(signal.SIGSTOP)
    try:
        said = run(watching.index.paths, "status").stdout
        assert f"Watching  doesn't answer, last idle (process {watching.process.pid})" in said
        assert f"kill -CONT {watching.process.pid}" in said
        paused = run(watching.index.paths, "pause")
        assert paused.returncode == 5, paused.stderr
        assert f"kill -CONT {watching.process.pid}" in paused.stderr
    finally:
        watching.process.send_signal(signal.SIGCONT)
    # It was told to pause, and does once it can.
    watching.until(lambda: watching.state is not None and watching.state.phase == "paused")
    assert "doesn't answer" not in run(watching.index.paths, "status").stdout


def test_idle_it_takes_next_to_no_time(watching: Watching) -> None:
    import psutil

    process = psutil.Process(watching.process.pid)
    before = process.cpu_times()
    NEVER.wait(5.0)
    after = process.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    assert used_s / 5.0 < 0.03


def test_before_the_first_folder_it_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "watch")
    assert done.returncode == 3
    assert "localsearch add" in done.stderr
