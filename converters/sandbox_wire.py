"""What the program and its converting process say to each other, and how it's written on a pipe.

The converting process handles hostile files, so what comes from it is decoded as plain data of
known types, never unpickled, and never beyond a size that the reader sets.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, Literal

from converters.registry import Conversion

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader

    import msgspec

_LENGTH = struct.Struct(">Q")
LENGTH_BYTES = _LENGTH.size
# What a pipe holds on Linux.
PIPE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Request:
    """A file to read, with the arguments of `convert_file`; `path` as the file system knows it.

    `read_s` is the time after which a converter is to stop with what it has, `cpu_s` the
    processor time after which the system ends the process; both in seconds. `number` comes back
    with the reply, and makes no difference to what's asked.
    """

    path: bytes
    text_limit: int
    ocr: bool
    plugins: tuple[str, ...]
    read_s: float
    cpu_s: int
    number: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """How reading a file ended; the first reply of a process only says that it's `ready`.

    `number` is that of the request, 0 for the first one.
    `peak_bytes` is the most memory that the process ever held, 0 where the system doesn't say.
    """

    outcome: Literal["ready", "converted", "no_text", "failed", "out_of_memory"]
    conversion: Conversion | None = None
    cause: str = ""
    remedy: str = ""
    peak_bytes: int = 0
    number: int = 0


class MessageTooLargeError(Exception):
    """A message is longer than its reader allows; nothing after it can be read."""


@cache
def _encoder() -> msgspec.msgpack.Encoder:
    import msgspec

    return msgspec.msgpack.Encoder()


@cache
def _request_decoder() -> msgspec.msgpack.Decoder[Request]:
    import msgspec

    return msgspec.msgpack.Decoder(Request)


@cache
def _reply_decoder() -> msgspec.msgpack.Decoder[Reply]:
    import msgspec

    return msgspec.msgpack.Decoder(Reply)


def encode(message: Request | Reply) -> bytes:
    """The bytes of a message; UnicodeEncodeError where a text holds halves of characters."""
    return _encoder().encode(message)


def decode_request(data: bytes) -> Request:
    """The request in the bytes; raises msgspec.DecodeError for anything but that."""
    return _request_decoder().decode(data)


def decode_reply(data: bytes) -> Reply:
    """The reply in the bytes; raises msgspec.DecodeError for anything but that."""
    return _reply_decoder().decode(data)


def write_frame(pipe: BinaryIO, data: bytes) -> None:
    """Write bytes, their length ahead of them."""
    # In one piece: whoever waits for it is woken once.
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


class FrameReader:
    """Reads from a pipe what `write_frame` wrote on it, all that's there in one go."""

    def __init__(self, pipe: BufferedReader) -> None:
        self._pipe = pipe
        self._held = b""

    @property
    def holds_more(self) -> bool:
        """Whether it has some of the next bytes already."""
        return bool(self._held)

    def read(self, max_bytes: Callable[[], int]) -> bytes | None:
        """The next bytes that were written; None at the end, or where the writer broke off.

        Raises MessageTooLargeError where they're more than `max_bytes` gives once they've begun,
        as what is expected may be settled while this waits.
        """
        head = self._take(_LENGTH.size)
        if head is None:
            return None
        (length,) = _LENGTH.unpack(head)
        if length > max_bytes():
            raise MessageTooLargeError
        return self._take(length)

    def _take(self, count: int) -> bytes | None:
        pieces, there = [self._held], len(self._held)
        while there < count:
            piece = self._pipe.read1(PIPE_BYTES)
            if not piece:
                return None
            pieces.append(piece)
            there += len(piece)
        data = b"".join(pieces)
        self._held = data[count:]
        return data[:count]
