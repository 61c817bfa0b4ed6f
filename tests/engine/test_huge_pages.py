"""Weights that lie in memory come to lie in huge pages, where Linux gives them when asked."""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from localsearch.config import ModelSettings
from localsearch.engine.embedder import GgufEmbedder
from localsearch.engine.gguf import SMALL_QWEN3, write_random_qwen3
from localsearch.engine.huge_pages import move_to_huge_pages
from localsearch.engine.mapped_memory import large_regions
from localsearch.engine.runtime import Model

_SIZE = 64 << 20
_ENABLED = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def _given_when_asked() -> bool:
    """Whether the system has huge pages for who asks, and gives them at once."""
    if not _ENABLED.exists() or "[never]" in _ENABLED.read_text():
        return False
    return tuple(int(each) for each in re.findall(r"\d+", os.uname().release)[:2]) >= (6, 1)


def _huge_kb(address: int) -> int:
    """Kilobytes in huge pages of the mapping that holds the address."""
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = int(match[1], 16) <= address < int(match[2], 16)
        elif inside and line.startswith("AnonHugePages:"):
            return int(line.split()[1])
    raise AssertionError("no such mapping")


@pytest.mark.skipif(not _given_when_asked(), reason="this system has no huge pages to give")
def test_memory_that_is_in_use_moves_to_huge_pages_and_keeps_what_it_holds() -> None:
    there_before = large_regions()
    with mmap.mmap(-1, _SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        held = np.arange(_SIZE // 8)
        memory.write(held.tobytes())
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        assert _huge_kb(address) == 0
        move_to_huge_pages(large_regions() - there_before, threading.Event())
        assert _huge_kb(address) > 0
        memory.seek(0)
        assert memory.read(_SIZE) == held.tobytes()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere none are asked for")
def test_it_stops_when_told_to() -> None:
    with mmap.mmap(-1, _SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        memory.write(b"\1" * _SIZE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        stop = threading.Event()
        stop.set()
        move_to_huge_pages(large_regions(), stop)
        assert _huge_kb(address) == 0


def test_a_model_settles_while_it_embeds_and_can_be_closed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    write_random_qwen3(path, SMALL_QWEN3, pooling="last", name="Qwen3 Embedding")
    vectors = []
    for settles in (False, True):
        embedder = GgufEmbedder(
            model := Model(path), name="m", settings=ModelSettings(), weights_sha256="m"
        )
        # Small weights aren't worth it; here they're taken for large ones.
        model._repacked = large_regions() if settles else frozenset()
        vectors.append(embedder.embed_documents(["the tide comes in twice a day"] * 3))
        assert (model._settling is not None) is (settles and bool(model._repacked))
        embedder.close()
        assert model._settling is None or not model._settling.is_alive()
    assert np.array_equal(vectors[0], vectors[1])
