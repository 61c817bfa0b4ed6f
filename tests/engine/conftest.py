"""What the tests of the engine share: a home where the probe ran once, and small models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localsearch.config import ModelSettings, Paths
from localsearch.engine.embedder import GgufEmbedder, load_embedder
from localsearch.engine.gguf import Qwen3Shape, write_random_qwen3


@pytest.fixture(scope="session")
def engine_paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    base = tmp_path_factory.mktemp("engine")
    return Paths(*(base / name for name in ("config", "data", "state", "models", "run")))


@pytest.fixture(scope="session")
def qwen3_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("qwen3") / "small.gguf"
    write_random_qwen3(path, seed=4)
    return path


@pytest.fixture(scope="session")
def slow_qwen3_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of which a full batch takes long enough to be interrupted."""
    path = tmp_path_factory.mktemp("qwen3") / "slow.gguf"
    shape = Qwen3Shape(
        layers=16, hidden=512, heads=8, kv_heads=4, head_dimension=64, feed_forward=1536,
        context=2048,
    )  # fmt: skip
    write_random_qwen3(path, shape, seed=5, quantisation="Q8_0")
    return path


@pytest.fixture(scope="session")
def starter_file(starter_models_dir: Path) -> Path:
    (path,) = starter_models_dir.glob("*.gguf")
    return path


def open_model(path: Path, paths: Paths, settings: ModelSettings | None = None) -> GgufEmbedder:
    return load_embedder(
        path, name="test", settings=settings or ModelSettings(), paths=paths, weights_sha256="00"
    )


@pytest.fixture(scope="module")
def qwen3(qwen3_file: Path, engine_paths: Paths) -> Iterator[GgufEmbedder]:
    opened = open_model(qwen3_file, engine_paths)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def starter(starter_file: Path, engine_paths: Paths) -> Iterator[GgufEmbedder]:
    opened = open_model(starter_file, engine_paths)
    yield opened
    opened.close()
