"""`localsearch FOLDER`: asks before it adds one, and is there at once."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import run

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

from tests.cli.terminal import in_terminal

_ALTERNATE_SCREEN = b"\x1b[?1049h"
_CTRL_Q = b"\x11"


def test_a_folder_that_is_agreed_to_is_read_while_the_search_screen_is_open(
    starter_home: Paths, library: Path
) -> None:
    with in_terminal(starter_home, str(library)) as terminal:
        terminal.until(b"[y/N]")
        assert run(starter_home, "status").returncode == 3
        terminal.type(b"y\n")
        terminal.until(_ALTERNATE_SCREEN)
        assert b"Embedding" not in terminal.shown
        terminal.until(b"5 files")
        terminal.type(_CTRL_Q)
        assert terminal.end() == 0
    status = json.loads(run(starter_home, "status", "--json").stdout)
    assert [root["path"] for root in status["roots"]] == [str(library)]


def test_nothing_is_added_without_a_yes(starter_home: Paths, library: Path) -> None:
    with in_terminal(starter_home, str(library)) as terminal:
        terminal.until(b"[y/N]")
        terminal.type(b"\n")
        assert terminal.end() == 3
    assert b"localsearch add" in terminal.shown
    assert _ALTERNATE_SCREEN not in terminal.shown
    assert run(starter_home, "status").returncode == 3
