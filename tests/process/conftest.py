"""What the tests of faults share: an index without a model, and one whose model is tiny."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.engine.random_qwen3 import write_random_qwen3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def words(home: config.Paths) -> Iterator[Index]:
    """An index without a model, which only finds words."""
    config.change_setting(home.settings_file, "models", "embedder", "/nowhere/none.gguf")
    with Index(home, config.load_settings(home.settings_file)) as index:
        yield index


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    """A model that loads at once."""
    model = tmp_path / "tiny.gguf"
    write_random_qwen3(model, pooling="last", name="tiny")
    return model


@pytest.fixture
def tiny(home: config.Paths, tiny_model: Path) -> Iterator[Index]:
    """An index whose model is tiny."""
    config.change_setting(home.settings_file, "models", "embedder", str(tiny_model))
    with Index(home, config.load_settings(home.settings_file)) as index:
        yield index


def found(index: Index, text: str) -> list[str]:
    """Names of the files that a word finds, as they are."""
    *_, stage = index.search(index.parse(text, mode="keyword", limit=1000))
    return sorted(os.path.basename(hit.path) for hit in stage.hits)
