"""What people see of long work."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

from tests.cli.terminal import in_terminal


def test_the_listing_ends_with_what_it_found() -> None:
    from rich.console import Console
    from rich.progress import Progress as Bars

    from localsearch.cli.output import _Bars
    from localsearch.types import Progress

    bars = Bars(console=Console(file=io.StringIO()))
    show = _Bars(bars)
    show(Progress("scanning", files_done=3000))
    show(Progress("reading", files_done=1, files_total=3195))
    listing, reading = bars.tasks
    assert (listing.completed, listing.total, listing.finished) == (3000, 3000, True)
    assert listing.stop_time is not None
    assert not reading.finished


def test_a_phase_that_is_over_says_so(starter_home: Paths, library: Path) -> None:
    for number in range(60):
        words = " ".join(f"word{number}x{each}" for each in range(200))
        (library / f"{number}.txt").write_text(words)
    with in_terminal(starter_home, "add", str(library)) as terminal:
        terminal.until(b"Embedding")
        assert terminal.end() == 0
    shown = terminal.shown.decode()
    reading = re.findall(r"Reading\s+\S+\s+(\d+)/65", shown[shown.index("Embedding") :])
    assert reading
    assert set(reading) == {"65"}
    # Nothing is counted while the model is loaded, and then that's over.
    assert re.search(r"Preparing the model[━╸╺ ]+0:00:0", shown)
    assert "Preparing" not in shown[shown.index("Embedding") :]
