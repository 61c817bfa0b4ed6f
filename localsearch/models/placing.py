"""How a model file gets to its place: whole and checked, or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localsearch.config import nearest_existing, private_dir
from localsearch.models.installed import ByteProgress
from localsearch.types import CancelledError, ModelError

_BLOCK_BYTES = 1 << 20
# Left free beside a model, so that the index and the system can go on.
_RESERVE_BYTES = 200_000_000
_MORE_ROOM = "Make room there, or let LOCALSEARCH_HOME name a folder on another disk."
_FETCH_AGAIN = "Fetch it again. To use a file of your own making, give it another name."


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file must be, and what to do when it isn't; "" and size 0 mean "isn't known"."""

    sha256: str = ""
    size: int = 0
    remedy: str = _FETCH_AGAIN


def require_space(folder: Path, needed_bytes: int, *, remedy: str = _MORE_ROOM) -> None:
    """Raise ModelError when the disk that holds `folder` has no room for that many bytes more."""
    free = shutil.disk_usage(nearest_existing(folder)).free
    if free < needed_bytes + _RESERVE_BYTES:
        model, spare = math.ceil(needed_bytes / 1e6), _RESERVE_BYTES // 1_000_000
        raise ModelError(
            f"not enough room in {folder}: {math.floor(free / 1e6):,} MB are free,"
            f" {model + spare:,} MB are needed ({model:,} for the model, and {spare} to spare for"
            " the index and the system)",
            remedy,
        )


def copy_into_place(
    parts: Sequence[Path],
    target: Path,
    *,
    expected: Expected = Expected(),
    check: Callable[[Path], object] | None = None,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
    no_room: str = _MORE_ROOM,
) -> str:
    """Copy `parts`, one after the other, to `target`, and give back the SHA-256 of the whole.

    The target appears at once and whole, after hash, size and `check` (which is handed the draft)
    agree; on any failure it's left as it was. Raises ModelError, with `no_room` for the remedy when
    the disk is full, or CancelledError after `cancel`.
    """
    total = sum(part.stat().st_size for part in parts)
    if expected.size and total != expected.size:
        how = f"it has {total:,} bytes instead of {expected.size:,}"
        raise not_as_expected(parts[0], how, expected)
    require_space(target.parent, total, remedy=no_room)
    with draft_of(target, no_room=no_room) as draft:
        digest = _copy(parts, draft, total, progress=progress, cancel=cancel)
        if expected.sha256 and digest != expected.sha256:
            how = "its SHA-256 is not the one that it must have"
            raise not_as_expected(parts[0], how, expected)
        if check is not None:
            check(draft)
    return digest


@contextmanager
def draft_of(target: Path, *, no_room: str = _MORE_ROOM) -> Iterator[Path]:
    """A path beside `target` to write to; the draft takes its place when the block ends well.

    Raises ModelError when the system refuses to write.
    """
    import psutil

    try:
        private_dir(target.parent)
        for other in target.parent.glob(f".{glob.escape(target.name)}.*.new*"):
            # Left by a program that was killed; its process id is in the name.
            owner = other.name.partition(target.name + ".")[2].partition(".")[0]
            if owner.isdecimal() and not psutil.pid_exists(int(owner)):
                other.unlink(missing_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}.new")
        try:
            yield draft
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise writing_failed(target, error, no_room=no_room) from error


def writing_failed(target: Path, error: OSError, *, no_room: str = _MORE_ROOM) -> ModelError:
    """The error to raise when a model can't be read or written, by what the system said."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(
            f"the disk is full: {target} can't be written",
            no_room,
        )
    if error.errno == errno.EFBIG:
        return ModelError(
            f"the file system there takes no file as large as {target.name}",
            "FAT32, which many sticks have, ends at 4 GB: use one that's formatted as exFAT.",
        )
    return ModelError(
        f"{error.filename or target} can't be copied: {error.strerror or error}",
        "Check that the file and the folder are there and may be used by you.",
    )


def _copy(
    parts: Sequence[Path],
    draft: Path,
    total: int,
    *,
    progress: ByteProgress | None,
    cancel: threading.Event | None,
) -> str:
    digest = hashlib.sha256()
    done = 0
    with draft.open("wb") as out:
        for part in parts:
            with part.open("rb") as stream:
                while block := stream.read(_BLOCK_BYTES):
                    if cancel is not None and cancel.is_set():
                        raise CancelledError
                    out.write(block)
                    digest.update(block)
                    done += len(block)
                    if progress is not None:
                        progress(done, total)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def not_as_expected(source: Path, how: str, expected: Expected) -> ModelError:
    """The error to raise when a file isn't the one that it must be; `how` says by what."""
    return ModelError(
        f"{source} is damaged or another file than its name says: {how}", expected.remedy
    )
