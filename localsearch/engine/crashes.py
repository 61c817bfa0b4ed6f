"""Did llama.cpp take a process with it after its probe went well? Told at the next start.

Python's fault handler writes down, at the moment of a crash, by which signal it came and which
functions were running. It costs nothing until then, and a process that's killed writes nothing.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import re
from typing import TYPE_CHECKING

from localsearch.config import private_dir

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths

_REASON = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (.+)$", re.MULTILINE)
# Other native code may crash, too: what ran must have been ours that calls llama.cpp.
_OURS = re.compile(r'File ".*[/\\](?:localsearch[/\\]engine|llama_cpp)[/\\]')
_MOST_BYTES = 100_000


def write_down_crashes(paths: Paths) -> None:
    """Have a crash of this process written down; who has a fault handler of their own keeps it."""
    if faulthandler.is_enabled():
        return
    # Without a place for it, a crash is only not told of.
    with contextlib.suppress(OSError, RuntimeError):
        private_dir(paths.crash_file.parent)
        # At its end, as several processes may have it open; kept open until this one ends.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        faulthandler.enable(os.open(paths.crash_file, flags, 0o600), all_threads=True)


def last_crash(paths: Paths) -> str:
    """How llama.cpp ended a process that nobody has looked into yet; "" where it didn't."""
    said = _read(paths.crash_file)
    reasons = _REASON.findall(said)
    return str(reasons[-1]).strip() if reasons and _OURS.search(said) else ""


def forget_crash(paths: Paths) -> None:
    """It has been looked into."""
    with contextlib.suppress(OSError):
        if paths.crash_file.stat().st_size:
            # Not deleted, as others that run have it open.
            os.truncate(paths.crash_file, 0)


def _read(file: Path) -> str:
    try:
        if not file.stat().st_size:
            return ""
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
