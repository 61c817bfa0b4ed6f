"""docs/privacy.md: its tests exist, every file that the program writes is in its table."""

from __future__ import annotations

import ast
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.lock import writer_lock

if TYPE_CHECKING:
    from localsearch.config import Paths

_PROJECT = Path(__file__).parent.parent
_PAGE = (_PROJECT / "docs/privacy.md").read_text(encoding="utf-8")
_NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _PAGE)))


@pytest.mark.parametrize(("file", "name"), _NAMED, ids=[name for _, name in _NAMED])
def test_a_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((_PROJECT / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    assert name in {node.name for node in tree.body if isinstance(node, functions)}


def test_claims_name_their_tests() -> None:
    assert len(_NAMED) > 15
    assert _PAGE.count("`tests/") >= len(_NAMED)


def test_every_file_of_the_program_is_listed(home: Paths) -> None:
    listed = set(re.findall(r"^\| `([\w.]+)/?`", _PAGE, re.MULTILINE))
    given = {each.name for each in fields(home)}
    properties = [name for name, kind in vars(type(home)).items() if isinstance(kind, property)]
    files = {getattr(home, name).name for name in properties if name not in given}
    assert len(files) > 10
    assert files <= listed


def test_using_it_leaves_no_file_that_is_not_listed(filled: Index) -> None:
    listed = set(re.findall(r"^\| `([\w.]+)/?`", _PAGE, re.MULTILINE))
    filled.remember("bees in the orchard")
    home = filled.paths
    with writer_lock(home.lock_file):
        written = {
            path.name.removesuffix("-wal").removesuffix("-shm")
            for folder in (home.config_dir, home.data_dir, home.state_dir, home.runtime_dir)
            for path in folder.rglob("*")
            if path.is_file() and not path.is_relative_to(home.models_dir)
        }
    assert {"index.db", "state.db", "writer.json"} <= written
    assert written <= listed


def test_history_can_be_turned_off(filled: Index) -> None:
    off = replace(config.Settings(), search=config.SearchSettings(history=False))
    with Index(filled.paths, off) as index:
        index.remember("bees in the orchard")
        assert index.history() == []
    filled.remember("bees in the orchard")
    assert filled.history() == ["bees in the orchard"]
    with Index(filled.paths, off) as index:
        assert index.history() == []
