"""How much of a file made of other files may be unpacked, so that a bomb stays a small file.

A ZIP says how large its members are; nothing here believes it. Sizes are counted while unpacking,
and what's inside of something else shares the budget of the outermost file.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, BinaryIO

from localsearch.types import ConversionError, Source

_MIB = 1 << 20
_PIECE_BYTES = 1 << 16
# bzip2 and LZMA are unpacked a whole piece at a time, whatever comes out of it.
_SMALL_PIECE_BYTES = 1 << 12
# Text compresses 3 to 30 times, machine-made XML 100 times, zeroes 1000 times.
_RATIO_COUNTS_FROM_BYTES = 64 * _MIB
# In the header before a member's data.
_NAME_LENGTH_AT = 26
# The flag of a member in a ZIP whose name is in UTF-8.
NAME_IS_UTF8 = 0x800
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class DamagedMemberError(ConversionError):
    """One file inside another can't be unpacked; the others may well be whole."""


class LimitError(ConversionError):
    """A file is whole, but deeper inside others or larger than what's read."""


class TooMuchError(LimitError):
    """A file unpacks to more than is read of one file: reading ends, at every level."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may come out of one ZIP: sizes in bytes, `ratio` is unpacked by packed."""

    members: int = 20_000
    member_bytes: int = 128 * _MIB
    total_bytes: int = 512 * _MIB
    ratio: int = 200


@dataclass(slots=True)
class Budget:
    """What may still be unpacked from a file, with everything inside it, however deep."""

    bytes_left: int = 1024 * _MIB
    members_left: int = 20_000

    def take_member(self) -> None:
        """Count a member; raises ConversionError when there are too many."""
        if self.members_left <= 0:
            raise TooMuchError("too many files inside one another")
        self.members_left -= 1

    def take_bytes(self, count: int) -> None:
        """Count unpacked bytes; raises ConversionError when there are too many."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise TooMuchError("unpacks to more data than is read from one file")


@dataclass(frozen=True, slots=True)
class MemberSource:
    """A file inside another one, in memory, with what may still be unpacked from it.

    `is_enough` tells whether what's around it has all the text it wants, and only wants names.
    """

    name: str
    data: bytes = field(repr=False)
    budget: Budget = field(default_factory=Budget, repr=False)
    depth: int = 1
    is_enough: Callable[[], bool] = field(default=lambda: False, repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """The bytes, as a file."""
        return BytesIO(self.data)


def budget_of(source: Source) -> tuple[Budget, int]:
    """The budget that a source brings along or a fresh one, and how deep inside it stands."""
    if isinstance(source, MemberSource):
        return source.budget, source.depth
    return Budget(), 0


class CheckedZip:
    """A ZIP whose members are read within limits; only names that it has are readable."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits, budget: Budget) -> None:
        self._archive = archive
        self._limits = limits
        self._budget = budget
        self._left = limits.total_bytes
        self.members: dict[str, zipfile.ZipInfo] = {
            info.filename: info
            for info in archive.infolist()
            if info.filename and not info.filename.endswith("/")
        }

    def read(self, name: str) -> bytes:
        """A member's bytes; raises ConversionError where it's missing, locked or too large."""
        info = self.members.get(name)
        if info is None:
            raise ConversionError(f"damaged: it has no {name} inside")
        if info.flag_bits & 0x1:
            raise ConversionError("locked by a password")
        try:
            with self._opened(info) as member:
                return self._bounded(member, info)
        except NotImplementedError as error:
            raise ConversionError(f"{name} inside it is packed in a way that isn't read") from error
        except UNPACKING_ERRORS as error:
            raise DamagedMemberError(f"damaged: {name} inside it can't be unpacked") from error

    def _opened(self, info: zipfile.ZipInfo) -> IO[bytes]:
        try:
            return self._archive.open(info)
        except zipfile.BadZipFile:
            # Programs write a name in one way in the directory and in another before the data; the
            # directory counts, but the library insists on both being the same.
            info.orig_filename = self._name_before_data(info)
            return self._archive.open(info)

    def _name_before_data(self, info: zipfile.ZipInfo) -> str:
        file = self._archive.fp
        if file is None:
            raise EOFError
        file.seek(info.header_offset + _NAME_LENGTH_AT)
        length, _ = struct.unpack("<HH", file.read(4))
        return file.read(length).decode("utf-8" if info.flag_bits & NAME_IS_UTF8 else "cp437")

    def _bounded(self, member: IO[bytes], info: zipfile.ZipInfo) -> bytes:
        deflated = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        at_once = _PIECE_BYTES if deflated else _SMALL_PIECE_BYTES
        unpacked = bytearray()
        while piece := member.read(at_once):
            unpacked += piece
            self._left -= len(piece)
            self._budget.take_bytes(len(piece))
            check_growth(len(unpacked), info.compress_size, self._limits)
            if self._left < 0:
                raise LimitError(f"unpacks to more than {self._limits.total_bytes // _MIB:,} MB")
        return bytes(unpacked)


UNPACKING_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    # Names and extra fields that end too early.
    IndexError,
    struct.error,
)
"""What the standard library raises on archives that are damaged or use methods it lacks."""


def check_growth(unpacked: int, packed: int, limits: Limits) -> None:
    """Raise ConversionError where a member grew past any use, as bombs do."""
    if unpacked > limits.member_bytes:
        raise LimitError(
            f"a file inside it unpacks to more than {limits.member_bytes // _MIB:,} MB"
        )
    if unpacked > _RATIO_COUNTS_FROM_BYTES and unpacked > limits.ratio * max(packed, 1):
        raise LimitError(f"a file inside it unpacks to over {limits.ratio} times its size")


@contextmanager
def checked_zip(source: Source, limits: Limits | None = None) -> Iterator[CheckedZip]:
    """Open a ZIP within limits; raises ConversionError where it's damaged or has too many files."""
    limits = limits or Limits()
    budget, _ = budget_of(source)
    with source.open() as file:
        try:
            archive = zipfile.ZipFile(file)
        except UNPACKING_ERRORS as error:
            raise ConversionError("damaged: it isn't a complete ZIP file") from error
        with archive:
            if len(archive.infolist()) > limits.members:
                raise ConversionError(f"more than {limits.members:,} files inside it")
            yield CheckedZip(archive, limits, budget)


@contextmanager
def plain_errors(what: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into one ConversionError.

    `what` is the format in words: "a Word document".
    """
    try:
        yield
    except ConversionError:
        raise
    except RecursionError as error:
        raise ConversionError("nested too deeply to be read") from error
    except MemoryError as error:
        raise ConversionError("reading it takes more memory than there is") from error
    except Exception as error:  # libraries raise KeyError, struct.error and others on damage
        raise ConversionError(
            f"damaged, or not {what} ({type(error).__name__}: {str(error)[:200]})"
        ) from error
