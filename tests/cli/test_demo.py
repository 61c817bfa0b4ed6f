"""The README's and `make demo`'s promise: questions are answered, from other languages too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import run
from tools.demo import PROJECT, QUESTIONS

if TYPE_CHECKING:
    from localsearch.config import Paths

_ANSWERS = dict(
    zip(QUESTIONS, ("vermieter-heizung.txt", "kaffeemaschine.html", "bicycle.pdf"), strict=True)
)


@pytest.fixture
def demo_home(starter_home: Paths) -> Paths:
    done = run(starter_home, "add", str(PROJECT / "docs"), str(PROJECT / "sample"))
    assert done.returncode == 0, done.stderr
    return starter_home


def test_each_question_finds_its_answer_among_the_first_three(demo_home: Paths) -> None:
    for question, answer in _ANSWERS.items():
        done = run(demo_home, "search", "--json", "-n", "3", question)
        found = [Path(each["path"]).name for each in json.loads(done.stdout)["results"]]
        assert answer in found, question
