"""Runs the program in a terminal, as a user does who types and looks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import termios
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.cli.program import PROGRAM, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from localsearch.config import Paths

_ROWS, _COLUMNS = 30, 100
_TIMEOUT_S = 60


class Terminal:
    """A pseudo-terminal with the program in it."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self.process = process
        self._ours = ours
        self.shown = b""

    def until(self, text: bytes) -> None:
        """Read on until this was shown."""
        while text not in self.shown:
            ready, _, _ = select.select([self._ours], [], [], _TIMEOUT_S)
            assert ready, self.shown
            self.shown += os.read(self._ours, 65536)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def end(self) -> int:
        """Read what's still shown until the program ends, and give its exit code."""
        # Linux says EIO once nobody holds the other side.
        with contextlib.suppress(OSError):
            while data := os.read(self._ours, 65536):
                self.shown += data
        return self.process.wait(_TIMEOUT_S)

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        if self._ours >= 0:
            self.hang_up()


def _take_control() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def in_terminal(
    paths: Paths | Path,
    *arguments: str,
    shell: str = "",
    extra: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Terminal]:
    """Start the program (or a shell) in a terminal of its own, with `extra` in its environment."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    with subprocess.Popen(
        [shell or PROGRAM, *arguments],
        env={**environment(paths), "TERM": "xterm-256color", **extra},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        # Shells want to be in control of theirs.
        preexec_fn=_take_control if shell else None,  # noqa: PLW1509 (nothing else runs there)
    ) as process:
        os.close(its)
        terminal = Terminal(process, ours)
        try:
            yield terminal
        finally:
            terminal.close()
