"""A chosen model becomes one that embeds or judges, with the real engine on small models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from localsearch.config import ModelSettings, Paths, Settings
from localsearch.engine.gguf import write_random_qwen3
from localsearch.models import get_entry, open_embedder, open_reranker


def install(paths: Paths, name: str) -> Path:
    """A small model of the right kind where the catalogue's would be."""
    entry = get_entry(name)
    paths.models_dir.mkdir(parents=True, exist_ok=True)
    path = paths.models_dir / entry.file
    write_random_qwen3(path, head="cls" if entry.role == "reranker" else "none")
    return path


def test_the_installed_embedder_embeds(paths: Paths, settings: Settings) -> None:
    file = install(paths, "Qwen3-Embedding-0.6B")
    embedder = open_embedder(paths, settings)
    try:
        assert embedder.name == "Qwen3-Embedding-0.6B"
        vectors = embedder.embed_documents(["one passage", "another"])
        assert vectors.shape == (2, embedder.dimension)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        fingerprint = embedder.fingerprint
    finally:
        embedder.close()

    by_path = open_embedder(paths, settings, str(file))
    try:
        assert by_path.fingerprint == fingerprint
    finally:
        by_path.close()


def test_the_installed_reranker_judges(paths: Paths, settings: Settings) -> None:
    assert open_reranker(paths, settings) is None
    install(paths, "Qwen3-Reranker-0.6B")
    reranker = open_reranker(paths, settings)
    assert reranker is not None
    try:
        assert reranker.name == "Qwen3-Reranker-0.6B"
        assert reranker.score_kind == "rerank"
        scores = dict(reranker.score("a query", ["one passage", "another"]))
        assert sorted(scores) == [0, 1]
        assert all(0 <= score <= 1 for score in scores.values())
    finally:
        reranker.close()
    unwanted = replace(settings, models=ModelSettings(reranker="none"))
    assert open_reranker(paths, unwanted) is None
