"""Do SQLite and llama.cpp work here, with what builds, and by which kernels?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.types import Finding

if TYPE_CHECKING:
    from localsearch.config import Paths

# What llama.cpp calls a feature, and what Linux calls it in /proc/cpuinfo.
_FEATURES = {
    "AVX": "avx",
    "AVX2": "avx2",
    "FMA": "fma",
    "F16C": "f16c",
    "AVX512": "avx512f",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    "AMX_INT8": "amx_int8",
}
_REBUILD = (
    "A build made on this machine uses them: CXXFLAGS='-fno-tree-dse -fno-dse' pip install"
    " --force-reinstall --no-cache-dir --no-binary :all: llama-cpp-python"
)


def check_sqlite() -> Iterator[Finding]:
    """Full text and vectors, tried in memory."""
    from localsearch.db import try_builds

    builds = try_builds()
    yield Finding(
        "sqlite",
        "ok",
        f"SQLite {builds.sqlite} with full text, loads extensions; sqlite-vec {builds.sqlite_vec}",
    )


def check_llama(paths: Paths) -> Iterator[Finding]:
    """Which kernels run, whether the build leaves any unused, and whether they compute rightly."""
    from localsearch.engine.probe import probe_native

    probed = probe_native(paths)
    build = f"llama-cpp-python {metadata.version('llama-cpp-python')}"
    uses = enabled_features(probed.cpu_features)
    text = f"{build}: {probed.detail}; it uses {' '.join(uses) or 'no special instructions'}"
    unused = [each for each in _cpu_has() if each not in uses]
    if not probed.extra_buffers_ok:
        yield Finding("llama.cpp", "warning", text, _REBUILD)
    elif unused:
        text += f", of what the processor has not {' '.join(unused)}"
        yield Finding("llama.cpp", "warning", text, _REBUILD)
    else:
        yield Finding("llama.cpp", "ok", text)
    yield from _check_kernels(paths)


def _check_kernels(paths: Paths) -> Iterator[Finding]:
    from localsearch.engine.self_test import run_self_test

    results = run_self_test(paths)
    shown = ", ".join(f"{each.quantisation} {each.cosine:.4f}" for each in results)
    wrong = [each for each in results if not each.passed]
    if not wrong:
        text = (
            f"they compute rightly: cosine to the official recipe {shown}; what's below 1 is the"
            " price of storing weights in so few bits"
        )
        yield Finding("kernels", "ok", text)
    for each in wrong:
        text = (
            f"llama.cpp computes wrongly with {each.quantisation} weights: cosine"
            f" {each.cosine:.6f} to the official recipe's vectors, not {each.least} or more"
        )
        yield Finding("kernels", "problem", text, _REBUILD)


def enabled_features(system_info: str) -> tuple[str, ...]:
    """The features that llama.cpp's own line says are in use ("AVX2 = 1 | …")."""
    return tuple(re.findall(r"(\w+) = 1\b", system_info))


def _cpu_has(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str, ...]:
    """Features that the processor has and llama.cpp knows; empty where Linux doesn't tell."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    found = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    return tuple(name for name, flag in _FEATURES.items() if flag in flags)
