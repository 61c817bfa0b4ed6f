"""The system is asked about time and memory often enough, and not with each small file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from unittest import mock

import pytest

from converters import sandbox_limits
from converters.sandbox_limits import CpuLimit, PeakMemory

if sys.platform == "win32":
    pytest.skip("it has no such limits", allow_module_level=True)

import resource


@pytest.fixture
def soft_limit_s() -> Iterator[Callable[[], int]]:
    before = resource.getrlimit(resource.RLIMIT_CPU)
    yield lambda: resource.getrlimit(resource.RLIMIT_CPU)[0]
    resource.setrlimit(resource.RLIMIT_CPU, before)


def test_each_file_has_its_processor_time(soft_limit_s: Callable[[], int]) -> None:
    limit, given_s = CpuLimit(), 1000
    with mock.patch("time.process_time", side_effect=[10.9, 11.8, 12.0, 12.1, 12.2]):
        left_s = []
        for used_s in (10.9, 11.8, 12.0, 12.1):
            limit.allow(given_s)
            left_s.append(soft_limit_s() - used_s)
        assert all(given_s - 2 < left <= given_s for left in left_s)
        # OCR has more; it isn't to wait for the second to pass.
        limit.allow(given_s + 600)
        assert soft_limit_s() == 12 + given_s + 600


def test_memory_is_looked_up_again_soon() -> None:
    peak = PeakMemory()
    held_bytes = iter((1000, 2000))
    with (
        mock.patch("time.monotonic", side_effect=[5.0, 5.005, 5.011]),
        mock.patch.object(sandbox_limits, "peak_memory_bytes", side_effect=held_bytes),
    ):
        assert [peak.look_bytes() for _ in range(3)] == [1000, 1000, 2000]
