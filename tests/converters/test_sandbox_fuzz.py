"""Damaged files of every format: read or refused, in bounded time and memory, whatever happens."""

from __future__ import annotations

import io
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters.formats import FORMATS, suffixes_of
from converters.sandbox import Sandbox
from localsearch.types import ConversionError
from tests.converters.fuzz_seeds import seeds, zipped

_SEEDS = seeds()
_TIMEOUT_S = 30.0
_MEMORY_BYTES = 1_000_000_000
# A campaign for `make test-long`; a sample of it every time.
_EXAMPLES = 20_000 if os.environ.get("LOCALSEARCH_LONG") else 600
_HURTING = (b"\xff\xff\xff\x7f", b"\x00" * 8, b"9" * 30, b"<", b"{" * 50, b"&#x0;", b"\xf0\x9f")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=_TIMEOUT_S, memory_bytes=_MEMORY_BYTES) as opened:
        yield opened


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    name, data = draw(st.sampled_from(_SEEDS))
    if data.startswith(b"PK") and draw(st.booleans()):
        return name, _damaged_inside(draw, data)
    return name, _damage(draw, data)


def _damaged_inside(draw: st.DrawFn, data: bytes) -> bytes:
    """A ZIP that's whole, with one member that isn't."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    victim = draw(st.sampled_from(sorted(members)))
    return zipped({**members, victim: _damage(draw, members[victim])})


def _damage(draw: st.DrawFn, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(damaged) - 1)))
        match draw(st.sampled_from(["flip", "cut", "repeat", "insert", "hurt", "drop"])):
            case "flip" if damaged:
                damaged[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del damaged[at:]
            case "repeat":
                piece = damaged[at : at + draw(st.integers(1, 200))]
                damaged[at:at] = piece * draw(st.sampled_from((1, 3, 300)))
            case "insert":
                damaged[at:at] = draw(st.binary(max_size=12))
            case "hurt":
                damaged[at:at] = draw(st.sampled_from(_HURTING))
            case _:
                del damaged[at : at + draw(st.integers(1, 50))]
    return bytes(damaged)


@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(file=_damaged())
def test_damage_is_read_or_refused(sandbox: Sandbox, file: tuple[str, bytes]) -> None:
    name, data = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        began_s = time.monotonic()
        try:
            conversion = sandbox.convert(str(path))
        except ConversionError as error:
            assert error.cause
            assert "crashed" not in error.cause
            assert "took more than" not in error.cause
        else:
            assert conversion.converter
        # Twice over, as a process that breaks is given one more try.
        assert time.monotonic() - began_s < 3 * _TIMEOUT_S
    if sandbox.child_pid is not None:
        assert psutil.Process(sandbox.child_pid).memory_info().rss < _MEMORY_BYTES


def test_every_format_is_fuzzed() -> None:
    known = {suffix for name, _ in _SEEDS for suffix in (*suffixes_of(name), name)}
    for each in FORMATS:
        assert each.suffixes & known, each.name
