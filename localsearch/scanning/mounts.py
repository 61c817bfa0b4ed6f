"""Which volumes are mounted where the user's folders are, and do they answer?

Device numbers don't tell: a volume may come back under another, and a folder that's mounted in a
second place has the same in both. A network drive whose server is gone answers nothing at all, not
even that it's gone, so whoever asks it waits for ever.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localsearch.scanning.folder_rules import with_separator

if TYPE_CHECKING:
    from collections.abc import Iterable

# What other machines change there, the kernel doesn't hear of.
NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone"}
    | {"fuse.glusterfs", "fuse.s3fs", "davfs", "fuse.davfs2", "afpfs", "webdav", "vboxsf"}
)
_PATIENCE_S = 5.0
# Those who still wait for an answer, by the folder that they asked.
_asking: dict[str, threading.Thread] = {}


@dataclass(frozen=True, slots=True)
class Volumes:
    """Mount points that hold a root or lie in one, and folders that don't answer.

    `missing` are mount points that held files and aren't there, or don't answer.
    """

    mounted: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()


def volumes_around(roots: Iterable[str], known: Iterable[str] = ()) -> Volumes:
    """How it stands with the volumes of these roots, where `known` mount points held files."""
    roots = list(roots)
    points = _mount_points()
    silent = silent_folders(roots, points)
    folders = [with_separator(real_path(root, silent)) for root in roots]
    mounted = frozenset(
        point
        for point in points
        if point
        and any(folder.startswith(point + os.sep) or point.startswith(folder) for folder in folders)
    )
    within = {point for point in mounted if any(point.startswith(each) for each in folders)}
    silent |= silent_folders(within, points)
    return Volumes(mounted, frozenset(known) - mounted | silent, silent)


def silent_folders(folders: Iterable[str], points: dict[str, str] | None = None) -> frozenset[str]:
    """Those of these folders whose volumes don't answer in a few seconds."""
    points = _mount_points() if points is None else points
    asked = {folder for folder in folders if _may_be_silent(folder, points)}
    # Who waits already needn't be joined by others.
    silent = {folder for folder in asked if folder in _asking and _asking[folder].is_alive()}
    for folder in asked - silent:
        _asking[folder] = threading.Thread(target=_ask, args=(folder,), daemon=True)
        _asking[folder].start()
    give_up_s = time.monotonic() + _PATIENCE_S
    for folder in asked - silent:
        _asking[folder].join(max(0.0, give_up_s - time.monotonic()))
        if _asking[folder].is_alive():
            silent.add(folder)
    return frozenset(silent)


def real_path(folder: str, silent: frozenset[str]) -> str:
    """The folder with links resolved, which takes asking its volume, or itself if that's silent."""
    return folder if folder in silent else os.path.realpath(folder)


def filesystem_of(path: str, points: dict[str, str] | None = None) -> str:
    """The type of the file system that holds a path, "" when it can't be told."""
    points = _mount_points() if points is None else points
    holding = [point for point in points if (path + os.sep).startswith(point + os.sep)]
    return points[max(holding, key=len)] if holding else ""


def _mount_points() -> dict[str, str]:
    """Mount points without a separator at the end, with the types of their file systems."""
    import psutil

    # The last one mounted in a place hides the others.
    return {
        each.mountpoint.rstrip(os.sep): each.fstype.lower()
        for each in psutil.disk_partitions(all=True)
    }


def _may_be_silent(folder: str, points: dict[str, str]) -> bool:
    kind = filesystem_of(folder, points)
    return kind in NETWORK_TYPES or kind.startswith(("fuse", "autofs"))


def _ask(folder: str) -> None:
    # Any answer will do, that there's no such folder included.
    with contextlib.suppress(OSError):
        os.scandir(folder).close()
