from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localsearch.lock import describe_writer, read_writer, writer_lock
from localsearch.types import StoreError, StoreLockedError

_HOLD = """
import sys, pathlib
from localsearch.lock import writer_lock
with writer_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with hold(path) as other:
        with pytest.raises(StoreLockedError) as raised, writer_lock(path):
            pass
        assert str(other.pid) in raised.value.cause
        assert raised.value.remedy
        other.communicate("")


def test_a_killed_writer_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with hold(path) as other:
        other.kill()
        other.wait()
        with writer_lock(path):
            assert str(os.getpid()) in path.with_suffix(".json").read_text()
    assert not path.with_suffix(".json").exists()


def test_anyone_may_ask_who_writes(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    assert read_writer(path) is None
    with hold(path) as other:
        writer = read_writer(path)
        assert writer is not None
        assert writer.pid == other.pid
        assert f"process {other.pid}" in describe_writer(writer)
        other.kill()
        other.wait()
        assert read_writer(path) is None


def test_the_lock_holds_where_there_is_no_room_to_say_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    path.with_suffix(".json").mkdir()
    with writer_lock(path):
        other = subprocess.run(
            [sys.executable, "-c", _HOLD, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    assert "StoreLockedError" in other.stderr
    with hold(path) as free:
        free.communicate()


def test_a_folder_that_cannot_be_made_is_said() -> None:
    if sys.platform != "linux":
        pytest.skip("/proc is Linux's")
    with (
        pytest.raises(StoreError, match="can't be written") as raised,
        writer_lock(Path("/proc/nowhere/writer.lock")),
    ):
        pass
    assert "LOCALSEARCH_HOME" in raised.value.remedy
