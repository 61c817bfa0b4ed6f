"""What does the header of a GGUF file say? Read with every length checked before it's trusted.

The `gguf` package's own reader maps the whole file, believes its lengths and takes seconds for a
large vocabulary; this one is for files of unknown origin. Format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Scalar = int | float | bool | str

MAGIC = b"GGUF"
_SUPPORTED_VERSIONS = (2, 3)
_BLOCK_BYTES = 1 << 20
# Far above any real model (metadata ~50 entries, vocabulary < 300,000, tensors < 5,000).
_MAX_ENTRIES = 100_000
_MAX_ARRAY = 4_000_000
_MAX_HEADER_BYTES = 512 << 20
_MAX_STRING_BYTES = 16 << 20
_MAX_NAME_BYTES = 1 << 16
_MAX_DIMENSIONS = 4
# `enum gguf_metadata_value_type` to the letters of the struct module.
_SCALARS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_STRING, _ARRAY = 8, 9


class MalformedHeaderError(ValueError):
    """The bytes aren't a whole GGUF header; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor as the header lists it; `shape` is in ggml's order, fastest dimension first.

    `offset` counts from the start of the file, `type_id` is ggml's number of the number format.
    """

    name: str
    shape: tuple[int, ...]
    type_id: int
    offset: int
    size_bytes: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Scalars and strings by key, lengths of the arrays by key, and the tensors."""

    metadata: dict[str, Scalar]
    array_lengths: dict[str, int]
    tensors: tuple[TensorInfo, ...]
    file_bytes: int


def read_header(path: Path) -> GgufHeader:
    """Read the header and check that every tensor lies inside the file.

    Raises MalformedHeaderError for anything else than a whole GGUF, OSError when the system
    refuses to read.
    """
    with path.open("rb") as stream:
        file_bytes = stream.seek(0, 2)
        stream.seek(0)
        return _parse(_Cursor(stream, file_bytes))


class _Cursor:
    """Reads forward through a file in blocks, never past its end or the header's limit."""

    def __init__(self, stream: BinaryIO, file_bytes: int) -> None:
        self._stream = stream
        self._file_bytes = file_bytes
        self._buffer = b""
        self._at = 0
        self._dropped = 0

    @property
    def file_bytes(self) -> int:
        return self._file_bytes

    @property
    def position(self) -> int:
        return self._dropped + self._at

    def _need(self, count: int) -> None:
        end = self.position + count
        if end > min(self._file_bytes, _MAX_HEADER_BYTES):
            raise MalformedHeaderError("it ends before its header does")
        missing = self._at + count - len(self._buffer)
        if missing > 0:
            rest = self._stream.read(max(missing, _BLOCK_BYTES))
            if len(rest) < missing:
                raise MalformedHeaderError("it ends before its header does")
            self._buffer = self._buffer[self._at :] + rest
            self._dropped += self._at
            self._at = 0

    def take(self, count: int) -> bytes:
        self._need(count)
        start = self._at
        self._at += count
        return self._buffer[start : self._at]

    def skip(self, count: int) -> None:
        end = self.position + count
        if end > min(self._file_bytes, _MAX_HEADER_BYTES):
            raise MalformedHeaderError("it ends before its header does")
        if self._at + count <= len(self._buffer):
            self._at += count
            return
        self._stream.seek(end)
        self._buffer, self._at, self._dropped = b"", 0, end

    def skip_strings(self, count: int) -> None:
        # A vocabulary has some 300,000 of them, so those inside the buffer take a tight loop.
        read_length = struct.Struct("<Q").unpack_from
        while count:
            buffer, at, last = self._buffer, self._at, len(self._buffer) - 8
            while count and at <= last:
                after = at + 8 + read_length(buffer, at)[0]
                if after > last + 8:
                    break
                at = after
                count -= 1
            self._at = at
            if count:
                self.skip(self.count(_MAX_STRING_BYTES, "bytes in one text"))
                count -= 1

    def number(self, code: str) -> int | float | bool:
        value: int | float | bool
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))
        return value

    def count(self, limit: int, what: str) -> int:
        value = int(self.number("Q"))
        if value > limit:
            raise MalformedHeaderError(f"its header claims {value:,} {what}")
        return value

    def string(self, limit: int = _MAX_STRING_BYTES) -> str:
        return self.take(self.count(limit, "bytes in one text")).decode("utf-8", "replace")


def _parse(cursor: _Cursor) -> GgufHeader:
    if cursor.file_bytes == 0:
        raise MalformedHeaderError("it's empty")
    if cursor.file_bytes < 24:
        raise MalformedHeaderError("it's too short")
    if cursor.take(4) != MAGIC:
        raise MalformedHeaderError("it doesn't begin as one")
    version = int(cursor.number("I"))
    if version not in _SUPPORTED_VERSIONS:
        raise MalformedHeaderError(f"its format version {version} isn't one we read")
    tensor_count = cursor.count(_MAX_ENTRIES, "tensors")
    entry_count = cursor.count(_MAX_ENTRIES, "entries")
    metadata: dict[str, Scalar] = {}
    array_lengths: dict[str, int] = {}
    for _ in range(entry_count):
        key = cursor.string(_MAX_NAME_BYTES)
        if key in metadata or key in array_lengths:
            raise MalformedHeaderError(f"its header names {key!r} twice")
        type_id = int(cursor.number("I"))
        if type_id == _ARRAY:
            array_lengths[key] = _skip_array(cursor)
        elif type_id == _STRING:
            metadata[key] = cursor.string()
        elif type_id in _SCALARS:
            metadata[key] = cursor.number(_SCALARS[type_id])
        else:
            raise MalformedHeaderError(f"{key!r} in its header is of an unknown type")
    tensors = tuple(_read_tensors(cursor, tensor_count, metadata))
    return GgufHeader(metadata, array_lengths, tensors, cursor.file_bytes)


def _skip_array(cursor: _Cursor) -> int:
    type_id = int(cursor.number("I"))
    length = cursor.count(_MAX_ARRAY, "elements in one list")
    if type_id == _STRING:
        cursor.skip_strings(length)
    elif type_id in _SCALARS:
        cursor.skip(length * struct.calcsize("<" + _SCALARS[type_id]))
    else:
        raise MalformedHeaderError("its header holds a list of an unknown type")
    return length


def _read_tensors(cursor: _Cursor, count: int, metadata: dict[str, Scalar]) -> Iterator[TensorInfo]:
    found = [_read_tensor(cursor) for _ in range(count)]
    if len({tensor.name for tensor in found}) != len(found):
        raise MalformedHeaderError("two of its tensors have the same name")
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise MalformedHeaderError("its alignment isn't a power of two")
    data_start = -(-cursor.position // alignment) * alignment
    for tensor in found:
        offset = data_start + tensor.offset
        if offset + tensor.size_bytes > cursor.file_bytes:
            raise MalformedHeaderError("it's cut off: its tensors go on after its end")
        yield TensorInfo(tensor.name, tensor.shape, tensor.type_id, offset, tensor.size_bytes)


def _read_tensor(cursor: _Cursor) -> TensorInfo:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    name = cursor.string(_MAX_NAME_BYTES)
    dimensions = int(cursor.number("I"))
    if dimensions > _MAX_DIMENSIONS:
        raise MalformedHeaderError(f"its tensor {name!r} has {dimensions} dimensions")
    shape = tuple(int(cursor.number("Q")) for _ in range(dimensions))
    type_id = int(cursor.number("I"))
    try:
        block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(type_id)]
    except (ValueError, KeyError):
        raise MalformedHeaderError(f"its tensor {name!r} is of an unknown type") from None
    if not shape or shape[0] % block:
        raise MalformedHeaderError(f"its tensor {name!r} has no possible shape")
    size_bytes = math.prod(shape) // block * block_bytes
    return TensorInfo(name, shape, type_id, int(cursor.number("Q")), size_bytes)
