"""Volumes for tests: what's mounted here goes away at the end, whatever happened."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def mount(place: Path, *options: str) -> None:
    """Mount something there; skips the test where that's not allowed."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("mounting takes root's rights on Linux")
    done = subprocess.run(
        ["mount", *options, str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


def unmount(place: Path) -> None:
    """Take away what's mounted there."""
    subprocess.run(["umount", str(place)], check=True)


@contextlib.contextmanager
def bound(source: Path, place: Path) -> Iterator[None]:
    """Have `place` show what's in `source`, with the same device numbers."""
    mount(place, "--bind", str(source))
    try:
        yield
    finally:
        unmount(place)


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """Have `place` be a disk of its own, of so many bytes (`1500k`)."""
    place.mkdir(exist_ok=True)
    mount(place, "-t", "tmpfs", "-o", f"size={size}", "tmpfs")
    try:
        yield
    finally:
        unmount(place)


@contextlib.contextmanager
def hung_drive(place: Path) -> Iterator[None]:
    """Have `place` be a drive whose server answers nothing, as one behind a lost network."""
    if sys.platform != "linux" or os.getuid() != 0 or not os.path.exists("/dev/fuse"):
        pytest.skip("it takes root's rights and FUSE")
    libc = ctypes.CDLL(None, use_errno=True)
    server = os.open("/dev/fuse", os.O_RDWR)
    try:
        options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
        if libc.mount(b"hung", os.fsencode(place), b"fuse", 0, options) != 0:
            pytest.skip(f"nothing can be mounted here: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            lazily = 2
            libc.umount2(os.fsencode(place), lazily)
    finally:
        # Whoever still waits is told of the end.
        os.close(server)
