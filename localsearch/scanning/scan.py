"""Which files are there, in the folders that the user named?"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from localsearch.config import IndexSettings, Paths
from localsearch.scanning.changes import IN_THE_CLOUD, Changes, ScannedFile, compare, scanned_file
from localsearch.scanning.cloud import SF_DATALESS, is_placeholder
from localsearch.scanning.folder_rules import FolderRules, with_separator
from localsearch.scanning.ignore import IgnoreRules
from localsearch.scanning.listing import listed
from localsearch.scanning.mounts import Volumes, real_path
from localsearch.types import CancelledError, Failure, KnownFile, KnownFiles

__all__ = ["IN_THE_CLOUD", "Changes", "Scan", "ScannedFile", "compare", "scan_roots"]

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})
NO_VOLUMES = Volumes()
_MARKS_PLACEHOLDERS = sys.platform in ("darwin", "win32")

# A folder to walk, the rules above it, and whether one of them took it back by its name.
_Folder = tuple[str, FolderRules | None, bool]


class Scan:
    """One walk over the roots: iterate for the files, then ask what couldn't be seen."""

    def __init__(
        self,
        roots: Sequence[str],
        settings: IndexSettings,
        *,
        paths: Paths | None,
        cancel: threading.Event | None,
        within: Sequence[str] = (),
        known: KnownFiles | None = None,
        volumes: Volumes = NO_VOLUMES,
    ) -> None:
        self._cancel = cancel
        self._max_file_bytes = settings.max_file_bytes
        self._silent = volumes.silent
        self._given = {root: real_path(root, volumes.silent) for root in roots}
        # Of what is looked at alone, nothing may be left: that's not the whole.
        self._is_whole = not within
        self._within = [
            place
            for path in within
            if not any(with_separator(path).startswith(each + os.sep) for each in volumes.silent)
            and (place := self._place(path))
        ]
        self._rules = IgnoreRules(list(self._given.values()), settings, paths=paths)
        self._known = KnownFiles() if known is None else known
        self.same: list[KnownFile] = []
        """Files met that are as `known` has them; they aren't yielded."""
        self._seen_roots: set[str] = set()
        self._unreadable: dict[str, str] = {}
        self._empty_folders: dict[str, int] = {}
        self._missing = volumes.missing
        self._offline = {
            root: "doesn't answer" if root in volumes.silent else "isn't mounted"
            for root in self._given.values()
            if any(with_separator(root).startswith(each + os.sep) for each in volumes.missing)
        }
        self.out_of_reach: set[str] = set()
        """Known files that can't be found now but aren't gone; complete after `compare`."""

    def _place(self, path: str) -> str:
        """Where a path of a root really is; "" behind a link, where the walk never comes.

        Links in a root aren't resolved: what they point to has a place of its own.
        """
        for given, real in sorted(self._given.items(), key=lambda each: len(each[0]), reverse=True):
            for root in (given, real):
                if path == root:
                    return real
                if path.startswith(with_separator(root)):
                    place = os.path.join(real, path[len(with_separator(root)) :])
                    folder = os.path.dirname(place)
                    same = os.path.normcase(os.path.realpath(folder)) == os.path.normcase(folder)
                    return place if same else ""
        return os.path.realpath(path)

    @property
    def offline_roots(self) -> tuple[str, ...]:
        """The roots, as they were given, that can't be found now; complete after `compare`."""
        return tuple(given for given, real in self._given.items() if real in self._offline)

    @property
    def offline_reasons(self) -> dict[str, str]:
        """What's wrong with each of them, in the words of a sentence about it."""
        return {
            given: self._offline[real]
            for given, real in self._given.items()
            if real in self._offline
        }

    @property
    def unreadable(self) -> tuple[Failure, ...]:
        """Folders and files that couldn't be looked at; what's known of them still holds."""
        return tuple(Failure(path, reason) for path, reason in self._unreadable.items())

    def __iter__(self) -> Iterator[ScannedFile]:
        """Walk; raises CancelledError when `cancel` is set."""
        for files in self._by_folder():
            yield from files

    def _by_folder(self) -> Iterator[list[ScannedFile]]:
        # The outermost first, so that a root inside another is walked once.
        for root in sorted(set(self._given.values()), key=len):
            if root in self._silent:
                continue
            if not os.path.lexists(root):
                self._offline.setdefault(root, "can't be found")
            elif self._is_whole and root not in self._seen_roots:
                yield from self._start(root)
        walked: list[str] = []
        roots = frozenset(self._given.values())
        for path in sorted(set(self._within), key=len):
            for start in (path, *self._roots_inside(path)):
                inside = with_separator(start)
                covered = start not in roots and any(inside.startswith(each) for each in walked)
                if covered or start in self._seen_roots:
                    continue
                if self._rules.is_ignored(start, os.path.isdir(start)) is None:
                    walked.append(inside)
                    yield from self._start(start)

    def _roots_inside(self, path: str) -> list[str]:
        """Roots further in: they may lie in what the rules of the outer ones leave out."""
        inside = with_separator(path)
        found = {root for root in self._given.values() if root.startswith(inside)}
        return sorted(found - {path, *self._silent}, key=len)

    def _start(self, path: str) -> Iterator[list[ScannedFile]]:
        try:
            status = os.lstat(path)
        except OSError as error:
            self._note(path, error)
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._walk(path)
        elif stat.S_ISREG(status.st_mode):
            yield [self._described(path, status)]

    def _walk(self, top: str) -> Iterator[list[ScannedFile]]:
        folders: list[_Folder] = [(top, self._rules.above(top), True)]
        roots = frozenset(self._given.values())
        while folders:
            if self._cancel is not None and self._cancel.is_set():
                raise CancelledError("the scan was stopped")
            path, above, kept = folders.pop()
            if path in self._silent:
                continue
            if path in roots:
                self._seen_roots.add(path)
                kept = True
            files, subfolders = self._look_into(path, above, kept)
            yield files
            folders += subfolders

    def _look_into(
        self, path: str, above: FolderRules | None, kept: bool
    ) -> tuple[list[ScannedFile], list[_Folder]]:
        """The files of one folder, and those of its folders that are to be walked."""
        try:
            if sys.platform == "darwin" and getattr(os.lstat(path), "st_flags", 0) & SF_DATALESS:
                # Listing it would have the provider fetch it.
                self._unreadable[path] = IN_THE_CLOUD
                return [], []
            with listed(path) as entries:
                if not entries:
                    self._empty_folders[path] = os.lstat(path).st_dev
                    return [], []
                names = [entry.name for entry in entries]
                rules = self._rules.enter(path, names, above)
                if rules.generated and not kept:
                    return [], []
                return self._sorted_out(entries, with_separator(path), rules.suspects(names), rules)
        except OSError as error:
            self._note(path, error)
            return [], []

    def _sorted_out(
        self,
        entries: Sequence[os.DirEntry[str]],
        prefix: str,
        suspects: AbstractSet[str],
        rules: FolderRules,
    ) -> tuple[list[ScannedFile], list[_Folder]]:
        files: list[ScannedFile] = []
        folders: list[_Folder] = []
        # This loop runs for every file there is, hence no calls of ours in it for most of them.
        # Where files may be in the cloud, each is looked at closer.
        max_bytes = -1 if _MARKS_PLACEHOLDERS else self._max_file_bytes
        known, same = self._known.in_folder(prefix).get, self.same.append
        for entry in entries:
            name = entry.name
            try:
                if not entry.is_file(follow_symlinks=False):
                    if entry.is_dir(follow_symlinks=False):
                        verdict = rules.decide(name, True)
                        if (verdict is None or not verdict.ignored) and not _is_junction(entry):
                            folders.append((prefix + name, rules, verdict is not None))
                    continue
                if name in suspects:
                    verdict = rules.decide(name, False)
                    if verdict is not None and verdict.ignored:
                        continue
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                self._note(prefix + name, error)
                continue
            file = known(name)
            if file is not None:
                _, size, mtime_ns, inode, device, state, _, chunker, _ = file
                if (
                    mtime_ns == status.st_mtime_ns
                    and size == status.st_size
                    and size <= max_bytes
                    and inode == status.st_ino
                    and device == status.st_dev
                    and (state != "name_only" or chunker)
                ):
                    same(file)
                    continue
            if stat.S_ISREG(status.st_mode):
                files.append(self._described(prefix + name, status))
        return files, folders

    def _described(self, path: str, status: os.stat_result) -> ScannedFile:
        reason = ""
        if is_placeholder(status):
            reason = IN_THE_CLOUD
        elif status.st_size > self._max_file_bytes:
            reason = f"larger than {self._max_file_bytes / 1e6:g} MB"
        return scanned_file(path, status, reason)

    def _note(self, path: str, error: OSError) -> None:
        if error.errno not in _GONE:
            self._unreadable[path] = error.strerror or str(error)

    def may_still_exist(self, known: KnownFile) -> bool:
        """Whether a file that the walk didn't meet may be there all the same."""
        path = known.path
        if path in self._unreadable:
            return True
        for folder in map(str, Path(path).parents):
            if folder in self._unreadable:
                return True
            if folder in self._offline or folder in self._missing or self._lost(folder, known):
                self.out_of_reach.add(path)
                return True
        return False

    def _lost(self, folder: str, known: KnownFile) -> bool:
        """Whether a folder that's empty now is one that a volume or a cloud should have filled."""
        device = self._empty_folders.get(folder)
        if device is None:
            return False
        if folder in self._given.values():
            self._offline.setdefault(folder, "is empty")
            return True
        return bool(known.device) and device != known.device


def scan_roots(
    roots: Sequence[str],
    settings: IndexSettings,
    *,
    paths: Paths | None,
    cancel: threading.Event | None,
    within: Sequence[str] = (),
    known: KnownFiles | None = None,
    volumes: Volumes = NO_VOLUMES,
) -> Scan:
    """A walk over `roots`, or only over the paths `within` them; nothing happens until iterated.

    Files that are as `known` has them aren't yielded but put aside in `same`, for speed.
    What lies on volumes that are missing or silent counts as out of reach.
    """
    return Scan(
        roots,
        settings,
        paths=paths,
        cancel=cancel,
        within=within,
        known=known,
        volumes=volumes,
    )


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Whether a Windows folder is a link to another (DirEntry.is_junction is of Python 3.12)."""
    if os.name != "nt":
        return False
    tag = getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0)
    return bool(tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1))
