from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localsearch.config import Paths

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

from tests.cli.terminal import in_terminal


@pytest.fixture
def hangups_ignored() -> Iterator[None]:
    """What's started meanwhile ignores SIGHUP, as under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangups_ignored")
def test_the_app_ends_with_its_terminal_even_when_hangups_are_ignored(home: Paths) -> None:
    with in_terminal(home) as terminal:
        terminal.until(b"localsearch")
        terminal.hang_up()
        terminal.process.wait(30)
