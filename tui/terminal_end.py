"""Is the terminal that the app runs in still there?"""

from __future__ import annotations

import contextlib
import errno
import sys


def terminal_is_gone() -> bool:
    """Whether the terminal was closed: with SIGHUP ignored, nothing else tells the app of it.

    Reading from it would end at once, over and over, and keep a core busy for good.
    """
    # Windows has no termios, and ends what runs in a window that's closed.
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        import termios

        if sys.__stdin__ is None:
            return False
        try:
            termios.tcgetattr(sys.__stdin__.fileno())
        except termios.error as error:
            return bool(error.args and error.args[0] == errno.EIO)
    return False
