"""Where the bytes that a converter reads come from: a file on disk, or bytes in memory."""

from __future__ import annotations

import errno
import io
import os
import stat
from dataclasses import dataclass, field
from typing import BinaryIO

from localsearch.types import ConversionError


@dataclass(frozen=True, slots=True)
class FileSource:
    """A regular file; anything else at its path (a FIFO, a device, a link) is refused unread."""

    path: str

    @property
    def name(self) -> str:
        """File name without folders."""
        return os.path.basename(self.path)

    @property
    def size(self) -> int:
        """Bytes."""
        return os.lstat(self.path).st_size

    def open(self) -> BinaryIO:
        """Open for reading; raises ConversionError when it isn't a regular file."""
        # O_NONBLOCK: opening a FIFO without a writer must fail or return, never wait.
        flags = os.O_RDONLY
        for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
            flags |= getattr(os, name, 0)
        try:
            descriptor = os.open(self.path, flags)
        except OSError as error:
            raise ConversionError(_why_not_opened(error)) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ConversionError("not a regular file")
        return open(descriptor, "rb")


def _why_not_opened(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a symbolic link, which isn't followed"
    if error.errno == errno.ENXIO:
        return "not a regular file"
    return f"can't be opened: {error.strerror or error}"


@dataclass(frozen=True, slots=True)
class BytesSource:
    """A member of something else (an attachment, an archive entry), already in memory."""

    name: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """The bytes, as a file."""
        return io.BytesIO(self.data)
