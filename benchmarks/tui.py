"""What the TUI costs: time to the first paint, from key to paint, to leave, and memory.

Each figure is taken from outside, in a pseudo-terminal, as a user's terminal sees it:

    python -m benchmarks.tui [--files 2000] [--keys 120]

Limits: first paint 500 ms; key to paint 50 ms (p95) while indexing runs; leaving 300 ms; 150 MB of
memory before a model is loaded.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import random
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import psutil

_ROWS, _COLUMNS = 40, 120
# None of these letters stands on the screen for any other reason than having been typed.
_LETTERS = "жюэщъыфшчц"
# The first letter of the input's placeholder is under the cursor; this stands on no other line.
_FIRST = "Language"
_APP = "from localsearch.cli import main; main()"
# What no app of Textual can be quicker than: one input, with the same words in it.
_BARE_APP = """
from textual.app import App
from textual.widgets import Input

class Bare(App):
    def compose(self):
        yield Input(placeholder="Search: Language")

Bare().run()
"""
_WORDS = ("tide", "moon", "harbour", "kettle", "orchard", "lantern", "violin", "granite", "ferry")


class Terminal:
    """The app in a pseudo-terminal."""

    def __init__(self, home: Path, app: str = _APP) -> None:
        environment = {
            **os.environ, "LOCALSEARCH_HOME": str(home / "state"), "HOME": str(home),
            "TERM": "xterm-256color", "COLORTERM": "truecolor",
        }  # fmt: skip
        self._main, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self.started_s = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", app],
            stdin=other, stdout=other, stderr=other, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(other)

    def type(self, text: str) -> None:
        """Send keys."""
        os.write(self._main, text.encode())

    def read_until(self, text: str, timeout_s: float = 30.0) -> float:
        """Read what's painted until `text` is; gives `time.perf_counter()` of that moment."""
        wanted, seen = text.encode(), b""
        ends_s = time.perf_counter() + timeout_s
        while wanted not in seen:
            if time.perf_counter() > ends_s:
                raise TimeoutError(f"{text!r} was never painted")
            if select.select([self._main], [], [], 0.2)[0]:
                seen = seen[-4096:] + os.read(self._main, 65536)
        return time.perf_counter()

    def drain(self, quiet_s: float) -> None:
        """Read until nothing has been painted for a while, or for three times as long at most."""
        ends_s = time.perf_counter() + 3 * quiet_s
        while time.perf_counter() < ends_s and select.select([self._main], [], [], quiet_s)[0]:
            os.read(self._main, 65536)

    def leave_ms(self) -> float:
        """Quit; milliseconds until the process is gone."""
        began_s = time.perf_counter()
        self.type("\x11")
        while self.process.poll() is None:
            if select.select([self._main], [], [], 0.002)[0]:
                try:
                    os.read(self._main, 65536)
                except OSError:
                    break
        self.process.wait(10)
        os.close(self._main)
        return (time.perf_counter() - began_s) * 1000


def write_files(folder: Path, number: int) -> None:
    """Notes of a few hundred words each."""
    dice = random.Random(7)
    folder.mkdir(parents=True)
    for each in range(number):
        lines = [" ".join(dice.choices(_WORDS, k=12)) for _ in range(40)]
        (folder / f"note-{each}.md").write_text(f"# Note {each}\n\n" + "\n".join(lines) + "\n")


def cli(home: Path, *arguments: str) -> None:
    """Run a command of the command line."""
    environment = {**os.environ, "LOCALSEARCH_HOME": str(home / "state"), "HOME": str(home)}
    subprocess.run(
        [sys.executable, "-c", _APP, *arguments],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip


def first_paint_ms(home: Path, runs: int, app: str = _APP) -> list[float]:
    """From the start of the process to the painted screen."""
    figures = []
    for _ in range(runs):
        terminal = Terminal(home, app)
        figures.append((terminal.read_until(_FIRST) - terminal.started_s) * 1000)
        terminal.drain(0.3)
        terminal.leave_ms()
    return figures


def key_to_paint_ms(terminal: Terminal, keys: int) -> list[float]:
    """From a key to its letter on the screen, at the pace of a fast typist."""
    figures = []
    dice = random.Random(3)
    for number in range(keys):
        letter = dice.choice(_LETTERS)
        began_s = time.perf_counter()
        terminal.type(letter)
        figures.append((terminal.read_until(letter) - began_s) * 1000)
        terminal.drain(0.03)
        if number % 12 == 11:
            terminal.type("\x15")
            terminal.drain(0.3)
    return figures


def p95(figures: list[float]) -> float:
    """The 95th percentile."""
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * 0.95))]


def report(name: str, figure: float, limit: float, unit: str) -> bool:
    """Print one line; whether the figure is within its limit."""
    good = figure <= limit
    print(f"{name:<44} {figure:8.1f} {unit}   limit {limit:.0f}   {'ok' if good else 'OVER'}")
    return good


def main() -> int:
    """Print the figures; 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--keys", type=int, default=120)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        write_files(home / "few", 20)
        cli(home, "add", str(home / "few"), "--no-index")
        cli(home, "index")
        bare_ms = statistics.median(first_paint_ms(home, given.runs, _BARE_APP))
        print(f"{'first paint of a bare Textual app, median':<44} {bare_ms:8.1f} ms")
        good = report(
            "first paint, median",
            statistics.median(first_paint_ms(home, given.runs)), 500, "ms",
        )  # fmt: skip
        terminal = Terminal(home)
        terminal.read_until(_FIRST)
        terminal.drain(0.5)
        memory = psutil.Process(terminal.process.pid).memory_info().rss / 1e6
        good &= report("memory at rest, no model loaded", memory, 150, "MB")
        good &= report("key to paint at rest, p95", p95(key_to_paint_ms(terminal, 40)), 50, "ms")
        good &= report("leaving at rest", terminal.leave_ms(), 300, "ms")
        write_files(home / "many", given.files)
        cli(home, "add", str(home / "many"), "--no-index")
        terminal = Terminal(home)
        terminal.read_until(_FIRST)
        terminal.read_until("learning meanings", 120)
        figures = key_to_paint_ms(terminal, given.keys)
        print(f"{'key to paint while indexing, median':<44} {statistics.median(figures):8.1f} ms")
        good &= report("key to paint while indexing, p95", p95(figures), 50, "ms")
        good &= report("leaving while indexing and searching", terminal.leave_ms(), 300, "ms")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
