"""`from localsearch import …`: what scripts may rely on, and what the documentation says of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import localsearch
from tests.conftest import write_library

if TYPE_CHECKING:
    import pytest

    from localsearch.config import Paths

_SECTION = (
    (Path(__file__).parent.parent / "docs/scripting.md")
    .read_text(encoding="utf-8")
    .split("## From Python\n")[1]
    .split("\n## ")[0]
)
_PROMISED = {
    "Hit",
    "Index",
    "IndexReport",
    "LocalsearchError",
    "Locator",
    "NoIndexError",
    "Query",
    "Stage",
    "Status",
    "StoreLockedError",
    "UsageError",
    "open_index",
}


def test_the_promised_names_are_there_and_documented() -> None:
    assert set(localsearch.__all__) == _PROMISED
    for name in _PROMISED:
        assert getattr(localsearch, name).__name__ == name
        assert f"`{name}`" in _SECTION
    assert not hasattr(localsearch, "Embedder")


def test_the_methods_in_the_documentation_are_there() -> None:
    named = set(re.findall(r"index\.(\w+)\(", _SECTION))
    assert {"search", "similar", "status", "update"} <= named
    assert all(callable(getattr(localsearch.Index, each)) for each in named)


def test_importing_it_loads_neither_the_index_nor_numpy() -> None:
    code = "import sys, localsearch; print({'numpy', 'apsw', 'localsearch.api'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_example_runs(
    home: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_library(tmp_path / "person/Documents")
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "person"))
    example = re.search(r"```python\n(.*?)```", _SECTION, re.DOTALL)
    assert example is not None
    exec(compile(example[1], "docs/scripting.md", "exec"), {})
    assert str(folder / "garden/bees.txt") in capsys.readouterr().out
    assert home.index_file.exists()
