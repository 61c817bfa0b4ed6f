"""Threads are counted by physical cores, by what a process may use, and by what is fast."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localsearch.engine.threads import cgroup_cores, count_cores, usable_threads


def add_cpu(system: Path, number: int, core: int, package: int = 0) -> None:
    topology = system / f"system/cpu/cpu{number}/topology"
    topology.mkdir(parents=True)
    (topology / "core_id").write_text(f"{core}\n")
    (topology / "physical_package_id").write_text(f"{package}\n")


def test_two_threads_of_a_core_count_once(tmp_path: Path) -> None:
    for number in range(8):
        add_cpu(tmp_path, number, core=number // 2)
    assert count_cores(range(8), tmp_path) == 4
    assert count_cores([0, 1, 4], tmp_path) == 2


def test_cores_of_two_packages_with_the_same_number_are_two(tmp_path: Path) -> None:
    add_cpu(tmp_path, 0, core=0, package=0)
    add_cpu(tmp_path, 1, core=0, package=1)
    assert count_cores([0, 1], tmp_path) == 2


def test_slow_cores_beside_fast_ones_are_left_out(tmp_path: Path) -> None:
    for number in range(8):
        add_cpu(tmp_path, number, core=number // 2 if number < 4 else number)
    (tmp_path / "cpu_core").mkdir()
    (tmp_path / "cpu_core/cpus").write_text("0-3\n")
    assert count_cores(range(8), tmp_path) == 2
    # Unless they're all that the process may use.
    assert count_cores([4, 5, 6], tmp_path) == 3


def test_cores_that_the_kernel_tells_nothing_of_are_counted(tmp_path: Path) -> None:
    assert count_cores([0, 1, 2], tmp_path) == 3


@pytest.mark.parametrize(
    ("outer", "inner", "cores"),
    [
        ("max 100000", "max 100000", None),
        ("max 100000", "250000 100000", 2),
        ("100000 100000", "400000 100000", 1),
        ("50000 100000", "max 100000", 1),
        ("garbage", "max 0", None),
    ],
)
def test_the_tightest_limit_of_the_control_groups_holds(
    tmp_path: Path, outer: str, inner: str, cores: int | None
) -> None:
    group = tmp_path / "user.slice/app.service"
    group.mkdir(parents=True)
    (group.parent / "cpu.max").write_text(outer)
    (group / "cpu.max").write_text(inner)
    own = tmp_path / "own"
    own.write_text("0::/user.slice/app.service\n")
    assert cgroup_cores(tmp_path, own) == cores


def test_without_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert cgroup_cores(tmp_path, tmp_path / "missing") is None


def test_this_machine_gets_between_one_and_all() -> None:
    assert 1 <= usable_threads() <= (os.cpu_count() or 1)
