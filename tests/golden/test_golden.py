"""Our vectors and scores are those of the official recipes (values made by `generate.py`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from localsearch.config import ModelSettings, Paths
from localsearch.engine.embedder import load_embedder
from localsearch.engine.gguf import Head, Qwen3Shape, write_random_qwen3
from localsearch.engine.plain_text import PlainText
from localsearch.engine.reranker import load_reranker
from localsearch.engine.runtime import Model
from localsearch.types import Embedder
from tests.golden.cases import QUERIES, TEXTS

HERE = Path(__file__).parent
RECIPE = json.loads((HERE / "recipe.json").read_text(encoding="utf-8"))
VALUES: dict[str, Any] = json.loads((HERE / "values.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("golden")


@pytest.fixture(scope="module")
def paths(folder: Path) -> Paths:
    return Paths(*(folder / name for name in ("config", "data", "state", "models", "run")))


def write_model(folder: Path, head: Head = "none") -> Path:
    path = folder / f"golden-{head}.gguf"
    write_random_qwen3(path, Qwen3Shape(**RECIPE["shape"]), seed=RECIPE["seed"], head=head)
    return path


@pytest.mark.parametrize("case", TEXTS)
def test_token_ids_are_the_official_ones(folder: Path, case: str) -> None:
    with Model(write_model(folder), vocabulary_only=True) as model:
        assert PlainText(model).tokens(TEXTS[case]) == VALUES["ids"][case]


@pytest.fixture(scope="module")
def embedder(folder: Path, paths: Paths) -> Iterator[Embedder]:
    settings = ModelSettings(threads=1, search_task=RECIPE["search_task"])
    loaded = load_embedder(
        write_model(folder), name="golden", settings=settings, paths=paths, weights_sha256=""
    )
    yield loaded
    loaded.close()


def test_embeddings_are_the_official_ones(embedder: Embedder) -> None:
    official = np.load(HERE / "vectors.npz")
    documents = embedder.embed_documents(list(TEXTS.values()))
    queries = np.stack([embedder.embed_query(query) for query in QUERIES.values()])
    for ours, golden, names in (
        (documents, official["documents"], TEXTS),
        (queries, official["queries"], QUERIES),
    ):
        cosines = dict(zip(names, (ours * golden).sum(axis=1), strict=True))
        off = {name: c for name, c in cosines.items() if c < 0.9999}
        assert off == {}
        assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("head", get_args(Head))
def test_rerank_scores_are_the_official_ones(folder: Path, paths: Paths, head: Head) -> None:
    reranker = load_reranker(
        write_model(folder, head),
        name="golden",
        settings=ModelSettings(threads=1),
        paths=paths,
        task=RECIPE["search_task"],
    )
    for name, query in QUERIES.items():
        scores = dict(reranker.score(query, list(TEXTS.values())))
        ours = [scores[index] for index in range(len(TEXTS))]
        assert ours == pytest.approx(list(VALUES["scores"][name].values()), abs=1e-3), name
    reranker.close()


def test_the_golden_scores_tell_passages_and_queries_apart() -> None:
    table = np.array([list(scores.values()) for scores in VALUES["scores"].values()])
    assert table.shape == (len(QUERIES), len(TEXTS))
    assert table.std(axis=1).min() > 0.1
    assert table.std(axis=0).min() > 0.01
