"""How do weights that were copied into memory come to lie in huge pages, where Linux has them?

Every batch reads all of a model's weights, and with pages of 4 KiB the processor spends a good part
of that time looking addresses up. llama.cpp doesn't ask for larger ones, so that they're asked for
here, when the weights lie in memory already. Elsewhere, and where the system has none to give,
nothing happens.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# (first address, the one past the last) of a piece of memory.
Region = tuple[int, int]

_WANTED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
# Smaller ones hold no weights.
_SMALLEST_BYTES = 16 << 20
# So much at a time: who frees the memory meanwhile waits for one piece at most.
_PIECE_BYTES = 32 << 20
_PAGE_BYTES = 2 << 20
# From linux/mman.h, since Linux 6.1; older ones answer that they don't know it, and do it by
# themselves in the course of minutes.
_MADV_COLLAPSE = 25


def large_regions() -> frozenset[Region]:
    """The large pieces of this process's memory that no file lies behind; none but on Linux."""
    if sys.platform != "linux":
        return frozenset()
    return frozenset(_large_regions())


def _large_regions() -> Iterator[Region]:
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            # Address, permissions, offset, device, inode, and a path where there's one.
            span, permissions, _, _, inode, *_ = line.split()
            first, end = (int(each, 16) for each in span.split("-"))
            if inode == "0" and "w" in permissions and end - first >= _SMALLEST_BYTES:
                yield first, end


def move_to_huge_pages(regions: frozenset[Region], stop: threading.Event) -> None:
    """Ask for it, piece by piece, until `stop`; takes two or three seconds for a gigabyte."""
    if sys.platform != "linux" or _are_refused():
        return
    libc = ctypes.CDLL(None)
    for first, end in sorted(regions):
        aligned = -(-first // _PAGE_BYTES) * _PAGE_BYTES
        for at in range(aligned, end, _PIECE_BYTES):
            if stop.is_set():
                return
            size = min(_PIECE_BYTES, end - at)
            for advice in (mmap.MADV_HUGEPAGE, _MADV_COLLAPSE):
                libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(size), advice)


def _are_refused() -> bool:
    """Whether the machine is set to have none: memory in use would be moved all the same."""
    try:
        return "[never]" in _WANTED.read_text(encoding="ascii")
    except OSError:
        return True
