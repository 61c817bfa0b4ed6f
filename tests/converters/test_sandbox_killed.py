"""A process that somebody else ended is no file's fault, and no reason to give up, if it's once."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from converters.sandbox import Sandbox
from localsearch.types import ConversionError, LocalsearchError
from tests.converters import faulty

_ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no signals")


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = faulty.install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(site), str(_ROOT))))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as opened:
        yield opened


def _read(sandbox: Sandbox, path: Path) -> str:
    (document,) = sandbox.convert(str(path), plugins=("await",)).documents
    return document.blocks[0].text


def _kill_next(sandbox: Sandbox, before: int | None, is_due: Callable[[int], bool]) -> int:
    """End the next process of the sandbox once it's due; its id."""
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        pid = sandbox.child_pid
        if pid is not None and pid != before and is_due(pid):
            psutil.Process(pid).kill()
            return pid
        time.sleep(0.001)
    raise AssertionError("no process came")


def _reads(path: Path) -> Callable[[int], bool]:
    def is_open(pid: int) -> bool:
        try:
            return any(each.path == str(path) for each in psutil.Process(pid).open_files())
        except psutil.Error:
            return False

    return is_open


def _as_soon_as_there(_pid: int) -> bool:
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="only there are others' open files told")
@pytest.mark.parametrize("kills", [1, 2])
def test_a_file_is_read_again_once_where_its_process_was_killed(
    tmp_path: Path, pool: ThreadPoolExecutor, kills: int
) -> None:
    path, wanted = tmp_path / "a.await", tmp_path / "wanted"
    path.write_text(str(wanted))
    with Sandbox(timeout_s=120, memory_bytes=1_000_000_000) as sandbox:
        reading: Future[str] = pool.submit(_read, sandbox, path)
        pid: int | None = None
        for _ in range(kills):
            pid = _kill_next(sandbox, pid, _reads(path))
        wanted.touch()
        if kills == 1:
            assert reading.result(120) == "read"
            return
        with pytest.raises(ConversionError, match=r"want of memory \(`localsearch index --full`"):
            reading.result(120)
        assert _read(sandbox, path) == "read"


@pytest.mark.parametrize("files_before", [0, 1])
def test_a_process_that_dies_while_it_starts_is_started_again(
    tmp_path: Path, pool: ThreadPoolExecutor, files_before: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Tomatoes")
    with Sandbox(timeout_s=60, memory_bytes=1_000_000_000, max_files=1) as sandbox:
        for _ in range(files_before):
            assert _read(sandbox, path) == "Tomatoes"
        pid = sandbox.child_pid
        killing = pool.submit(_kill_next, sandbox, pid, _as_soon_as_there)
        assert _read(sandbox, path) == "Tomatoes"
        assert killing.result(60) != sandbox.child_pid


def test_where_none_starts_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts, program = tmp_path / "starts", tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho start >> '{starts}'\nexit 3\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with (
        Sandbox(timeout_s=60, memory_bytes=1_000_000_000) as sandbox,
        pytest.raises(LocalsearchError, match=r"while it started, .*crashed \(exit code 3\)") as e,
    ):
        sandbox.convert(str(tmp_path / "a.txt"))
    assert not isinstance(e.value, ConversionError)
    assert "`localsearch index` goes on" in e.value.remedy
    assert starts.read_text().count("start") == 2
