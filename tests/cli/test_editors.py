"""The recipes of docs/editors.md, in the editors themselves where they're installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import PROGRAM, environment

if TYPE_CHECKING:
    from localsearch.api import Index

_PAGE = (Path(__file__).parent.parent.parent / "docs/editors.md").read_text(encoding="utf-8")


def recipe(language: str) -> str:
    """The block of that language; there is one."""
    [found] = re.findall(rf"```{language}\n(.*?)```", _PAGE, re.DOTALL)
    return str(found)


def run(filled: Index, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(Path(PROGRAM).parent), os.environ["PATH"]))
    return subprocess.run(
        command,
        env={**environment(filled.paths), "PATH": path, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def editor(
    filled: Index, tmp_path: Path, arguments: list[str], commands: list[str]
) -> list[dict[str, object]]:
    """The places in the quickfix list, after these commands."""
    places = tmp_path / "places.json"
    written = (
        "map(getqflist(), {_, each -> "
        "{'file': bufname(each.bufnr), 'line': each.lnum, 'valid': each.valid}})"
    )
    script = tmp_path / "script.vim"
    save = f"call writefile([json_encode({written})], '{places}')"
    script.write_text("\n".join([*commands, save, "qall!"]), encoding="utf-8")
    run(filled, *arguments, "-S", str(script))
    found: list[dict[str, object]] = json.loads(places.read_text(encoding="utf-8"))
    return [each for each in found if each["valid"]]


@pytest.mark.parametrize("name", ["vim", "nvim"])
def test_the_commands_fill_the_quickfix_list(
    name: str, filled: Index, library: Path, tmp_path: Path
) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
    if name == "vim":
        (tmp_path / "vimrc").write_text(recipe("vim"), encoding="utf-8")
        arguments = ["vim", "-N", "-es", "-u", str(tmp_path / "vimrc"), "-i", "NONE"]
    else:
        (tmp_path / "init.lua").write_text(recipe("lua"), encoding="utf-8")
        arguments = ["nvim", "--headless", "-u", str(tmp_path / "init.lua"), "-i", "NONE"]
    tomatoes = library / "garden/tomatoes.md"
    found = editor(filled, tmp_path, arguments, ['Lsx what\'s good against "blight"'])
    assert found[0] == {"file": str(tomatoes), "line": 5, "valid": 1}

    alike = editor(filled, tmp_path, arguments, [f"edit {tomatoes}", "7", "LsxSimilar"])
    assert alike
    assert all(place["file"] != str(tomatoes) for place in alike)


def test_vs_codes_task_runs_and_its_pattern_reads_the_places(filled: Index, library: Path) -> None:
    recipe_json = json.loads(recipe("json"))
    [task] = recipe_json["tasks"]
    [asked] = recipe_json["inputs"]
    question = "-n queen bees"  # What looks like an option is a query, too.
    filled_in = {f"${{input:{asked['id']}}}": question}
    command = [task["command"], *(filled_in.get(each, each) for each in task["args"])]
    pattern = task["problemMatcher"]["pattern"]
    lines = run(filled, *command).stdout.splitlines()
    places = [re.match(pattern["regexp"], line) for line in lines]
    assert places
    assert all(places)
    first = places[0]
    assert first is not None
    assert first[pattern["file"]] == str(library / "garden/bees.txt")
    assert (first[pattern["line"]], first[pattern["column"]]) != ("", "")
    assert "queen" in first[pattern["message"]]
    on_windows = re.match(pattern["regexp"], r"C:\notes\bees.txt:12:3:The hive")
    assert on_windows is not None
    assert on_windows[pattern["file"]] == r"C:\notes\bees.txt"
