"""Answers in the forms that other programs read."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from localsearch.cli.results import as_vimgrep
from localsearch.types import Coverage, Hit, Locator, Stage, Timings, Why
from tests.cli.program import PROGRAM, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.config import Paths

KEYWORD = ("search", "--mode", "keyword")


@pytest.mark.parametrize("command", ["search", "similar"])
@pytest.mark.parametrize(
    "options",
    [("--json", "--files"), ("--vimgrep", "--json-lines"), ("--files", "--json", "--vimgrep")],
)
def test_two_forms_are_refused(home: Paths, command: str, options: tuple[str, ...]) -> None:
    done = run(home, command, *options, "hive")
    assert done.returncode == 2
    assert options[0] in done.stderr
    assert options[1] in done.stderr
    assert done.stdout == ""


def test_a_form_may_be_named_twice_and_nul_goes_with_files_alone(filled: Index) -> None:
    assert run(filled.paths, *KEYWORD, "--files", "--json", "hive").returncode == 2
    assert run(filled.paths, *KEYWORD, "--json", "-0", "hive").returncode == 2
    assert run(filled.paths, *KEYWORD, "-0", "hive").returncode == 2


@pytest.fixture
def oddly_named(filled: Index, library: Path) -> tuple[Index, bytes]:
    name = os.fsencode(library) + b"/two\nlines of caf\xe9.txt"
    with open(name, "wb") as file:
        file.write(b"The lighthouse keeper is alone.\n")
    filled.update()
    return filled, name


def ask(index: Index, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [PROGRAM, *KEYWORD, *arguments],
        env=environment(index.paths),
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_names_arrive_whole_between_nuls(oddly_named: tuple[Index, bytes]) -> None:
    index, name = oddly_named
    for option in ("-0", "--null"):
        done = ask(index, "--files", option, "lighthouse")
        assert (done.stdout, done.stderr) == (name + b"\0", b"")


def test_names_that_break_lines_are_told_of(oddly_named: tuple[Index, bytes]) -> None:
    index, name = oddly_named
    done = ask(index, "--files", "lighthouse")
    assert done.stdout == name + b"\n"
    assert b"--files -0" in done.stderr
    done = ask(index, "--vimgrep", "lighthouse")
    assert done.stdout.count(b"\n") == 1
    assert b"--files -0" in done.stderr


def test_vimgrep_names_the_line_and_the_byte_of_the_word(filled: Index, library: Path) -> None:
    (library / "show.txt").write_text("The party\nhas älways an\n  \tärt-show, said Art.\n")
    filled.update()
    done = run(filled.paths, *KEYWORD, "--vimgrep", "art")
    # Umlauts have two bytes; "party" only ends like the word.
    assert done.stdout == f"{library / 'show.txt'}:3:4:   ärt-show, said Art.\n"


def _stage(hit: Hit) -> Stage:
    return Stage("keyword", "keyword", (hit,), Timings(), Coverage(), final=True)


def test_a_passage_whose_lines_are_not_the_files_is_named_by_its_first() -> None:
    hit = Hit(
        "/a.csv", "", "a", "sheet", None, Locator(line_start=7, line_end=8), "name: x name: y",
        ((14, 15),), 1.0, "keyword", Why(), 0, text="name: x\n\n\n\nname: y",
    )  # fmt: skip
    [row] = as_vimgrep(_stage(hit))
    assert row == b"/a.csv:7:1:name: x name: y\n"


def test_names_that_are_not_utf8_are_spelt_as_they_are() -> None:
    hit = Hit(
        os.fsdecode(b"/caf\xe9.txt"), "", "", "text", None, Locator(), "", (), 1.0, "keyword",
        Why(), 0,
    )  # fmt: skip
    assert list(as_vimgrep(_stage(hit))) == [b"/caf\xe9.txt:1:1:\n"]
