"""What is said of each model on this machine, and what one command would improve."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from localsearch.config import ModelSettings, Paths, Settings
from localsearch.engine import starter
from localsearch.models import add_model, advise, catalogue, get_entry, list_models
from localsearch.models.listing import ModelState, memory_needed
from tests.models.gguf_files import write_gguf


@pytest.fixture(autouse=True)
def no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the [starter] extra."""
    monkeypatch.setattr(starter, "find_starter_weights", lambda: None)


def state_of(paths: Paths, settings: Settings, name: str) -> ModelState:
    return next(state for state in list_models(paths, settings) if state.name == name)


def test_the_catalogue_is_listed_and_then_ones_own_models(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    own = add_model(paths, write_gguf(tmp_path / "my [bold]embedding.gguf"))
    states = list_models(paths, settings)
    assert [state.name for state in states] == [entry.name for entry in catalogue()] + [own.name]
    assert states[-1].entry is None
    assert states[-1].path == own.path
    assert not any(state.installed for state in states[:-1])
    assert not any(state.in_use for state in states)


def test_memory_decides_what_fits(
    paths: Paths, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: machine._replace(total=4_000_000_000))
    assert state_of(paths, settings, "Qwen3-Embedding-0.6B").fits_memory
    large = state_of(paths, settings, "Qwen3-Embedding-8B")
    assert not large.fits_memory
    assert "of this machine's 4.0" in large.note


@pytest.mark.parametrize(
    ("platform", "measured_bytes"), [("linux", 763_000_000), ("darwin", 1_431_000_000)]
)
def test_the_estimate_covers_what_was_measured(
    platform: str, measured_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 0.6B in Q8_0 with repacked weights, whose file stays in memory but on Linux.
    monkeypatch.setattr(sys, "platform", platform)
    assert measured_bytes <= memory_needed(639_150_592, "Q8_0") <= 1.25 * measured_bytes
    assert memory_needed(72_500_000, "Q4_0") <= 500_000_000


def test_the_advice_names_what_is_in_use_and_the_one_command_that_improves(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    def advice(chosen: Settings = settings) -> str:
        return advise(list_models(paths, chosen), chosen)

    assert "No embedding model" in advice()
    assert "localsearch models pull Qwen3-Embedding-0.6B` (639 MB)" in advice()

    add_model(paths, write_gguf(tmp_path / get_entry("Qwen3-Embedding-4B").file))
    assert "In use: Qwen3-Embedding-4B; no reranker" in advice()
    assert "localsearch models pull Qwen3-Reranker-0.6B" in advice()

    unwanted = replace(settings, models=ModelSettings(reranker="none"))
    assert "pull" not in advice(unwanted)

    add_model(paths, write_gguf(tmp_path / get_entry("Qwen3-Reranker-0.6B").file, seed=1))
    assert advice() == "In use: Qwen3-Embedding-4B, and Qwen3-Reranker-0.6B to rerank."


def test_a_missing_model_that_the_settings_name_is_not_called_in_use(
    paths: Paths, settings: Settings
) -> None:
    wanted = replace(settings, models=ModelSettings(embedder="Qwen3-Embedding-8B"))
    state = state_of(paths, wanted, "Qwen3-Embedding-8B")
    assert not state.in_use
    assert "chosen in the settings, but not installed" in state.note


def test_a_model_that_the_settings_name_by_path_is_listed_and_in_use(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    file = write_gguf(tmp_path / "tuned-embedding.gguf")
    chosen = replace(settings, models=ModelSettings(embedder=str(file)))
    state = state_of(paths, chosen, "tuned-embedding")
    assert (state.in_use, state.path) == (True, file)
    assert advise(list_models(paths, chosen), chosen).startswith("In use: tuned-embedding;")
