"""The list of what we're made of is the one that's installed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from localsearch.health.parts import PARTS, check_parts, check_python

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_every_dependency_is_looked_at() -> None:
    declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\s\[><=!~;]", each)[0] for each in declared}
    assert {part.package for part in PARTS} == names


def test_all_load_here() -> None:
    problems, [finding] = check_parts()
    assert problems == {}
    assert finding.level == "ok"


def test_python_is_named() -> None:
    [finding] = check_python()
    assert finding.level == "ok"
    assert "Python 3." in finding.text
