"""How many threads make a model run fastest on this machine?"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path


def usable_threads() -> int:
    """One for each physical core, fast ones if the kinds differ, that this process may use."""
    cores = _linux_cores() if sys.platform == "linux" else _fast_cores_of_macos()
    if not cores:
        import psutil

        cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return max(1, min(cores, cgroup_cores() or cores))


def _linux_cores(system: Path = Path("/sys/devices")) -> int:
    return count_cores(os.sched_getaffinity(0), system) if sys.platform == "linux" else 0


def count_cores(allowed: Iterable[int], system: Path) -> int:
    """Physical cores behind the logical `allowed` ones, by the kernel's folder of devices.

    A core's second thread adds nothing to matrix products, and a batch waits for its slowest
    thread, so that efficiency cores beside performance cores hold it up.
    """
    allowed = set(allowed)
    # Only where cores of two kinds exist does the kernel list the fast ones so (Intel).
    fast = allowed & _read_list(system / "cpu_core/cpus")
    return len({_core_of(number, system) for number in fast or allowed})


def _core_of(number: int, system: Path) -> str:
    topology = system / f"system/cpu/cpu{number}/topology"
    try:
        package = (topology / "physical_package_id").read_text(encoding="ascii").strip()
        return f"{package}:{(topology / 'core_id').read_text(encoding='ascii').strip()}"
    except OSError:
        return str(number)


def _read_list(file: Path) -> set[int]:
    """A list of the kernel's, such as `0-3,8`; empty where there's none."""
    numbers: set[int] = set()
    try:
        for part in file.read_text(encoding="ascii").strip().split(","):
            first, _, last = part.partition("-")
            numbers.update(range(int(first), int(last or first) + 1))
    except (OSError, ValueError):
        return set()
    return numbers


def cgroup_cores(
    system: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> int | None:
    """Whole cores that this process's control group, or one above it, may use; None for all."""
    try:
        # Version 2 has one line, "0::/path"; inside a container the path is the container's root.
        path = own.read_text(encoding="utf-8").strip().rpartition(":")[2].strip("/")
    except (OSError, UnicodeDecodeError):
        return None
    group = Path(path)
    limits = [_quota(system / each / "cpu.max") for each in (group, *group.parents)]
    return min((limit for limit in limits if limit is not None), default=None)


def _quota(file: Path) -> int | None:
    try:
        quota, period = file.read_text(encoding="ascii").split()
        return None if quota == "max" else max(1, int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _fast_cores_of_macos() -> int:
    if sys.platform == "darwin":
        value, size = ctypes.c_int(0), ctypes.c_size_t(4)
        # "Performance level 0" are the fastest cores; Intel Macs don't know the name.
        failed = ctypes.CDLL(None).sysctlbyname(
            b"hw.perflevel0.physicalcpu", ctypes.byref(value), ctypes.byref(size), None, 0
        )
        return 0 if failed else value.value
    return 0
