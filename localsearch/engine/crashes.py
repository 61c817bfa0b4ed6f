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

_CRASH = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (.+)$", re.MULTILINE)
_THREAD = re.compile(r"^(Current thread|Thread) 0x.*\n  File (.+)$", re.MULTILINE)
# Other native code may crash, too: what a thread was in must have been ours that calls llama.cpp.
_OURS = re.compile(r'".*[/\\](?:localsearch[/\\]engine|llama_cpp)[/\\]')
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
    # What stands before the first, then for each crash its reason and its threads.
    _, *told = _CRASH.split(_read(paths.crash_file))
    crashes = list(zip(told[::2], told[1::2], strict=True))
    return next((reason.strip() for reason, where in reversed(crashes) if _is_ours(where)), "")


def _is_ours(where: str) -> bool:
    """Whether a call into llama.cpp crashed, told by the innermost function of each thread.

    Its own threads run no Python, so that none is the current one where one of them crashed: then
    it's whether any was in such a call.
    """
    innermost = _THREAD.findall(where)
    current = [line for thread, line in innermost if thread == "Current thread"]
    return any(_OURS.match(line) for line in current or [line for _, line in innermost])


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
            # The last ones stand at its end.
            stream.seek(max(0, file.stat().st_size - _MOST_BYTES))
            return stream.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
