"""Which folders a person may want indexed, and how much the index would read in them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

    from tui.backend import Backend
    from tui.lanes import Emit

_TELL_EVERY_S = 0.15
# Where people keep what they write, beside the folders that the system names.
_USUAL_NAMES = (
    "Notes", "notes", "Obsidian", "Zotero", "Papers", "Projects", "projects", "src", "code",
    "Code", "dev", "Developer", "Mail", "Dropbox", "Nextcloud", "OneDrive",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FolderSize:
    """What has been counted in a folder so far; `done` when that's all."""

    path: str
    files: int
    size: int
    done: bool = False


def suggested_folders(current: str | None = None) -> tuple[str, ...]:
    """Folders of this user that are there, the likeliest first, none inside another."""
    import platformdirs

    candidates = [
        current,
        platformdirs.user_documents_dir(),
        platformdirs.user_desktop_dir(),
        platformdirs.user_downloads_dir(),
        *(os.path.join(home_folder(), name) for name in _USUAL_NAMES),
    ]
    found: dict[str, None] = {}
    for candidate in candidates:
        # A system without such folders names the home folder in their place.
        if candidate and os.path.isdir(candidate) and os.path.realpath(candidate) != home_folder():
            found.setdefault(os.path.realpath(candidate))
    return tuple(outermost(found))


def folders_at_hand() -> tuple[str, ...]:
    """For who has none of the usual ones: the working directory, if it's below home, and home."""
    with contextlib.suppress(OSError):  # It may be gone.
        here = os.path.realpath(os.curdir)
        if here.startswith(home_folder() + os.sep):
            return (here, home_folder())
    return (home_folder(),)


def outermost(folders: Iterable[str]) -> list[str]:
    """Those that lie in no other of them."""
    paths = list(folders)
    return [
        path
        for path in paths
        if not any(path != other and path.startswith(other + os.sep) for other in paths)
    ]


def home_folder() -> str:
    """The user's own, as the index names it."""
    return os.path.realpath(os.path.expanduser("~"))


def measure(
    backend: Backend,
    folders: Iterable[str],
    cancel: threading.Event,
    emit: Emit[FolderSize],
) -> None:
    """Count what the index would take up, by its own rules, telling the sums as they grow."""
    from localsearch.scanning.scan import scan_roots

    for folder in folders:
        files = size = 0
        told_s = time.monotonic()
        scan = scan_roots(
            [folder],
            backend.settings.index,
            paths=backend.paths,
            cancel=cancel,
        )
        for found in scan:
            files += 1
            size += found.size if found.disposition == "read" else 0
            if files % 64 == 0 and time.monotonic() - told_s > _TELL_EVERY_S:
                told_s = time.monotonic()
                emit(FolderSize(folder, files, size))
        emit(FolderSize(folder, files, size, done=True))
