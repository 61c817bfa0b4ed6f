"""A module that can't be imported is named, however it fails, and the others are still tried."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localsearch.health.loading import import_problems


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules child processes can import."""
    kept = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [kept])]))
    return tmp_path


def test_what_loads_is_no_problem() -> None:
    assert import_problems(["json", "numpy", "apsw"]) == {}


def test_nothing_to_import() -> None:
    assert import_problems([]) == {}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise RuntimeError('built for another CPU')", "RuntimeError: built for another CPU"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"),
        ("import os; os._exit(3)", "exit code 3"),
        ("raise SystemExit(4)", "exit code 4"),
    ],
)
def test_each_way_to_fail(folder: Path, source: str, said: str) -> None:
    (folder / "first_broken.py").write_text(source)
    (folder / "second_broken.py").write_text("raise OSError('libfoo.so.1: cannot open')")
    problems = import_problems(["json", "first_broken", "csv", "second_broken", "array"])
    assert set(problems) == {"first_broken", "second_broken"}
    assert said in problems["first_broken"]
    assert problems["second_broken"] == "OSError: libfoo.so.1: cannot open"


def test_a_module_that_is_not_there() -> None:
    assert "No module named" in import_problems(["not_there_at_all"])["not_there_at_all"]


def test_what_a_module_prints_is_no_answer(folder: Path) -> None:
    (folder / "noisy.py").write_text(
        "import os; print('{\"json\": \"broken\"}'); os.system('echo x')"
    )
    assert import_problems(["noisy", "json"]) == {}
