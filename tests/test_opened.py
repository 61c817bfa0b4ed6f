from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from localsearch import config
from localsearch.api import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def opened(home: config.Paths, library: Path) -> Iterator[Index]:
    with Index(home, config.Settings()) as index:
        index.add_roots([str(library)])
        yield index


def _open_files() -> int:
    return len(psutil.Process().open_files())


def test_threads_that_end_leave_nothing_open(opened: Index) -> None:
    def look_from_another_thread() -> None:
        thread = threading.Thread(target=opened.status)
        thread.start()
        thread.join()

    opened.status()
    # SQLite keeps one file open for the next connection.
    look_from_another_thread()
    before = _open_files()
    for _ in range(5):
        look_from_another_thread()
        assert _open_files() == before


def test_closing_closes_what_all_threads_opened(opened: Index) -> None:
    before = _open_files()
    done, leave = threading.Event(), threading.Event()

    def look() -> None:
        opened.status()
        done.set()
        leave.wait()

    thread = threading.Thread(target=look)
    thread.start()
    done.wait()
    opened.status()
    assert _open_files() > before
    opened.close()
    assert _open_files() <= before
    leave.set()
    thread.join()
