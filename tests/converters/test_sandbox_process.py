"""A converting process leaves nothing behind, and says of each file only what's its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Thread

import psutil
import pytest

from converters.sandbox_process import ConvertingProcess, ProcessFailedError
from converters.sandbox_wire import Request
from localsearch.types import LocalsearchError
from tests.converters import faulty

_ROOT = Path(__file__).parents[2]
_MEMORY_BYTES = 1_000_000_000


def _request(path: Path, number: int, *plugins: str) -> Request:
    return Request(os.fsencode(path), 1000, False, plugins, 30.0, 60, number)


@pytest.mark.skipif(sys.platform == "win32", reason="it counts no descriptors")
@pytest.mark.parametrize("first", ["sandbox replies", "sandbox watch"])
def test_nothing_is_left_where_no_thread_can_be_started(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Thread.start
    started: list[Thread] = []

    def start_some(thread: Thread) -> None:
        if thread.name == first:
            # As Python says it when the system has no more.
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(Thread, "start", start_some)
    here = psutil.Process()
    children, descriptors = here.children(), here.num_fds()
    with pytest.raises(LocalsearchError, match="can't start new thread"):
        ConvertingProcess(_MEMORY_BYTES, ocr=False)
    for thread in started:
        thread.join()
    assert (here.children(), here.num_fds()) == (children, descriptors)


def test_an_answer_comes_to_its_own_question(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Tomatoes")
    process = ConvertingProcess(_MEMORY_BYTES, ocr=False)
    try:
        process.wait_until_ready()
        for number in (7, 8):
            process.send(_request(path, number), 1_000_000, 60.0)
        assert process.receive(7, 60.0).outcome == "converted"
        with pytest.raises(ProcessFailedError, match="another file"):
            process.receive(9, 60.0)
    finally:
        process.kill()


def test_what_it_was_ended_over_is_said_of_that_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = faulty.install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(site), str(_ROOT))))
    path = tmp_path / "a.loop"
    path.write_text("without end")
    process = ConvertingProcess(_MEMORY_BYTES, ocr=False)
    try:
        process.wait_until_ready()
        process.send(_request(path, 7, "loop"), 1_000_000, 0.1)
        # As where the answer for that one came in the moment before the end.
        with pytest.raises(ProcessFailedError, match="over another file"):
            process.receive(8, 60.0)
    finally:
        process.kill()
