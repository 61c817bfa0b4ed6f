"""How a model file gets to its place: whole and checked, or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localsearch.config import private_dir
from localsearch.models.installed import ByteProgress
from localsearch.types import CancelledError, ModelError

_BLOCK_BYTES = 1 << 20
# Left free beside a model, so that the index and the system can go on.
_RESERVE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file must be; an empty hash and size 0 mean that it isn't known."""

    sha256: str = ""
    size: int = 0


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raise ModelError when the disk that holds `folder` has no room for that many bytes more."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed_bytes + _RESERVE_BYTES:
        raise ModelError(
            f"not enough room in {folder}: {needed_bytes / 1e6:,.0f} MB are needed, "
            f"{free / 1e6:,.0f} MB are free",
            "Make room there, or let LOCALSEARCH_HOME name a folder on another disk.",
        )


def copy_into_place(
    parts: Sequence[Path],
    target: Path,
    *,
    expected: Expected = Expected(),
    check: Callable[[Path], object] | None = None,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> str:
    """Copy `parts`, one after the other, to `target`, and give back the SHA-256 of the whole.

    The target appears at once and whole, after hash, size and `check` (which is handed the draft)
    agree; on any failure it's left as it was. Raises ModelError, or CancelledError after `cancel`.
    """
    total = sum(part.stat().st_size for part in parts)
    if expected.size and total != expected.size:
        raise _not_as_expected(parts[0], f"it has {total:,} bytes instead of {expected.size:,}")
    require_space(target.parent, total)
    with draft_of(target) as draft:
        digest = _copy(parts, draft, total, progress=progress, cancel=cancel)
        if expected.sha256 and digest != expected.sha256:
            raise _not_as_expected(parts[0], "its SHA-256 is not the one that it must have")
        if check is not None:
            check(draft)
    return digest


@contextmanager
def draft_of(target: Path) -> Iterator[Path]:
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
        raise writing_failed(target, error) from error


def writing_failed(target: Path, error: OSError) -> ModelError:
    """The error to raise when a model can't be read or written, by what the system said."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(
            f"the disk is full: {target} can't be written",
            "Make room there, or let LOCALSEARCH_HOME name a folder on another disk.",
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


def _not_as_expected(source: Path, how: str) -> ModelError:
    return ModelError(
        f"{source} is damaged or another file than its name says: {how}",
        "Fetch it again. To use a file of your own making, give it another name.",
    )
