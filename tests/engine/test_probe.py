"""The probe finds what crashes without crashing, remembers it, and blames nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from localsearch.config import Paths
from localsearch.engine.probe import ProbeResult, crash_notice, probe_native
from localsearch.types import CancelledError, ModelError


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(*(tmp_path / name for name in ("config", "data", "state", "models", "run")))


FINE = "print('SSE3 = 1')"
DIES = "import os, signal; print('SSE3 = 1', flush=True); os.kill(os.getpid(), signal.{})"


def children(with_extra: str, without: str, tried: list[bool]) -> Callable[[bool], Sequence[str]]:
    """Real children that run one script or the other."""

    def command(extra_buffers: bool) -> Sequence[str]:
        tried.append(extra_buffers)
        return (sys.executable, "-c", with_extra if extra_buffers else without)

    return command


def test_this_machine_runs_something(paths: Paths) -> None:
    result = probe_native(paths)
    assert result.runs
    assert result.tried
    assert result.cpu_features


def test_what_works_is_tried_once(paths: Paths) -> None:
    tried: list[bool] = []
    first = probe_native(paths, command=children(FINE, FINE, tried))
    again = probe_native(paths, command=children(FINE, FINE, tried))
    assert first == again
    assert (first.extra_buffers_ok, first.cpu_features) == (True, "SSE3 = 1")
    assert tried == [True]


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGILL", "SIGABRT", "SIGBUS", "SIGFPE"])
def test_kernels_that_crash_are_switched_off(paths: Paths, name: str) -> None:
    tried: list[bool] = []
    result = probe_native(paths, command=children(DIES.format(name), FINE, tried))
    assert (result.runs, result.extra_buffers_ok, result.tried) == (True, False, True)
    assert "signal" in result.detail
    assert result.cpu_features == "SSE3 = 1"
    assert probe_native(paths, command=children(FINE, FINE, tried)) == result
    assert tried == [True, False]


def test_a_library_that_always_crashes_is_refused(paths: Paths) -> None:
    crash = DIES.format("SIGSEGV")
    for _ in range(2):
        with pytest.raises(ModelError, match="doesn't run on this machine") as caught:
            probe_native(paths, command=children(crash, crash, []))
        assert "-fno-tree-dse" in caught.value.remedy


@pytest.mark.parametrize("script", [DIES.format("SIGKILL"), "raise SystemExit(3)", "1/0"])
def test_a_child_that_fails_otherwise_is_no_verdict(paths: Paths, script: str) -> None:
    tried: list[bool] = []
    result = probe_native(paths, command=children(script, script, tried))
    assert (result.runs, result.extra_buffers_ok, result.tried) == (True, False, False)
    # Nothing was learnt, so nothing is remembered.
    assert not paths.probe_file.exists()
    assert probe_native(paths, command=children(FINE, FINE, tried)).extra_buffers_ok


def test_a_command_that_cant_be_started_is_no_verdict(paths: Paths) -> None:
    result = probe_native(paths, command=lambda _extra: ("/nowhere/python",))
    assert (result.runs, result.extra_buffers_ok, result.tried) == (True, False, False)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"build": 1}', "\xff"])
def test_a_damaged_memory_is_made_anew(paths: Paths, content: str) -> None:
    paths.probe_file.parent.mkdir(parents=True)
    paths.probe_file.write_text(content, encoding="latin-1")
    result = probe_native(paths, command=children(FINE, FINE, []))
    assert result.extra_buffers_ok
    assert ProbeResult(**json.loads(paths.probe_file.read_text())) == result


def test_another_build_is_tried_again(paths: Paths) -> None:
    tried: list[bool] = []
    crash = children(DIES.format("SIGILL"), FINE, tried)
    old = replace(probe_native(paths, command=crash), build="another")
    paths.probe_file.write_text(json.dumps(asdict(old)))
    assert probe_native(paths, command=children(FINE, FINE, tried)).extra_buffers_ok


def test_a_folder_that_cant_be_written_is_no_hindrance(paths: Paths) -> None:
    paths.state_dir.write_text("a file where the folder would be")
    assert probe_native(paths, command=children(FINE, FINE, [])).extra_buffers_ok


def test_the_folder_one_stands_in_lends_the_child_no_modules(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "was imported"
    for name in ("numpy.py", "gguf.py", "psutil.py", "tempfile.py"):
        (tmp_path / name).write_text(f"open({str(marker)!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    assert probe_native(paths).tried
    assert not marker.exists()


# Crashes while a model runs, as a kernel would that no small model comes to.
CRASHES_LATER = """
import ctypes, sys
from pathlib import Path
from localsearch.config import Paths
from localsearch.engine.native import library
from localsearch.engine.probe import _leave_no_core_file, probe_native
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.engine.runtime import Context, Model, Span
_leave_no_core_file()
base = Path(sys.argv[1])
paths = Paths(*(base / name for name in ("config", "data", "state", "models", "run")))
probe_native(paths, command=lambda _: (sys.executable, "-c", "print('SSE3 = 1')"))
write_random_qwen3(base / "model.gguf")
library().llama_decode = ctypes.CFUNCTYPE(ctypes.c_int)(1)
with Model(base / "model.gguf") as model:
    with Context(model, output="logits", batch_tokens=8, max_sequences=1) as context:
        context.decode([Span(0, [1, 2, 3])])
"""


def crash(script: str, home: Path) -> None:
    """Run it in a process that it takes with it."""
    without_handler = {k: v for k, v in os.environ.items() if k != "PYTHONFAULTHANDLER"}
    command = (sys.executable, "-c", script, str(home))
    ended = subprocess.run(command, capture_output=True, check=False, env=without_handler)
    assert ended.returncode < 0, ended.stderr


def test_what_crashes_later_is_told_and_tried_anew(paths: Paths, tmp_path: Path) -> None:
    assert crash_notice(paths) == ""
    tried: list[bool] = []
    crash(CRASHES_LATER, tmp_path)
    assert "ended in a crash of llama.cpp (Segmentation fault)" in crash_notice(paths)
    result = probe_native(paths, command=children(FINE, FINE, tried))
    assert (tried, result.runs, result.extra_buffers_ok) == ([True], True, False)
    assert "it crashed in use (Segmentation fault)" in result.detail
    assert crash_notice(paths) == ""
    # Remembered, so that not every start tries it.
    assert probe_native(paths, command=children(FINE, FINE, tried)) == result
    assert tried == [True]
    crash(CRASHES_LATER, tmp_path)
    for _ in range(2):
        with pytest.raises(ModelError, match="it crashed in use") as caught:
            probe_native(paths, command=children(FINE, FINE, []))
        assert "-fno-tree-dse" in caught.value.remedy
        assert str(paths.probe_file) in caught.value.remedy


# Other native code crashes, while a thread of the engine's waits for its model to be idle.
CRASHES_ELSEWHERE = """
import ctypes, sys, threading
from pathlib import Path
from localsearch.config import Paths
from localsearch.engine.crashes import write_down_crashes
from localsearch.engine.probe import _leave_no_core_file
from localsearch.engine.while_used import WhileUsed
_leave_no_core_file()
base = Path(sys.argv[1])
write_down_crashes(Paths(*(base / name for name in ("config", "data", "state", "models", "run"))))
class Loaded:
    def close(self): pass
with WhileUsed(Loaded, idle_s=3600).in_use():
    pass
assert any(thread.name == "idle-unload" for thread in threading.enumerate())
ctypes.string_at(1)
"""


def test_a_crash_of_other_native_code_is_none_of_llama_cpps(paths: Paths, tmp_path: Path) -> None:
    crash(CRASHES_ELSEWHERE, tmp_path)
    told = paths.crash_file.read_text()
    assert "Segmentation fault" in told
    assert "while_used.py" in told
    assert crash_notice(paths) == ""


def test_who_stops_waits_for_no_child(paths: Paths) -> None:
    cancel = threading.Event()
    tried: list[bool] = []
    children_of = children("import time; time.sleep(50)", FINE, tried)

    def command(extra_buffers: bool) -> Sequence[str]:
        # As by a terminal, while the first one runs.
        threading.Timer(0.2, cancel.set).start()
        return children_of(extra_buffers)

    with pytest.raises(CancelledError):
        probe_native(paths, command=command, cancel=cancel)
    assert tried == [True]
    assert not paths.probe_file.exists()
    with pytest.raises(CancelledError):
        probe_native(paths, command=children_of, cancel=cancel)
