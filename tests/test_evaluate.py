"""The measures are those of the field, counted over answers rather than files."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.evaluate import JudgedQuery, answers, evaluate, read_queries
from localsearch.types import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localsearch.evaluate import Evaluation
    from localsearch.types import Mode


def measured(
    rankings: dict[str, Sequence[str]], queries: Sequence[JudgedQuery], ms: float = 1.0
) -> Evaluation:
    return evaluate(queries, lambda query, _mode: (rankings[query.id], ms), ["hybrid"])


def one(ranked: Sequence[str], *relevant: str) -> tuple[float, float, float, float]:
    (answer,) = measured({"q": ranked}, [JudgedQuery("q", "?", relevant)]).runs[0].queries
    return answer.recall_at_1, answer.recall_at_10, answer.mrr_at_10, answer.ndcg_at_10


def test_the_measures_of_one_answer() -> None:
    assert one(["/d/a.txt", "/d/b.txt"], "a.txt") == (1.0, 1.0, 1.0, 1.0)
    assert one(["/d/b.txt", "/d/a.txt"], "a.txt") == pytest.approx((0, 1, 1 / 2, 1 / math.log2(3)))
    assert one([f"/{n}" for n in range(9)] + ["/a"], "a") == pytest.approx(
        (0, 1, 1 / 10, 1 / math.log2(11))
    )
    assert one([f"/{n}" for n in range(10)] + ["/a"], "a") == (0, 0, 0, 0)
    assert one([], "a.txt") == (0, 0, 0, 0)


def test_the_measures_of_several_answers() -> None:
    recall_1, recall_10, mrr, ndcg = one(["/x", "/a", "/y", "/b"], "a", "b", "c")
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert (recall_1, recall_10, mrr) == pytest.approx((0, 2 / 3, 1 / 2))
    assert ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)


def test_files_answer_at_path_boundaries_only() -> None:
    ranked = ["/docs/en/tides.md", "/docs/low-tides.md", "C:\\notes\\tides.md", "tides.md"]
    assert answers(ranked, ["tides.md"]) == [0, None]
    assert answers(ranked, ["en/tides.md"]) == [0, None, None, None]
    assert answers(["/docs/en/tides.md"], ["/docs/en/tides.md"]) == [0]
    assert answers(["/docs/e\u0301.md"], ["é.md"]) == [0]


def test_language_versions_of_one_answer_count_once_and_take_no_place() -> None:
    ranked = ["/en/a.txt", "/de/a.txt", "/zh/a.txt", "/x.txt", "/en/b.txt"]
    assert answers(ranked, ["a.txt", "b.txt"]) == [0, None, 1]


@given(st.lists(st.sampled_from(["/en/a", "/de/a", "/en/b", "/c", "/d"]), max_size=12))
def test_measures_stay_within_bounds(ranked: list[str]) -> None:
    values = one(ranked, "a", "b")
    assert all(0 <= value <= 1 for value in values)
    assert values[0] <= values[1]
    assert (values[2] > 0) == (values[1] > 0)


def test_groups_and_latency() -> None:
    queries = [
        JudgedQuery("1", "?", ("a",), "en", ("short", "fact")),
        JudgedQuery("2", "?", ("a",), "de", ("fact",)),
        JudgedQuery("3", "?", ("a",)),
    ]
    times_ms = iter([10.0, 20.0, 30.0, 1.0, 2.0, 3.0])
    seen: list[tuple[str, Mode]] = []

    def search(query: JudgedQuery, mode: Mode) -> tuple[list[str], float]:
        seen.append((query.id, mode))
        return (["/a"] if query.id == "1" else ["/b", "/a"]), next(times_ms)

    steps: list[None] = []
    found = evaluate(queries, search, ["keyword", "hybrid"], progress=lambda: steps.append(None))
    keyword, hybrid = found.runs
    assert [run.mode for run in found.runs] == ["keyword", "hybrid"]
    assert len(seen) == len(steps) == 6
    assert keyword.metrics.queries == 3
    assert keyword.metrics.recall_at_1 == pytest.approx(1 / 3)
    assert keyword.metrics.mrr_at_10 == pytest.approx(2 / 3)
    assert (keyword.metrics.p50_ms, keyword.metrics.p95_ms) == pytest.approx((20, 29))
    assert hybrid.metrics.p50_ms == 2
    assert [(group.name, group.metrics.recall_at_1) for group in keyword.by_lang] == [
        ("de", 0), ("en", 1),
    ]  # fmt: skip
    assert [(group.name, group.metrics.queries) for group in keyword.by_tag] == [
        ("fact", 2), ("short", 1),
    ]  # fmt: skip


def test_translations_of_a_question_may_share_its_id() -> None:
    queries = [JudgedQuery("1", "?", ("a",), "en"), JudgedQuery("1", "¿?", ("a",), "es")]
    found = evaluate(
        queries, lambda query, _: (["/a"] if query.lang == "en" else [], 1), ["hybrid"]
    )
    assert [each.recall_at_1 for each in found.runs[0].queries] == [1, 0]


def test_reading_queries(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(
        '\ufeff{"id": 7, "query": "when?", "relevant": ["./a.md", "a.md", "b/"], "lang": "en",'
        ' "tags": ["x"], "source": "unknown fields are fine"}\r\n\n'
        '{"query": "\u2028 a line separator is no line end", "relevant": ["c"]}\n',
        encoding="utf-8",
    )
    first, second = read_queries(path)
    assert first == JudgedQuery("7", "when?", ("a.md", "b/"), "en", ("x",))
    assert (second.id, second.lang, second.tags) == ("3", None, ())


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("not json", "line 2: JSON is malformed"),
        ("[]", "line 2: Expected `object`"),
        ('{"relevant": ["a"]}', "line 2: Object missing required field `query`"),
        ('{"query": "x"}', "line 2: Object missing required field `relevant`"),
        ('{"query": 1, "relevant": ["a"]}', "line 2: Expected `str`, got `int` - at `$.query`"),
        ('{"query": " ", "relevant": ["a"]}', "line 2: the query is empty"),
        ('{"query": "x", "relevant": []}', "line 2: `relevant` names no file"),
        ('{"query": "x", "relevant": ["/"]}', "line 2: `relevant` names no file"),
        ('{"query": "\\ud800", "relevant": ["a"]}', "line 2: JSON is malformed"),
    ],
)
def test_a_bad_line_is_named_with_its_cause(tmp_path: Path, line: str, cause: str) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(json.dumps({"id": 1, "query": "x", "relevant": ["a"]}) + "\n" + line + "\n")
    with pytest.raises(UsageError) as caught:
        read_queries(path)
    assert cause in caught.value.cause
    assert caught.value.remedy


def test_files_that_hold_no_queries(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n\n")
    (tmp_path / "latin").write_bytes(b'{"query": "\xe4"}')
    for name, cause in (("empty", "no query"), ("latin", "UTF-8"), ("none", "can't be read")):
        with pytest.raises(UsageError, match=cause):
            read_queries(tmp_path / name)
