from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import PROGRAM, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localsearch.config import Paths

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture
def hangups_ignored() -> Iterator[None]:
    """What's started meanwhile ignores SIGHUP, as under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangups_ignored")
def test_the_app_ends_with_its_terminal_even_when_hangups_are_ignored(home: Paths) -> None:
    ours, its = os.openpty()
    with subprocess.Popen(
        [PROGRAM],
        env={**environment(home), "TERM": "xterm-256color"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    ) as process:
        try:
            os.close(its)
            painted = b""
            while b"localsearch" not in painted.lower():
                ready, _, _ = select.select([ours], [], [], 60)
                assert ready, painted
                painted += os.read(ours, 65536)
            os.close(ours)
            process.wait(30)
        finally:
            process.kill()
