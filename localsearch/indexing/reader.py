"""Reads one file: what was it, is it the same as last time, and which chunks does it give."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, Protocol

from localsearch.scanning.changes import scanned_file
from localsearch.scanning.cloud import is_placeholder
from localsearch.types import ConversionError, Document, FileRef, NoTextError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from converters.registry import Conversion
    from localsearch.config import Settings
    from localsearch.types import Chunk, Embedder

_READ_BYTES = 1 << 20
# The file, or the disk or the server that it's on. Windows has not all of these names.
_GONE = {
    getattr(errno, name)
    for name in ("ENOENT", "ENOTDIR", "ENODEV", "ENXIO", "ENOTCONN", "ESTALE", "EHOSTDOWN")
    if hasattr(errno, name)
}


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """How long chunks are, in tokens of the model in use."""

    target: int
    overlap: int
    maximum: int


# The starter's window is short and its quality falls with length; Qwen3 was trained on longer text.
_SHORT_WINDOW = ChunkSize(target=256, overlap=32, maximum=480)
_LONG_WINDOW = ChunkSize(target=400, overlap=48, maximum=1024)


def chunk_size(embedder: Embedder | None) -> ChunkSize:
    """The chunk size that suits the model; without one, the size that any of ours can take."""
    if embedder is None or embedder.max_tokens <= 512:
        return _SHORT_WINDOW
    return _LONG_WINDOW


@dataclass(frozen=True, slots=True)
class Reading:
    """How reading a file ended.

    `same` means that its content is what was read before; `vanished` that it's gone, maybe with
    the disk that it's on.
    """

    outcome: Literal["indexed", "same", "failed", "name_only", "vanished", "changing"]
    ref: FileRef
    reason: str = ""
    content_hash: bytes | None = None
    converter: str = ""
    documents: tuple[tuple[Document, Sequence[Chunk]], ...] = ()

    @property
    def file_stem(self) -> str:
        """The file's name without its ending, as a title of last resort."""
        return title_of_last_resort(self.ref.path)


def title_of_last_resort(path: str) -> str:
    """The file's name without its ending, or the whole of it where it starts with a dot."""
    name = PurePath(path)
    title = name.name if name.name.startswith(".") else name.stem
    return unicodedata.normalize("NFC", title.encode("utf-8", "replace").decode())


class Convert(Protocol):
    """Turns a file into documents; raises ConversionError for one that can't be read."""

    def __call__(self, path: str, *, ocr: bool, plugins: Sequence[str]) -> Conversion:
        """The documents of the file, and what read them."""


class Expect(Protocol):
    """Says which files will be converted next, so that they may be read meanwhile."""

    def __call__(self, paths: Iterable[str], *, ocr: bool, plugins: Sequence[str]) -> None:
        """Never raises, never waits."""


def read_file(
    ref: FileRef,
    *,
    known_hash: bytes | None,
    settings: Settings,
    size: ChunkSize,
    count_tokens: Callable[[str], int],
    convert: Convert,
) -> Reading:
    """Read and cut a file; whatever is wrong with it ends up in the result, never raised.

    `convert` turns it into documents as `converters.registry.convert_file` does, which runs here,
    or as `converters.sandbox.Sandbox.convert` does, in a process that nothing can come out of.
    Raises CancelledError and MemoryError of our own making only.
    """
    try:
        if is_placeholder(os.lstat(ref.path)):
            # The next scan says so; reading it would fetch it.
            return Reading("vanished", ref)
        before, content_hash = hash_content(ref.path, settings.index.max_file_bytes)
    except OSError as error:
        if error.errno in _GONE:
            return Reading("vanished", ref)
        return Reading("failed", ref, reason=error.strerror or str(error))
    except ConversionError as error:
        return Reading("failed", ref, reason=error.cause)
    if known_hash is not None and content_hash == known_hash:
        return Reading("same", before, content_hash=content_hash)
    reading = _convert(before, content_hash, settings, size, count_tokens, convert)
    try:
        after = describe(ref.path)
    except OSError:
        return Reading("vanished", ref)
    if (after.size, after.mtime_ns) != (before.size, before.mtime_ns):
        return Reading("changing", after, reason="it changed while it was read")
    return reading


def _convert(
    ref: FileRef,
    content_hash: bytes,
    settings: Settings,
    size: ChunkSize,
    count_tokens: Callable[[str], int],
    convert: Convert,
) -> Reading:
    from converters.registry import fingerprint_for
    from localsearch.chunking.chunker import chunk_document

    try:
        conversion = convert(ref.path, ocr=settings.index.ocr, plugins=settings.converters.plugins)
    except ConversionError as error:
        return Reading(
            "name_only" if isinstance(error, NoTextError) else "failed",
            ref,
            reason=error.cause,
            content_hash=content_hash,
            # So that a newer converter, or one installed later, tries again.
            converter=fingerprint_for(ref.path, settings.converters.plugins),
        )
    documents = tuple(
        (
            document,
            chunk_document(
                document,
                count_tokens=count_tokens,
                target_tokens=size.target,
                overlap_tokens=size.overlap,
                max_tokens=size.maximum,
            ),
        )
        for document in _distinct(conversion.documents)
    )
    return Reading(
        "indexed",
        ref,
        content_hash=content_hash,
        converter=f"{conversion.converter}:{conversion.version}",
        documents=documents,
    )


def _distinct(documents: Iterable[Document]) -> Iterator[Document]:
    """The documents, those whose member has the name of an earlier one numbered.

    A tar holds each version of a file that was added to it again.
    """
    taken: set[str] = set()
    for document in documents:
        member, number = document.member, 1
        while member in taken:
            number += 1
            member = f"{document.member} ({number})"
        taken.add(member)
        yield replace(document, member=member)


def describe(path: str) -> FileRef:
    """The file as the file system describes it now; links aren't followed."""
    return scanned_file(path, os.lstat(path)).ref


def hash_content(path: str, max_bytes: int) -> tuple[FileRef, bytes]:
    """The file as it is now, and the hash of its content.

    Raises OSError, and ConversionError for what isn't a regular file or larger than `max_bytes`.
    """
    # O_NONBLOCK so that a FIFO that took the file's place can't hold us up.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ConversionError("it isn't a regular file any more")
        digest = hashlib.blake2b(digest_size=16)
        left = max_bytes + 1
        while left > 0 and (piece := file.read(min(_READ_BYTES, left))):
            digest.update(piece)
            left -= len(piece)
        if left <= 0:
            raise ConversionError(
                f"it grew past the limit of {max_bytes:,} bytes while it was read"
            )
    return scanned_file(path, status).ref, digest.digest()
