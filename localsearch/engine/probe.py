"""Is llama.cpp safe to run on this machine? Tried once in a child process, and remembered.

Some builds crash on some CPUs: gcc up to 12 miscompiles ggml's kernel for AMX, and any batch then
dies by a signal. The program must find that out without dying itself. Extra buffer types, which
repack the weights for such kernels, are switched off where they crash.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.types import ModelError

if TYPE_CHECKING:
    from localsearch.config import Paths
    from localsearch.engine.random_qwen3 import Quantisation

_CHILD_TIMEOUT_S = 60.0
_PROBED_QUANTISATIONS: tuple[Quantisation, ...] = ("Q8_0", "Q4_0", "Q4_K_M", "F16")

# Runs a model's batch with extra buffers on (1) or off (0); exit code 0 means that it survived.
Try = Callable[[bool], int]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What the probe found; `runs` is False where nothing runs at all."""

    build: str
    runs: bool
    extra_buffers_ok: bool
    detail: str


def probe_native(paths: Paths, *, attempt: Try | None = None) -> ProbeResult:
    """What is safe on this machine, from memory where this build was tried here before.

    Raises ModelError where llama.cpp crashes either way.
    """
    build = _build()
    result = _remembered(paths.probe_file, build)
    if result is None:
        result = _probe(build, attempt or _run_child)
        _remember(paths.probe_file, result)
    if not result.runs:
        raise ModelError(
            f"llama.cpp doesn't run on this machine: {result.detail}",
            "Install it again, built here: CXXFLAGS='-fno-tree-dse -fno-dse' pip install"
            " --force-reinstall --no-cache-dir --no-binary :all: llama-cpp-python",
        )
    return result


def _build() -> str:
    """What the result depends on: the library's file and the CPU."""
    spec = metadata.distribution("llama-cpp-python")
    library = Path(str(spec.locate_file("llama_cpp"))) / "lib"
    stamps = [
        f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}"
        for file in sorted(library.glob("*ggml*"))
        if not file.is_symlink()
    ]
    return "|".join((spec.version, _cpu(), *stamps))


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict.fromkeys(("model name", "flags", "Features"), "")
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in fields and not fields[key.strip()]:
            fields[key.strip()] = " ".join(sorted(value.split()))
    return ";".join(fields.values()) or platform.machine()


def _probe(build: str, attempt: Try) -> ProbeResult:
    with_extra = attempt(True)
    if with_extra == 0:
        return ProbeResult(build, runs=True, extra_buffers_ok=True, detail="all kernels run")
    without = attempt(False)
    told = f"exit code {with_extra}" if with_extra > 0 else f"signal {-with_extra}"
    if without == 0:
        detail = (
            f"the kernels for repacked weights crash here ({told}), so they are off; a build with"
            " CXXFLAGS='-fno-tree-dse -fno-dse' has them run"
        )
        return ProbeResult(build, runs=True, extra_buffers_ok=False, detail=detail)
    return ProbeResult(
        build, runs=False, extra_buffers_ok=False, detail=f"a small model ends with {told}"
    )


def _run_child(extra_buffers: bool) -> int:
    command = [sys.executable, "-m", "localsearch.engine.probe", str(int(extra_buffers))]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHILD_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 1
    return done.returncode


def try_kernels(extra_buffers: bool) -> None:
    """Run a batch through a small model of each quantisation; the process may die of it."""
    from localsearch.engine.random_qwen3 import write_random_qwen3
    from localsearch.engine.runtime import Context, Model, Span

    with tempfile.TemporaryDirectory() as folder:
        for quantisation in _PROBED_QUANTISATIONS:
            path = Path(folder) / f"{quantisation}.gguf"
            write_random_qwen3(path, quantisation=quantisation)
            with (
                Model(path, extra_buffers=extra_buffers) as model,
                Context(model, output="logits", batch_tokens=96, max_sequences=1) as context,
            ):
                context.decode([Span(0, [token % 64 for token in range(96)])])


def _remembered(path: Path, build: str) -> ProbeResult | None:
    try:
        result = ProbeResult(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return result if result.build == build else None


def _remember(path: Path, result: ProbeResult) -> None:
    try:
        private_dir(path.parent)
        path.write_text(json.dumps(asdict(result)), encoding="utf-8")
    except OSError:
        # Without a memory the probe runs again the next time, which is only slower.
        return


if __name__ == "__main__":
    try_kernels(extra_buffers=sys.argv[1:] != ["0"])
