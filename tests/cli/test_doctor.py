"""`doctor` as a user meets it: on a good machine, a fresh one, and one whose installation broke."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import PROGRAM, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths


def run_broken(
    home: Paths, folder: Path, module: str, source: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run the program where `module` is shadowed by one that doesn't work."""
    folder.mkdir()
    (folder / f"{module}.py").write_text(source)
    kept = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(folder), *filter(None, [kept])])
    return subprocess.run(
        [PROGRAM, *arguments],
        env={**environment(home), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_good_machine(starter_home: Paths, library: Path) -> None:
    assert run(starter_home, "add", str(library)).returncode == 0
    done = run(starter_home, "doctor")
    assert done.returncode == 0, done.stdout
    assert "problem" not in {line.split()[0] for line in done.stdout.splitlines()}
    assert "index: whole: 5 files" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_json(starter_home: Paths) -> None:
    done = run(starter_home, "doctor", "--json")
    assert done.returncode == 0
    findings = json.loads(done.stdout)
    assert all(set(each) == {"check", "ok", "level", "detail", "fix"} for each in findings)
    assert all(each["ok"] is True for each in findings)
    assert {each["level"] for each in findings} <= {"ok", "warning"}


def test_a_fresh_machine(home: Paths) -> None:
    done = run(home, "doctor")
    assert done.returncode == 0
    assert "there is none yet" in done.stdout
    # What it examines it doesn't make.
    assert not home.index_file.exists()
    assert list(home.models_dir.glob("*.gguf")) == []


@pytest.mark.parametrize(
    ("module", "source", "package", "said"),
    [
        ("sqlite_vec", "raise ModuleNotFoundError('No module named sqlite_vec')", "sqlite-vec", ""),
        ("llama_cpp", "raise OSError('libllama.so: cannot open')", "llama-cpp-python", "libllama"),
        ("numpy", "raise RuntimeError('needs X86_V2')", "numpy", "X86_V2"),
        ("numpy", "import os, signal; os.kill(os.getpid(), signal.SIGILL)", "numpy", "signal 4"),
        ("apsw", "x = ", "apsw", "SyntaxError"),
        ("msgspec", "raise ImportError('undefined symbol')", "msgspec", "undefined symbol"),
        ("platformdirs", "raise ImportError('gone')", "platformdirs", "gone"),
        ("textual", "1 / 0", "textual", "ZeroDivisionError"),
    ],
)
def test_a_broken_part_is_named_instead_of_a_traceback(
    starter_home: Paths, tmp_path: Path, module: str, source: str, package: str, said: str
) -> None:
    done = run_broken(starter_home, tmp_path / "broken", module, source, "doctor")
    assert done.returncode == 5
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stdout.splitlines()
    # The cause comes first; others may fail along with it.
    line = next(line for line in lines if line.startswith("problem  packages:"))
    assert f" {package} " in line
    assert said in line
    assert "Install localsearch again" in done.stdout


def test_without_what_reads_the_command_line_it_is_said_all_the_same(
    home: Paths, tmp_path: Path
) -> None:
    source = "raise ModuleNotFoundError('No module named click')"
    done = run_broken(home, tmp_path / "broken", "click", source, "doctor")
    assert (done.returncode, done.stdout) == (5, "")
    assert "Traceback" not in done.stderr
    assert "No module named click" in done.stderr
    # The name alone would bring another program from Python's registry.
    assert "uv tool install --reinstall '.[all]'" in done.stderr


def test_sqlite_vec_without_its_library(starter_home: Paths, tmp_path: Path) -> None:
    source = "def loadable_path(): return '/nowhere/vec0'"
    done = run_broken(starter_home, tmp_path / "broken", "sqlite_vec", source, "doctor", "--json")
    assert done.returncode == 5
    [problem] = [each for each in json.loads(done.stdout) if each["level"] == "problem"]
    assert (problem["check"], problem["ok"]) == ("sqlite", False)
    assert "pip install" in problem["fix"]


def test_a_damaged_index(starter_home: Paths, library: Path) -> None:
    assert run(starter_home, "add", str(library)).returncode == 0
    with starter_home.index_file.open("r+b") as file:
        file.truncate(40_000)
    done = run(starter_home, "doctor")
    assert done.returncode == 4, done.stdout
    assert "Traceback" not in done.stderr
    assert "localsearch index" in done.stdout
