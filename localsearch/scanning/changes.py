"""What changed between what the index knows of the files and what a scan found?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from localsearch.types import FileRef, KnownFile

if TYPE_CHECKING:
    from localsearch.scanning.scan import Scan

_TOO_LARGE = 1 << 63
IN_THE_CLOUD = "in the cloud, not on this machine"


class ScannedFile(NamedTuple):
    """A file that the index should know; `reason` says why its content is never read, or is "".

    A named tuple for its speed: there is one for every file at every rescan.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int
    reason: str = ""

    @property
    def ref(self) -> FileRef:
        """The file as the other rooms know it."""
        return FileRef(self.path, self.size, self.mtime_ns, self.inode, self.device)

    @property
    def disposition(self) -> Literal["read", "name_only"]:
        """Whether its content is read, or it's found by its name alone."""
        return "name_only" if self.reason else "read"


def scanned_file(path: str, status: os.stat_result, reason: str = "") -> ScannedFile:
    """A file as the file system describes it, in numbers that SQLite can hold.

    FUSE and Windows number files beyond 63 bits, and times may be set to any year.
    """
    return ScannedFile(
        path,
        status.st_size,
        max(-_TOO_LARGE, min(status.st_mtime_ns, _TOO_LARGE - 1)),
        _signed(status.st_ino),
        _signed(status.st_dev),
        reason,
    )


def _signed(number: int) -> int:
    """The number, or the negative one of the same lowest 64 bits."""
    return (number + _TOO_LARGE) % (2 * _TOO_LARGE) - _TOO_LARGE


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scan found against what was known; `moved` pairs the old path with the file.

    `same` are unchanged files, too: those that the scan itself recognised, if it was given `known`.
    """

    new: list[ScannedFile]
    changed: list[ScannedFile]
    unchanged: list[ScannedFile]
    moved: list[tuple[str, ScannedFile]]
    vanished: list[str]
    same: list[KnownFile]


def compare(scanned: Iterable[ScannedFile], known: Mapping[str, KnownFile], scan: Scan) -> Changes:
    """Sort what `scanned` yields (the whole of `scan`) by what became of it since `known`."""
    new: list[ScannedFile] = []
    changed: list[ScannedFile] = []
    unchanged: list[ScannedFile] = []
    for found in scanned:
        path, size, mtime_ns, inode, device, reason = found
        file = known.get(path)
        if file is None:
            new.append(found)
        elif (
            file.mtime_ns == mtime_ns
            and file.size == size
            # A volume that's back under another device number may number its files anew, too.
            and (file.inode == inode or file.device != device)
            and ((not reason and file.state != "name_only") or _same_disposition(file, reason))
        ):
            unchanged.append(found)
        else:
            changed.append(found)
    missing: list[KnownFile] = []
    if len(changed) + len(unchanged) + len(scan.same) < len(known):
        met = {found.path for found in (*changed, *unchanged)}
        met.update(file.path for file in scan.same)
        missing = [
            file
            for path, file in known.items()
            if path not in met and not scan.may_still_exist(file)
        ]
    moved, new = _moves(missing, new)
    old_paths = {old_path for old_path, _ in moved}
    vanished = [file.path for file in missing if file.path not in old_paths]
    return Changes(new, changed, unchanged, moved, vanished, scan.same)


def renumbered(unchanged: Iterable[ScannedFile], known: Mapping[str, KnownFile]) -> list[FileRef]:
    """The unchanged files whose volume came back under other numbers."""
    return [
        found.ref
        for found in unchanged
        if (found.device, found.inode) != (known[found.path].device, known[found.path].inode)
    ]


def _same_disposition(file: KnownFile, reason: str) -> bool:
    # A content that turned out to hold no text was read, so its chunker is noted.
    if not reason:
        return bool(file.chunker)
    # What was read before its content went to the cloud, and hasn't changed, is still right.
    return file.state == "name_only" or (reason == IN_THE_CLOUD and file.state == "indexed")


def _moves(
    missing: Iterable[KnownFile], new: Sequence[ScannedFile]
) -> tuple[list[tuple[str, ScannedFile]], list[ScannedFile]]:
    """Pair each new file with the missing one of the same inode, size and time, if there's one."""
    by_identity = {
        (file.device, file.inode, file.size, file.mtime_ns): file
        for file in missing
        if file.inode and file.state == "indexed"
    }
    moved: list[tuple[str, ScannedFile]] = []
    others: list[ScannedFile] = []
    for found in new:
        identity = (found.device, found.inode, found.size, found.mtime_ns)
        file = None if found.reason else by_identity.pop(identity, None)
        if file is None or not _are_read_alike(file.path, found.path):
            others.append(found)
        else:
            moved.append((file.path, found))
    return moved, others


def _are_read_alike(path: str, other: str) -> bool:
    """Whether both names stand for the same converter; else what was moved is read anew."""
    from converters.registry import fingerprint_for

    old, new = Path(path), Path(other)
    if old.name == new.name:
        return True
    # A Makefile has no suffix, as a letter may have none.
    return old.suffix == new.suffix and fingerprint_for(path) == fingerprint_for(other)
