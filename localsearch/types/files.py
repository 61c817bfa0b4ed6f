"""Files as the file system and the index know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the index last saw it; `state` is pending, indexed, failed or name_only.

    `opened` says that its content was looked at, whatever came of it.
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


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that couldn't be read, and why."""

    path: str
    reason: str
