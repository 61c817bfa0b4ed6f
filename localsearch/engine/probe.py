"""Is llama.cpp safe to run on this machine? Tried once in a child process, and remembered.

Some builds crash on some CPUs: gcc up to 12 miscompiles ggml's kernel for AMX, and any batch then
dies by a signal. The program must find that out without dying itself. Extra buffer types, which
repack the weights for such kernels, are switched off where they crash.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.engine.crashes import forget_crash, last_crash, write_down_crashes
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    import threading

    from localsearch.config import Paths
    from localsearch.engine.random_qwen3 import Quantisation

_INSTALL_AGAIN = (
    "Install it again, built here: CXXFLAGS='-fno-tree-dse -fno-dse' pip install"
    " --force-reinstall --no-cache-dir --no-binary :all: llama-cpp-python"
)
_CHILD_TIMEOUT_S = 60.0
_LOOK_UP_EVERY_S = 0.1
_PROBED_QUANTISATIONS: tuple[Quantisation, ...] = ("Q8_0", "Q4_0", "Q4_K_M", "F16", "F32")
# Enough rows that ggml takes its kernels for prompts, AMX's among them, not those for one token.
_PROBED_TOKENS = 96
# Somebody else ended the child, such as the system when memory ran out: that says nothing.
_ENDED_BY_OTHERS = frozenset(
    getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGXCPU")
    if hasattr(signal, name)
)  # fmt: skip
# Where Windows' codes for programs that crashed begin (NTSTATUS, severity "error").
_WINDOWS_CRASH = 0xC000_0000

# The command line of a child that runs small models with extra buffers on or off.
Command = Callable[[bool], Sequence[str]]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What is safe: whether anything `runs`, and whether it does with extra buffers.

    `cpu_features` is llama.cpp's own list of what it was built for and found. `tried` is False
    where the child could tell nothing, and extra buffers are then off to be safe. `crashes` counts
    the processes that it ended later, although it ran here.
    """

    build: str
    runs: bool
    extra_buffers_ok: bool
    detail: str
    cpu_features: str = ""
    tried: bool = True
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class _Outcome:
    crashed: bool
    survived: bool
    how: str
    features: str = ""


def probe_native(
    paths: Paths, *, command: Command | None = None, cancel: threading.Event | None = None
) -> ProbeResult:
    """What is safe on this machine, from memory where this build was tried here before.

    Raises ModelError where llama.cpp crashes either way, as it would take the program with it, and
    CancelledError soon after `cancel`.
    """
    build = _build()
    before = _remembered(paths.probe_file, build)
    crash = last_crash(paths)
    result = before if not crash else None
    if result is None:
        result = _probe(build, command or _child_command, cancel)
        if crash:
            result = _with_crash(result, before, crash)
        if result.tried:
            _remember(paths.probe_file, result)
            forget_crash(paths)
    if not result.runs:
        again = f" Or have it tried once more: delete {paths.probe_file}." if result.crashes else ""
        raise ModelError(
            f"llama.cpp doesn't run on this machine: {result.detail}", f"{_INSTALL_AGAIN}.{again}"
        )
    write_down_crashes(paths)
    return result


def crash_notice(paths: Paths) -> str:
    """What to tell a user of a crash that the next use of a model looks into; "" for none."""
    crash = last_crash(paths)
    if not crash:
        return ""
    return (
        f"The last run ended in a crash of llama.cpp ({crash}). Before a model is used again, it's"
        " tried anew, and what crashes is switched off; `localsearch doctor` says what was found."
    )


def _with_crash(result: ProbeResult, before: ProbeResult | None, crash: str) -> ProbeResult:
    """What's safe after it crashed in use, though small models may run: first without the kernels
    for repacked weights, and where that was so already, not at all."""
    crashes = 1 + (before.crashes if before is not None else 0)
    result = replace(result, tried=True, crashes=crashes)
    if not result.runs:
        return result
    had_extra = before is None or before.extra_buffers_ok
    if had_extra and not result.extra_buffers_ok:
        return result
    detail = f"it crashed in use ({crash})"
    if had_extra:
        detail += ", so the kernels for repacked weights are off"
        return replace(result, extra_buffers_ok=False, detail=detail)
    return replace(result, runs=False, extra_buffers_ok=False, detail=detail)


def _build() -> str:
    """What the result depends on: the library's files and the CPU."""
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


def _probe(build: str, command: Command, cancel: threading.Event | None) -> ProbeResult:
    extra = _run(command(True), cancel)
    if extra.survived:
        return ProbeResult(build, True, True, "all kernels run", extra.features)
    plain = _run(command(False), cancel)
    features = extra.features or plain.features
    if plain.crashed:
        detail = f"a small model ends with {plain.how}"
        return ProbeResult(build, False, False, detail, features)
    if plain.survived and extra.crashed:
        detail = (
            f"the kernels for repacked weights crash here ({extra.how}), so they are off; a build"
            " with CXXFLAGS='-fno-tree-dse -fno-dse' has them run"
        )
        return ProbeResult(build, True, False, detail, features)
    # Nothing is wrong with the library as far as this went; what is will show when it's loaded.
    detail = f"the kernels couldn't be tried ({extra.how}), so those for repacked weights are off"
    return ProbeResult(build, True, False, detail, features, tried=False)


def _child_command(extra_buffers: bool) -> Sequence[str]:
    # -P: a module in the folder that the user happens to stand in must not become part of us.
    return (sys.executable, "-P", "-m", "localsearch.engine.probe", str(int(extra_buffers)))


def _run(command: Sequence[str], cancel: threading.Event | None) -> _Outcome:
    _check(cancel)
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Else ggml calls a debugger, where there's one, to say where it failed.
            env=os.environ | {"GGML_NO_BACKTRACE": "1"},
        ) as child:
            try:
                said = _wait(child, cancel)
            except BaseException:
                child.kill()
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Outcome(crashed=False, survived=False, how=str(error))
    # Who stops the program by its terminal stops the child, too.
    _check(cancel)
    features = said.decode("utf-8", "replace").strip()
    code = child.returncode
    if code < 0:
        how = f"signal {-code}"
        return _Outcome(-code not in _ENDED_BY_OTHERS, survived=False, how=how, features=features)
    crashed = sys.platform == "win32" and code >= _WINDOWS_CRASH
    return _Outcome(crashed, survived=code == 0, how=f"exit code {code}", features=features)


def _wait(child: subprocess.Popen[bytes], cancel: threading.Event | None) -> bytes:
    """What the child says until its end; raises TimeoutExpired for one that has none."""
    ends_s = time.monotonic() + _CHILD_TIMEOUT_S
    while True:
        _check(cancel)
        try:
            return child.communicate(timeout=_LOOK_UP_EVERY_S)[0]
        except subprocess.TimeoutExpired:
            if time.monotonic() > ends_s:
                raise


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError


def try_kernels(extra_buffers: bool) -> None:
    """Run a batch through a small model of each quantisation; the process may die of it."""
    from localsearch.engine.native import library
    from localsearch.engine.random_qwen3 import write_random_qwen3
    from localsearch.engine.runtime import Context, Model, Span

    features = library().llama_print_system_info().decode("utf-8", "replace")
    print(features, flush=True)  # noqa: T201 (for the parent, even if what follows crashes)
    with tempfile.TemporaryDirectory() as folder:
        for quantisation in _PROBED_QUANTISATIONS:
            path = Path(folder) / f"{quantisation}.gguf"
            write_random_qwen3(path, quantisation=quantisation)
            with (
                Model(path, extra_buffers=extra_buffers) as model,
                Context(
                    model, output="logits", batch_tokens=_PROBED_TOKENS, max_sequences=1
                ) as context,
            ):
                context.decode([Span(0, [token % 64 for token in range(_PROBED_TOKENS)])])


def _remembered(path: Path, build: str) -> ProbeResult | None:
    try:
        result = ProbeResult(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return result if result.build == build else None


def _remember(path: Path, result: ProbeResult) -> None:
    try:
        private_dir(path.parent)
        # A name of its own, as two processes may end their probes at once.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(asdict(result)), encoding="utf-8")
        draft.replace(path)
    except OSError:
        # Without a memory the probe runs again the next time, which is only slower.
        return


def _leave_no_core_file() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _leave_no_core_file()
    try_kernels(extra_buffers=sys.argv[1:] != ["0"])
