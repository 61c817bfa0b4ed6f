"""Which pieces of this process's memory hold weights, and which of them need not stay?

llama.cpp maps a model's file, and copies the weights that its fast kernels want in another layout.
The mapped pages of what was copied stay in memory all the same: each weight would be there twice.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# (first address, the one past the last) of a piece of memory.
Region = tuple[int, int]

# Smaller ones hold no weights.
_SMALLEST_BYTES = 16 << 20


class _Mapping(NamedTuple):
    region: Region
    permissions: str
    path: str  # "" where no file lies behind it


def large_regions() -> frozenset[Region]:
    """The large pieces of memory that no file lies behind; none but on Linux."""
    return frozenset(
        mapping.region
        for mapping in _mappings()
        if not mapping.path
        and "w" in mapping.permissions
        and mapping.region[1] - mapping.region[0] >= _SMALLEST_BYTES
    )


def let_go_of_file(path: Path) -> None:
    """Take a mapped file's pages out of this process, on Linux; what's used again comes back.

    They stay in the system's cache, from where a page comes back without reading the disk.
    """
    name = os.path.realpath(path)
    for mapping in _mappings():
        if mapping.path == name and "w" not in mapping.permissions:
            first, end = mapping.region
            ctypes.CDLL(None).madvise(
                ctypes.c_void_p(first), ctypes.c_size_t(end - first), mmap.MADV_DONTNEED
            )


def _mappings() -> Iterator[_Mapping]:
    if sys.platform != "linux":
        return
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            # Address, permissions, offset, device, inode, and a path where there's one.
            span, permissions, _, _, inode, *path = line.rstrip("\n").split(maxsplit=5)
            first, end = (int(each, 16) for each in span.split("-"))
            yield _Mapping((first, end), permissions, path[0] if path and inode != "0" else "")
