"""One writer at a time: an advisory lock that the system frees when its process dies."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.types import StoreLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def writer_lock(path: Path, *, timeout_s: float = 0.0) -> Iterator[None]:
    """Hold the right to write the index; raises StoreLockedError, which says who has it."""
    import filelock

    private_dir(path.parent)
    lock = filelock.FileLock(path, timeout=timeout_s, mode=0o600)
    # Beside the lock, as taking the lock empties its file.
    owner_file = path.with_suffix(".json")
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise StoreLockedError(
            f"another localsearch is writing the index: {_describe(owner_file)}",
            "Wait for it to finish, or stop it; searching works meanwhile.",
        ) from error
    try:
        owner = {"pid": os.getpid(), "command": sys.argv[1:3], "since": time.time()}
        owner_file.write_text(json.dumps(owner), encoding="utf-8")
        yield
    finally:
        owner_file.unlink(missing_ok=True)
        lock.release()


def _describe(owner_file: Path) -> str:
    try:
        owner = json.loads(owner_file.read_text(encoding="utf-8"))
        minutes = max(0, int((time.time() - float(owner["since"])) / 60))
        since = f"{minutes} min" if minutes else "less than a minute"
        command = " ".join(str(word) for word in owner["command"])
        return f"process {int(owner['pid'])} (`localsearch {command}`), for {since}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its process didn't say who it is"
