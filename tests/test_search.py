from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from localsearch.api import Index
from localsearch.config import ModelSettings, Paths, Settings
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.types import CancelledError, SemanticUnavailableError
from tests.conftest import write_library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localsearch.types import Stage


def stages(index: Index, text: str, **options: object) -> list[Stage]:
    return list(index.search(index.parse(text, **options)))  # type: ignore[arg-type]


def paths(stage: Stage, folder: Path) -> list[str]:
    return [hit.path.removeprefix(str(folder) + "/") for hit in stage.hits]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_library(tmp_path_factory.mktemp("searched") / "library")


@pytest.fixture(scope="module")
def filled(
    starter_models_dir: Path, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Index]:
    """An index of the library that no test of this module changes."""
    base = tmp_path_factory.mktemp("home")
    home = Paths(base / "config", base / "data", base / "state", starter_models_dir, base / "run")
    with Index(home, Settings()) as opened:
        opened.add_roots([str(library)])
        opened.update()
        yield opened


@pytest.fixture
def judging(filled: Index, tmp_path: Path) -> Iterator[Index]:
    """The index of the library, with a reranker of random weights."""
    path = tmp_path / "random-reranker.gguf"
    write_random_qwen3(path, head="cls", name="random reranker")
    settings = Settings(models=ModelSettings(reranker=str(path)))
    with Index(filled.paths, settings) as opened:
        yield opened


def test_words_come_first_then_meaning(filled: Index, library: Path) -> None:
    found = stages(filled, "hive in the orchard")
    assert [stage.name for stage in found] == ["keyword", "hybrid"]
    assert [stage.final for stage in found] == [False, True]
    for stage in found:
        assert paths(stage, library)[0] == "garden/bees.txt"
    assert found[1].timings_ms.embed > 0


def test_meaning_crosses_languages(filled: Index, library: Path) -> None:
    found = stages(filled, "the flat gets cold at night")[-1]
    assert paths(found, library)[0] == "letters/heizung.txt"


def test_what_only_words_find_gets_its_true_cosine(filled: Index, library: Path) -> None:
    hit = next(h for h in stages(filled, "recordFailure")[-1].hits if h.path.endswith("retry.py"))
    assert hit.why.keyword_rank == 1
    assert hit.why.vector_score is not None
    assert hit.why.coverage is not None
    assert hit.why.coverage_baseline is not None
    excess = max(0, hit.why.coverage - hit.why.coverage_baseline)
    weight = dict(hit.why.weights)["coverage"]
    assert hit.score == pytest.approx(hit.why.vector_score + weight * excess)


def test_a_question_without_spaces_is_found_by_some_of_its_words(
    filled: Index, library: Path
) -> None:
    (found,) = stages(filled, "睡眠对学习有什么帮助呢", mode="keyword")
    assert paths(found, library) == ["notes/睡眠.txt"]


def test_one_hit_a_file_unless_passages_are_wanted(filled: Index, library: Path) -> None:
    by_file = paths(stages(filled, "tomatoes")[-1], library)
    assert len(by_file) == len(set(by_file))
    by_passage = paths(stages(filled, "tomatoes", passages=True)[-1], library)
    assert by_passage.count("garden/tomatoes.md") == 2


def test_filters_phrases_and_exclusions_hold_for_meaning_too(filled: Index, library: Path) -> None:
    for text, expected in (
        ("plants kind:code", {"code/retry.py"}),
        ("garden path:garden", {"garden/tomatoes.md", "garden/bees.txt"}),
        ('weather "roof of foil"', {"garden/tomatoes.md"}),
        ("animals ext:txt lang:zh", {"notes/睡眠.txt"}),
    ):
        assert set(paths(stages(filled, text)[-1], library)) == expected, text
    assert "garden/bees.txt" not in paths(stages(filled, "animals -hive")[-1], library)


def test_filters_alone_list_files(filled: Index, library: Path) -> None:
    (found,) = stages(filled, "kind:code")
    assert found.final
    assert paths(found, library) == ["code/retry.py"]


def test_a_cancelled_search_ends(filled: Index) -> None:
    cancel = threading.Event()
    running = filled.search(filled.parse("garden"), cancel=cancel)
    assert next(running).name == "keyword"
    cancel.set()
    with pytest.raises(CancelledError):
        next(running)


def test_meaning_alone_needs_its_model(filled: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localsearch.engine.starter.find_starter_weights", lambda: None)
    empty = replace(filled.paths, models_dir=filled.paths.data_dir / "empty")
    with Index(empty, Settings()) as other:
        with pytest.raises(SemanticUnavailableError) as raised:
            stages(other, "garden", mode="semantic")
        assert raised.value.remedy
        first, last = stages(other, "hive")
        assert last.final
        assert "by meaning is off" in last.notice
        assert last.hits == first.hits


def test_a_reranker_judges_in_steps_and_shows_its_score(judging: Index, library: Path) -> None:
    found = stages(judging, "hive in the orchard", budget_s=60.0)
    reranked = [stage for stage in found if stage.name == "reranked"]
    assert reranked
    assert reranked[-1].final
    assert reranked[-1].reranked == 5
    counts = [stage.reranked for stage in reranked]
    assert counts == sorted(counts)
    hits = reranked[-1].hits
    for hit in hits:
        assert hit.score_kind == "rerank"
        assert hit.score == hit.why.rerank_score
        assert 0 <= hit.score <= 1
        assert hit.relevant is (hit.score >= 0.5)
    assert reranked[-1].nothing_relevant is (max(hit.score for hit in hits) < 0.5)
    judged = stages(judging, "hive in the orchard", budget_s=60.0)
    assert {hit.path: hit.score for hit in judged[-1].hits} == {hit.path: hit.score for hit in hits}


def test_known_scores_cost_no_time(judging: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stages(judging, "garden", budget_s=60.0)[-1]
    reranker = judging._open_reranker()
    assert reranker is not None

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("everything was judged before")

    monkeypatch.setattr(reranker, "score", refuse)
    again = stages(judging, "garden", budget_s=0.001)[-1]
    assert [hit.path for hit in again.hits] == [hit.path for hit in first.hits]


def test_reranking_can_be_left_out(judging: Index) -> None:
    for options in ({"rerank": False}, {"budget_s": 0.0}):
        found = stages(judging, "garden", **options)
        assert [stage.name for stage in found] == ["keyword", "hybrid"]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "wort " * 2000,
        '"" - : AND OR NOT NEAR(a b) "',
        "'; DROP TABLE files; --",
        "\x00\x1b[31m \u202e \ud800",
        "🦀🎉 👨‍👩‍👧‍👦",
        "ᚠᚢᚦᚨᚱᚲ",
        "   ",
        "*",
        '"unbalanced',
        "chunks_fts:title ^x {a b}:c",
    ],
    ids=range(11),
)
def test_no_query_breaks_a_search(filled: Index, text: str) -> None:
    for mode in ("hybrid", "keyword", "semantic"):
        found = stages(filled, text, mode=mode, prefix_last=True)
        assert found[-1].final
