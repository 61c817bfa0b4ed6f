"""Files as the file system and the index know them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal[
    "text", "code", "pdf", "doc", "sheet", "slides", "web", "mail", "book", "notebook", "data",
    "subtitles", "archive", "image", "audio", "video", "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as the file system describes it, before anything is read.

    `path` is absolute; bytes that aren't UTF-8 are kept as surrogate escapes (`os.fsencode` gives
    them back).
    """

    path: str
    size: int
    mtime_ns: int
    inode: int = 0
    device: int = 0


class KnownFile(NamedTuple):
    """A file as the index last saw it; `state` is pending, indexed, failed or name_only.

    `opened` says that its content was looked at, whatever came of it. A named tuple for its speed:
    there is one for every file at every rescan.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int
    state: str
    converter: str = ""
    chunker: int = 0
    opened: bool = True


class KnownFiles(Mapping[str, KnownFile]):
    """Known files by their path, held by folder, as a walk over folders asks for them."""

    __slots__ = ("_by_folder", "_count")

    def __init__(self, files: Iterable[KnownFile] = ()) -> None:
        """Of several with the same path the last one counts."""
        self._by_folder: dict[str, dict[str, KnownFile]] = {}
        folder, in_folder = "", self._by_folder.setdefault("", {})
        separator = os.sep
        for file in files:
            parent, _, name = file[0].rpartition(separator)
            if parent != folder:
                folder, in_folder = parent, self._by_folder.setdefault(parent, {})
            in_folder[name] = file
        self._count = sum(map(len, self._by_folder.values()))

    def in_folder(self, folder: str) -> Mapping[str, KnownFile]:
        """Those right in a folder, by name."""
        return self._by_folder.get(folder.removesuffix(os.sep), {})

    def folders(self) -> list[str]:
        """The folders that hold any."""
        return [folder for folder, files in self._by_folder.items() if files]

    def __getitem__(self, path: str) -> KnownFile:
        folder, _, name = path.rpartition(os.sep)
        return self._by_folder[folder][name]

    def __iter__(self) -> Iterator[str]:
        for files in self._by_folder.values():
            for file in files.values():
                yield file.path

    def __len__(self) -> int:
        return self._count


@dataclass(frozen=True, slots=True)
class Remark:
    """What's to know of a file that was read: that a part of it couldn't be, say."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that couldn't be read, and why."""

    path: str
    reason: str
