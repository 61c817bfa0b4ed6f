"""`eval` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from localsearch.evaluate import answers
from tests.cli.program import PROGRAM, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths

QUERIES = [
    {"id": "bees", "lang": "en", "query": "how old is the queen", "relevant": ["bees.txt"]},
    {"id": "heat", "lang": "en", "query": "flat is cold at night", "relevant": ["heizung.txt"]},
    # Typed into the search these would be operators.
    {
        "id": "odd",
        "lang": "zh",
        "query": '-hive "retry" kind:pdf 睡眠',
        "relevant": ["睡眠.txt"],
        "tags": ["odd [bold]"],
    },
]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "queries.jsonl"
    path.write_text("".join(json.dumps(query) + "\n" for query in QUERIES), encoding="utf-8")
    return path


@pytest.fixture
def filled_home(starter_home: Paths, library: Path) -> Paths:
    done = run(starter_home, "add", str(library))
    assert done.returncode == 0, done.stderr
    return starter_home


def test_modes_stand_side_by_side_in_json(filled_home: Paths, questions: Path) -> None:
    done = run(
        filled_home, "eval", str(questions), "--mode", "keyword", "--mode", "semantic", "--json"
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    keyword, semantic = printed["runs"]
    assert (keyword["mode"], semantic["mode"]) == ("keyword", "semantic")
    for each in printed["runs"]:
        assert set(each) == {"mode", "metrics", "by_lang", "by_tag", "queries"}
        assert set(each["metrics"]) == {
            "queries", "recall@1", "recall@10", "mrr@10", "ndcg@10", "latency_p50_ms",
            "latency_p95_ms",
        }  # fmt: skip
        assert set(each["by_lang"]) == {"en", "zh"}
        assert set(each["by_tag"]) == {"odd [bold]"}
        assert [query["id"] for query in each["queries"]] == ["bees", "heat", "odd"]
        assert all(query["ms"] > 0 for query in each["queries"])
        # Whoever reads the rankings comes to the same figures.
        first = [
            answers(query["ranked"], judged["relevant"])[:1] == [0]
            for query, judged in zip(each["queries"], QUERIES, strict=True)
        ]
        assert each["metrics"]["recall@1"] == pytest.approx(sum(first) / 3)
    assert keyword["by_lang"]["zh"]["recall@1"] == 1.0
    assert keyword["queries"][2]["query"] == QUERIES[2]["query"]
    assert semantic["by_lang"]["en"]["recall@1"] == 1.0


def test_the_table_names_every_group(filled_home: Paths, questions: Path) -> None:
    done = run(filled_home, "eval", str(questions))
    assert done.returncode == 0, done.stderr
    for word in ("recall@1", "nDCG@10", "hybrid", "lang:en", "lang:zh", "odd [bold]"):
        assert word in done.stdout


def test_within_and_limit(filled_home: Paths, questions: Path, library: Path) -> None:
    done = run(
        filled_home, "eval", str(questions), "--in", str(library / "garden"), "--limit", "1",
        "--json",
    )  # fmt: skip
    (only,) = json.loads(done.stdout)["runs"]
    ranked = [path for query in only["queries"] for path in query["ranked"]]
    assert ranked
    assert all("/garden/" in path for path in ranked)
    assert all(len(query["ranked"]) <= 1 for query in only["queries"])
    assert "Only 1 results" in done.stderr
    assert "no indexed file" not in done.stderr


def test_an_answer_that_is_no_indexed_file_is_told_of(filled_home: Paths, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    asked = (["bees.txt"], ["/garden/bees.txt", "x/bees.txt"], ["ees.txt"])
    path.write_text("".join(json.dumps({"query": "q", "relevant": each}) + "\n" for each in asked))
    done = run(filled_home, "eval", str(path), "--mode", "keyword")
    assert done.returncode == 0
    assert (
        "2 questions of 3 name an answer that no indexed file is, such as x/bees.txt" in done.stderr
    )


def test_what_is_wrong_is_said(home: Paths, questions: Path, tmp_path: Path) -> None:
    assert run(home, "eval", str(questions)).returncode == 3
    missing = run(home, "eval", str(tmp_path / "none.jsonl"))
    assert missing.returncode == 2
    assert "can't be read" in missing.stderr
    (tmp_path / "bad.jsonl").write_text('{"query": "x", "relevant": ["a"]}\n{"query": "x"}\n')
    bad = run(home, "eval", str(tmp_path / "bad.jsonl"))
    assert bad.returncode == 2
    assert "line 2" in bad.stderr
    assert bad.stdout == ""


def test_interrupted_it_prints_nothing_half(filled_home: Paths, tmp_path: Path) -> None:
    # A pipe: once it's read to its end, the program is past reading and at work.
    path = tmp_path / "long.jsonl"
    os.mkfifo(path)
    lines = (
        json.dumps({"query": f"{number} bees and blight", "relevant": ["bees.txt"]})
        for number in range(50_000)
    )
    with subprocess.Popen(
        [PROGRAM, "eval", str(path), "--json"],
        env=environment(filled_home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        with path.open("w") as pipe:
            pipe.writelines(line + "\n" for line in lines)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert printed == ""
    assert "stop" in said
