"""What becomes of a damaged database? It's kept, out of the way, and something new begins."""

from __future__ import annotations

import time
from pathlib import Path

from localsearch.types import StoreError

# What SQLite keeps beside a database; it belongs to the damaged one.
_COMPANIONS = ("", "-wal", "-shm")


def set_aside(path: Path) -> Path:
    """Give a damaged database another name, and give that name; nothing of it is deleted.

    Raises StoreError where it can't be renamed.
    """
    name = f"{path.name}.damaged-{time.strftime('%Y-%m-%d')}"
    kept, number = path.with_name(name), 2
    while any(Path(f"{kept}{companion}").exists() for companion in _COMPANIONS):
        kept, number = path.with_name(f"{name}-{number}"), number + 1
    # The database last: as long as it's in its place, somebody may set it aside again.
    for companion in reversed(_COMPANIONS):
        old = Path(f"{path}{companion}")
        try:
            if old.exists():
                old.rename(f"{kept}{companion}")
        except OSError as error:
            raise StoreError(
                f"{path} is damaged and can't be renamed: {error.strerror}",
                "Move it away yourself, and check the permissions of its folder.",
            ) from error
    return kept
