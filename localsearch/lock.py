"""One writer at a time: an advisory lock that the system frees when its process dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.terminal import without_raw_bytes
from localsearch.types import StoreError, StoreFullError, StoreLockedError, WriterState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def writer_lock(path: Path, *, timeout_s: float = 0.0) -> Iterator[None]:
    """Hold the right to write the index; raises StoreLockedError, which says who has it.

    Raises StoreError where the folder can't be written.
    """
    import filelock
    import msgspec

    lock = filelock.FileLock(path, timeout=timeout_s, mode=0o600)
    state_file = _state_file(path)
    try:
        private_dir(path.parent)
        lock.acquire()
    except filelock.Timeout as error:
        raise StoreLockedError(
            f"another localsearch is writing the index: {_describe(path)}",
            "Wait for it to finish, or stop it; searching works meanwhile.",
        ) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        # Who it is, is said where there's room to say it.
        with contextlib.suppress(OSError):
            command = tuple(without_raw_bytes(word) for word in sys.argv[1:3])
            state_file.write_bytes(
                msgspec.json.encode(WriterState(os.getpid(), command, time.time()))
            )
        yield
    finally:
        with contextlib.suppress(OSError):
            state_file.unlink(missing_ok=True)
        lock.release()


def read_writer(path: Path) -> WriterState | None:
    """Who holds the lock; None where nobody does, or it didn't say."""
    import msgspec
    import psutil

    try:
        state = msgspec.json.decode(_state_file(path).read_bytes(), type=WriterState)
    except (OSError, msgspec.MsgspecError):
        return None
    # One that was killed couldn't take back what it said.
    return state if psutil.pid_exists(state.pid) else None


def describe_writer(writer: WriterState) -> str:
    """Which process it is, what it was told to do, and for how long it has been at it."""
    minutes = max(0, int((time.time() - writer.since_s) / 60))
    since = f"{minutes} min" if minutes else "less than a minute"
    command = " ".join(("localsearch", *writer.command))
    return f"process {writer.pid} (`{command}`), for {since}"


def _state_file(path: Path) -> Path:
    # Beside the lock, as taking the lock empties its file.
    return path.with_suffix(".json")


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


def _describe(path: Path) -> str:
    writer = read_writer(path)
    return describe_writer(writer) if writer else "its process didn't say who it is"
