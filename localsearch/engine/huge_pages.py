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
    from localsearch.engine.mapped_memory import Region

_WANTED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
# So much at a time: who frees the memory meanwhile waits for one piece at most.
_PIECE_BYTES = 32 << 20
_PAGE_BYTES = 2 << 20
# From linux/mman.h, since Linux 6.1; older ones answer that they don't know it, and do it by
# themselves in the course of minutes.
_MADV_COLLAPSE = 25


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
