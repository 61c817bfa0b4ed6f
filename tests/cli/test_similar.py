"""`similar` prints as `search` does, and says what it can't do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from localsearch.cli.similar import split_place
from tests.cli.program import run

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths


@pytest.fixture
def filled_home(starter_home: Paths, library: Path) -> Paths:
    text = (library / "garden/bees.txt").read_text()
    (library / "abejas.txt").write_text(
        "La colmena se trasladó al huerto en abril. La reina tiene dos años.\n"
    )
    (library / "bees again.txt").write_text(text.replace(". ", ".\n"))
    assert run(starter_home, "add", str(library)).returncode == 0
    return starter_home


def test_for_people(filled_home: Paths, library: Path) -> None:
    done = run(filled_home, "similar", str(library / "garden/bees.txt"), "-n", "2")
    assert done.returncode == 0
    headings = [line for line in done.stdout.splitlines() if line[:2].strip().isdigit()]
    assert headings[0].endswith("the same text")
    assert "abejas" in headings[1]
    assert done.stderr == ""


def test_json(filled_home: Paths, library: Path) -> None:
    asked = str(library / "abejas.txt")
    answer = json.loads(run(filled_home, "similar", "--json", asked).stdout)
    assert answer["query"] == asked
    assert answer["mode"] == "semantic"
    first = answer["results"][0]
    names = {"garden/bees.txt", "bees again.txt"}
    held = {first["path"], *(each["path"] for each in first["copies"])}
    assert held == {str(library / name) for name in names}
    assert first["same_text"] is False
    assert first["score_kind"] == "vector"
    assert first["locator"]["line_start"] == 1


def test_forms_for_other_programs(filled_home: Paths, library: Path) -> None:
    asked = f"{library / 'abejas.txt'}:1"
    path, copy = run(filled_home, "similar", "--files", "-n1", asked).stdout.splitlines()
    assert {path, copy} == {str(library / name) for name in ("garden/bees.txt", "bees again.txt")}
    [line] = run(filled_home, "similar", "--vimgrep", "-n1", asked).stdout.splitlines()
    assert line.startswith(f"{path}:1:1:")
    lines = run(filled_home, "similar", "--json-lines", "-n2", asked).stdout.splitlines()
    assert [json.loads(each)["rank"] for each in lines] == [1, 2]


def test_it_says_what_it_cannot_do(filled_home: Paths, library: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.txt").touch()
    for code, said, arguments in (
        (2, "Its text ends at", [f"{library / 'abejas.txt'}:99"]),
        (2, "there is no folder", [str(library / "abejas.txt"), "--in", "/not/there"]),
        (2, "there is no file", [str(tmp_path / "not there.txt")]),
        (3, "localsearch add", [str(tmp_path / "elsewhere.txt")]),
        (2, "Missing argument", []),
    ):
        done = run(filled_home, "similar", *arguments)
        assert done.returncode == code, arguments
        assert said in done.stderr
        assert done.stdout == ""


def test_no_index_is_3(home: Paths, library: Path) -> None:
    done = run(home, "similar", str(library / "garden/bees.txt"))
    assert done.returncode == 3
    assert "localsearch add" in done.stderr


def test_nothing_else_is_1(filled_home: Paths, library: Path) -> None:
    done = run(
        filled_home, "similar", str(library / "abejas.txt"), "--in", str(library / "abejas.txt")
    )
    assert done.returncode == 1
    assert "Nothing found" in done.stdout


def test_a_place_is_told_from_a_name(tmp_path: Path) -> None:
    assert split_place("notes.md") == ("notes.md", None)
    assert split_place("notes.md:12") == ("notes.md", 12)
    assert split_place("notes:old.md") == ("notes:old.md", None)
    named = tmp_path / "minutes:12"
    named.touch()
    assert split_place(str(named)) == (str(named), None)
    assert split_place(f"{named}:3") == (str(named), 3)
