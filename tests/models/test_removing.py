"""Models taken away: when asked to, and never one that's in use by mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localsearch.config import ModelSettings, Paths, Settings, change_setting, load_settings
from localsearch.models import (
    add_model,
    get_entry,
    list_models,
    remove_model,
    resolve_embedder,
)
from localsearch.models.catalogue import STARTER_NAME
from localsearch.models.choose import chosen_embedder
from localsearch.types import ModelError, UsageError
from tests.models.gguf_files import write_gguf


def test_a_removed_model_is_gone(paths: Paths, settings: Settings, tmp_path: Path) -> None:
    model = add_model(paths, write_gguf(tmp_path / "my-embedding.gguf"))
    assert remove_model(paths, settings, "My-Embedding").path == model.path
    assert not model.path.exists()
    assert model.name not in {state.name for state in list_models(paths, settings)}
    with pytest.raises(ModelError, match="no model called"):
        remove_model(paths, settings, "my-embedding")


def test_a_model_in_use_is_removed_only_by_force(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    model = add_model(paths, write_gguf(tmp_path / get_entry("Qwen3-Reranker-0.6B").file))
    with pytest.raises(UsageError, match="in use"):
        remove_model(paths, settings, model.name)
    assert model.path.exists()
    remove_model(paths, settings, model.name, although_in_use=True)
    assert not model.path.exists()


def test_a_damaged_file_in_a_models_place_is_shown_and_can_be_cleared_away(
    paths: Paths, settings: Settings
) -> None:
    entry = get_entry("Qwen3-Embedding-4B")
    paths.models_dir.mkdir(parents=True)
    (paths.models_dir / entry.file).write_bytes(b"<html>")
    state = next(each for each in list_models(paths, settings) if each.name == entry.name)
    assert not state.installed
    assert f"models remove {entry.name}" in state.note
    remove_model(paths, settings, entry.name)
    assert not (paths.models_dir / entry.file).exists()


def test_a_damaged_model_in_use_is_cleared_away_as_its_error_says_and_stays_chosen(
    paths: Paths, settings: Settings
) -> None:
    entry = get_entry(STARTER_NAME)
    paths.models_dir.mkdir(parents=True)
    file = paths.models_dir / entry.file
    file.write_bytes(b"GGUF" + bytes(100))
    assert chosen_embedder(paths, settings) == entry.name
    with pytest.raises(ModelError) as raised:
        resolve_embedder(paths, settings)
    assert f"`localsearch models remove {entry.name}` clears it away" in raised.value.remedy
    remove_model(paths, settings, entry.name)
    assert not file.exists()

    chosen = get_entry("Qwen3-Embedding-0.6B")
    change_setting(paths.settings_file, "models", "embedder", chosen.name)
    named = load_settings(paths.settings_file)
    (paths.models_dir / chosen.file).write_bytes(b"GGUF" + bytes(100))
    remove_model(paths, named, chosen.name)
    assert not (paths.models_dir / chosen.file).exists()
    # Else the whole index would be embedded by another model, and again by this one.
    assert load_settings(paths.settings_file).models.embedder == chosen.name


def test_a_model_that_cant_be_read_now_is_not_taken_for_a_damaged_one(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = add_model(paths, write_gguf(tmp_path / get_entry("Qwen3-Reranker-0.6B").file))
    named = Settings(models=ModelSettings(reranker=model.name))
    (paths.models_dir / "models.json").unlink()
    open_path = Path.open

    def refuse(self: Path, mode: str = "r", **options: Any) -> Any:
        if self == model.path:
            raise PermissionError(13, "Permission denied")
        return open_path(self, mode, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError, match="in use"):
        remove_model(paths, named, model.name)
    assert model.path.exists()
