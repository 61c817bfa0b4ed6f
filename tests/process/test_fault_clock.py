"""The clock is set back and forward under a running watcher: nothing is missed, nobody is fooled.

The machine's own clock is everybody's, so the program gets one of its own: a small library that's
loaded before the system's adds an offset, which the test changes meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import run
from tests.process.test_watch_process import Watching

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index

_DAY_S = 86_400
_SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long *offset_s;

__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("CLOCK_OFFSET"), O_RDONLY);
    void *page = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) offset_s = page;
    close(file);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME && offset_s) now->tv_sec += *offset_s;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    int result = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return result;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="takes Linux and a C compiler"
)


class Clock:
    """The clock of all programs that are started from now on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source, library = folder / "clock.c", folder / "clock.so"
        source.write_text(_SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
        self._file = folder / "offset"
        self.offset_s = 0
        self.set(0)
        monkeypatch.setenv("CLOCK_OFFSET", str(self._file))
        monkeypatch.setenv("LD_PRELOAD", str(library))

    def set(self, offset_s: int) -> None:
        """Have it differ so much from the machine's."""
        self.offset_s = offset_s
        with open(self._file, "r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("l", offset_s))

    def write(self, path: Path, text: str) -> None:
        """Write a file, at the time that it is by this clock."""
        path.write_text(text)
        now_s = time.time() + self.offset_s
        os.utime(path, (now_s, now_s))


def test_a_clock_that_is_set_back_and_forward(
    filled: Index, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(tmp_path, monkeypatch)
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        capture_output=True,
        check=True,
    )
    assert abs(float(told.stdout) - time.time()) < 60
    watching = Watching(filled, tmp_path / "watch.log")
    try:
        for number, offset_s in enumerate((-3 * _DAY_S, -400 * _DAY_S, 30 * _DAY_S, -_DAY_S, 0)):
            clock.set(offset_s)
            clock.write(library / "new.txt", f"walnut{number}")
            watching.until(partial(watching.finds, f"walnut{number}"))
            assert number == 0 or not watching.finds(f"walnut{number - 1}")
            watching.until(lambda: is_running(filled))
        state = watching.state
        assert state is not None
        # An edit and, where the clock went forward, a look at everything: no storm.
        assert state.passes <= 1 + 2 * 5
    finally:
        assert watching.end() == 0
    assert "Traceback" not in watching.log.read_text()


def is_running(index: Index) -> bool:
    """Whether `status` knows of the watcher."""
    return bool(json.loads(run(index.paths, "status", "--json").stdout)["service"]["running"])
