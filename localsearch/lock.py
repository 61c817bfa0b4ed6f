"""One writer at a time: an advisory lock that the system frees when its process dies."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.types import StoreError, StoreFullError, StoreLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def writer_lock(path: Path, *, timeout_s: float = 0.0) -> Iterator[None]:
    """Hold the right to write the index; raises StoreLockedError, which says who has it.

    Raises StoreError where the folder can't be written.
    """
    import filelock

    lock = filelock.FileLock(path, timeout=timeout_s, mode=0o600)
    # Beside the lock, as taking the lock empties its file.
    owner_file = path.with_suffix(".json")
    try:
        private_dir(path.parent)
        lock.acquire()
    except filelock.Timeout as error:
        raise StoreLockedError(
            f"another localsearch is writing the index: {_describe(owner_file)}",
            "Wait for it to finish, or stop it; searching works meanwhile.",
        ) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        # Who it is, is said where there's room to say it.
        with contextlib.suppress(OSError):
            owner = {"pid": os.getpid(), "command": sys.argv[1:3], "since": time.time()}
            owner_file.write_text(json.dumps(owner), encoding="utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            owner_file.unlink(missing_ok=True)
        lock.release()


def _unwritable(path: Path, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFullError(
            f"the disk that holds the index in {path.parent} is full",
            "Free some space and run the command again; what was indexed is kept.",
        )
    return StoreError(
        f"the folder of the index {path.parent} can't be written: {error.strerror or error}",
        "Check its permissions, or have localsearch keep its own files elsewhere:"
        " LOCALSEARCH_HOME=FOLDER",
    )


def _describe(owner_file: Path) -> str:
    try:
        owner = json.loads(owner_file.read_text(encoding="utf-8"))
        minutes = max(0, int((time.time() - float(owner["since"])) / 60))
        since = f"{minutes} min" if minutes else "less than a minute"
        command = " ".join(str(word) for word in owner["command"])
        return f"process {int(owner['pid'])} (`localsearch {command}`), for {since}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its process didn't say who it is"
