"""Query likelihood is the mean log-probability that the model itself gives, token by token."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localsearch.config import ModelSettings, Paths
from localsearch.engine import likelihood
from localsearch.engine.gguf import write_random_qwen3
from localsearch.engine.likelihood import LikelihoodReranker, load_likelihood_reranker
from localsearch.engine.runtime import Context, Model, Span
from localsearch.types import CancelledError, ModelError

QUERY = "When does the market open?"
PASSAGES = [
    "The market opens at six.",
    "",
    "市場は朝六時に開く。",
    "Sleep and memory. " * 5,
    "Water",
]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    base = tmp_path_factory.mktemp("home")
    return Paths(*(base / name for name in ("config", "data", "state", "models", "run")))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("likelihood") / "model.gguf"
    write_random_qwen3(path, seed=21)
    return path


@pytest.fixture
def reranker(model: Path, paths: Paths) -> Iterator[LikelihoodReranker]:
    opened = load(model, paths)
    yield opened
    opened.close()


def load(path: Path, paths: Paths) -> LikelihoodReranker:
    return load_likelihood_reranker(
        path, name="test", settings=ModelSettings(threads=1), paths=paths
    )


def naive_score(context: Context, model: Model, passage: str, query: str) -> float:
    """A decode from the start for every token of the query."""
    tokens = model.tokenize(likelihood._BEFORE + passage) + model.tokenize(likelihood._BETWEEN)
    total, asked = 0.0, model.tokenize(" " + query)
    for token in asked:
        context.clear()
        logits = context.decode([Span(0, tokens)])[0].astype("float64")
        total += float(logits[token]) - math.log(sum(math.exp(value) for value in logits))
        tokens.append(token)
    return total / len(asked)


def test_scores_are_mean_log_probabilities(model: Path, reranker: LikelihoodReranker) -> None:
    scores = dict(reranker.score(QUERY, PASSAGES))
    assert reranker.score_kind == "likelihood"
    with (
        Model(model) as bare,
        Context(bare, output="logits", batch_tokens=512, max_sequences=1, threads=1) as context,
    ):
        expected = [naive_score(context, bare, passage, QUERY) for passage in PASSAGES]
    assert [scores[index] for index in range(len(PASSAGES))] == pytest.approx(expected, abs=1e-3)
    assert max(expected) - min(expected) > 0.01
    assert max(expected) < 0


def test_long_passages_and_queries_are_cut(reranker: LikelihoodReranker) -> None:
    long = "The market of the town opens at six. " * 200
    ((_, score),) = reranker.score(QUERY, [long])
    ((_, longer),) = reranker.score(QUERY, [long * 2])
    assert score == longer
    assert len(list(reranker.score(long, ["The market.", "The garden."]))) == 2


def test_an_empty_query_says_nothing(reranker: LikelihoodReranker) -> None:
    assert list(reranker.score(" ", PASSAGES)) == [(index, 0.0) for index in range(len(PASSAGES))]


def test_it_can_be_stopped_and_used_again(reranker: LikelihoodReranker) -> None:
    expected = list(reranker.score(QUERY, PASSAGES))
    cancel = threading.Event()
    scores = reranker.score(QUERY, PASSAGES * 20, cancel=cancel)
    next(scores)
    cancel.set()
    with pytest.raises(CancelledError):
        list(scores)
    assert list(reranker.score(QUERY, PASSAGES)) == expected


def test_a_closed_one_says_so(model: Path, paths: Paths) -> None:
    reranker = load(model, paths)
    reranker.close()
    with pytest.raises(ModelError, match="closed"):
        list(reranker.score(QUERY, PASSAGES))


def test_models_that_predict_no_text_are_refused(tmp_path: Path, paths: Paths) -> None:
    pooled, headed = tmp_path / "pooled.gguf", tmp_path / "headed.gguf"
    write_random_qwen3(pooled, pooling="last")
    write_random_qwen3(headed, head="cls")
    for path in (pooled, headed):
        with pytest.raises(ModelError, match="doesn't predict texts"):
            load(path, paths)


def test_the_fingerprint_is_of_weights_and_prompt(
    model: Path, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.gguf"
    write_random_qwen3(other, seed=22)
    prints = []
    for path in (model, model, other):
        reranker = load(path, paths)
        prints.append(reranker.fingerprint)
        reranker.close()
    monkeypatch.setattr(likelihood, "_BETWEEN", "\n\nQ:")
    reranker = load(model, paths)
    prints.append(reranker.fingerprint)
    reranker.close()
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
