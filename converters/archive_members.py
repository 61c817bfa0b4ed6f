"""The files inside an archive, one after the other, each unpacked within limits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from converters.cleaning import clean_line
from converters.decoding import decode
from converters.formats import named
from converters.safety import (
    NAME_IS_UTF8,
    UNPACKING_ERRORS,
    Budget,
    CheckedZip,
    LimitError,
    Limits,
    checked_zip,
)
from localsearch.types import ConversionError, NoTextError, Source

# How many files are read is the budget's to say: what's beyond is left out, with a note.
_LIMITS = Limits(total_bytes=1024 << 20, members=500_000)
_TOO_LARGE = f"it unpacks to more than {_LIMITS.member_bytes >> 20:,} MB"
_PIECE_BYTES = 1 << 16
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_STREAMS: tuple[tuple[bytes, Callable[[BinaryIO], io.BufferedIOBase]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)
_STREAM_SUFFIXES = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}
_EXTRA_HEAD = struct.Struct("<HH")
_UNICODE_NAME = 0x7075
_TAR_BLOCK = 512
_MAX_ENDS = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; `read` raises ConversionError where it can't be unpacked.

    `is_alone` where it's known that there's no other.
    """

    path: str
    read: Callable[[], bytes]
    is_alone: bool = False


def members_of(source: Source, budget: Budget) -> Iterator[Member]:
    """The files in the archive, in its order; read each before asking for the next.

    Raises ConversionError where the archive is damaged, locked, or holds more than `budget`.
    """
    with source.open() as file:
        head = file.read(_TAR_BLOCK)
    if head.startswith(_ZSTD_MAGIC):
        raise ConversionError("packed with zstd, which isn't read")
    if head.startswith(_ZIP_MAGIC) or _is_behind_program(source, head):
        yield from _zip_members(source)
        return
    with source.open() as file:
        opener = next((opener for magic, opener in _STREAMS if head.startswith(magic)), None)
        if opener is None:
            yield from _tar_members(_Counted(file))
            return
        stream = _Counted(opener(file), budget)
        first = b""
        while len(first) < _TAR_BLOCK and (piece := stream.read(_TAR_BLOCK - len(first))):
            first += piece
        stream.put_back(first)
        if _is_tar(first):
            yield from _tar_members(stream)
        else:
            yield Member(_unpacked_name(source.name), stream.read_all, is_alone=True)


def _is_behind_program(source: Source, head: bytes) -> bool:
    """Whether it's a ZIP that unpacks itself: a program comes first in the file."""
    if not source.name.lower().endswith(".zip") or _is_tar(head):
        return False
    with source.open() as file:
        return zipfile.is_zipfile(file)


def _zip_members(source: Source) -> Iterator[Member]:
    with checked_zip(source, _LIMITS) as archive:
        if archive.members and all(info.flag_bits & 1 for info in archive.members.values()):
            raise ConversionError("locked by a password")
        paths = {name: _zip_path(info) for name, info in archive.members.items()}
        wanted = {name: path for name, path in paths.items() if not _is_litter(path)}
        for name, path in wanted.items():
            yield Member(path, _zip_reader(archive, name), is_alone=len(wanted) == 1)


def _zip_reader(archive: CheckedZip, name: str) -> Callable[[], bytes]:
    return lambda: archive.read(name)


def _zip_path(info: zipfile.ZipInfo) -> str:
    """A member's name; without the flag for UTF-8 it's in whatever its system used."""
    name = info.filename
    if not info.flag_bits & NAME_IS_UTF8:
        try:
            # Not `filename`: from Python 3.13 on, that may be the name in Unicode already.
            in_unicode = _unicode_name(info.extra, info.orig_filename.encode("cp437"))
            if in_unicode or not name.isascii():
                name = in_unicode or decode(name.encode("cp437")).text
        except (UnicodeEncodeError, NoTextError):
            name = info.filename
    return _path(name)


def _unicode_name(extra: bytes, written: bytes) -> str:
    """The name in the extra field "up" (APPNOTE 4.6.9), "" where it has none for this name."""
    # A version and a checksum of the name in the old encoding come first.
    head = struct.pack("<BI", 1, zlib.crc32(written))
    while len(extra) >= _EXTRA_HEAD.size:
        tag, size = _EXTRA_HEAD.unpack_from(extra)
        field = extra[_EXTRA_HEAD.size : _EXTRA_HEAD.size + size]
        if tag == _UNICODE_NAME and field.startswith(head):
            return field[len(head) :].decode("utf-8", "replace")
        extra = extra[_EXTRA_HEAD.size + size :]
    return ""


def _path(name: str) -> str:
    return clean_line(name.replace("\\", "/")).lstrip("/") or "?"


def _is_litter(path: str) -> bool:
    """What one system's tools add for themselves."""
    return path.startswith("__MACOSX/") or path.rpartition("/")[2].startswith((".DS_Store", "._"))


def _is_tar(block: bytes) -> bool:
    """Whether a first block has a header's checksum, which all kinds of tar have."""
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _unpacked_name(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    packed = f".{suffix.lower()}"
    if not stem or packed not in named("archive").suffixes:
        # Packed by a server or a program that left the name as it was.
        return name
    return stem + _STREAM_SUFFIXES.get(packed, "")


def _tar_members(stream: _Counted) -> Iterator[Member]:
    try:
        # As a stream, a header can't send the reader back to where it was.
        with tarfile.open(fileobj=stream, mode="r|", errorlevel=0) as archive:
            while (info := archive.next()) is not None:
                # The library keeps all headers otherwise, which it doesn't need in a stream.
                cast("Any", archive).members.clear()
                path = _path(info.name)
                if not info.isreg() or info.issparse() or _is_litter(path):
                    continue
                yield Member(path, _tar_reader(archive, info))
    except (tarfile.TarError, *UNPACKING_ERRORS) as error:
        raise ConversionError("damaged: the archive can't be unpacked further") from error


def _tar_reader(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        if info.size > _LIMITS.member_bytes:
            raise LimitError(_TOO_LARGE)
        try:
            file = archive.extractfile(info)
            return b"" if file is None else file.read()
        except (tarfile.TarError, *UNPACKING_ERRORS) as error:
            raise ConversionError("damaged: it can't be unpacked") from error

    return read


class _Counted(io.RawIOBase):
    """A stream whose bytes are counted as they're unpacked, where there's a budget for that."""

    def __init__(self, stream: io.BufferedIOBase | BinaryIO, budget: Budget | None = None) -> None:
        super().__init__()
        self._stream = stream
        self._budget = budget
        self._waiting = b""
        self._ends = 0
        self._begun = False
        self._some = getattr(stream, "read1", stream.read)

    def put_back(self, data: bytes) -> None:
        """Have these bytes read again, before the others."""
        self._waiting = data + self._waiting

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        size = _PIECE_BYTES if size < 0 else size
        if self._waiting:
            data, self._waiting = self._waiting[:size], self._waiting[size:]
            return data
        try:
            # As much as there is: what follows may be no part of it.
            data = self._some(size)
        except gzip.BadGzipFile:
            if not self._begun:
                raise
            # As gzip itself, leave alone what was appended to the packed data.
            data = b""
        self._begun = self._begun or bool(data)
        self._ends = 0 if data else self._ends + 1
        if self._ends > _MAX_ENDS:
            # A header promises more than there is, and the library would go on asking for it.
            raise EOFError
        if self._budget is not None:
            self._budget.take_bytes(len(data))
        return data

    def read_all(self) -> bytes:
        """All that's left, when it's no more than a member may have."""
        data = bytearray()
        try:
            while piece := self.read(_PIECE_BYTES):
                data += piece
                if len(data) > _LIMITS.member_bytes:
                    raise LimitError(_TOO_LARGE)
        except UNPACKING_ERRORS as error:
            raise ConversionError("damaged: it can't be unpacked") from error
        return bytes(data)
