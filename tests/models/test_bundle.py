"""Models carried to another machine in a folder: complete, checked, or refused with the reason."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from localsearch.config import Paths, Settings
from localsearch.engine import starter
from localsearch.models import (
    add_model,
    add_models,
    bundle_models,
    get_entry,
    open_embedder,
    resolve_embedder,
)
from localsearch.models.adding import add_models as add_all
from localsearch.types import CancelledError, ModelError
from tests.models.gguf_files import files_in, write_gguf


@pytest.fixture
def bundle(paths: Paths, settings: Settings, tmp_path: Path) -> Path:
    """A bundle of a reranker and a model of one's own whose role had to be said."""
    add_model(paths, write_gguf(tmp_path / get_entry("Qwen3-Reranker-0.6B").file))
    add_model(paths, write_gguf(tmp_path / "plain.gguf", seed=1), role="embedder")
    folder = tmp_path / "bundle"
    bundle_models(paths, settings, folder, ["Qwen3-Reranker-0.6B", "plain"])
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Paths:
    """Another machine's folders."""
    home = tmp_path / "elsewhere"
    return Paths(home / "c", home / "d", home / "s", home / "m", home / "r")


def test_a_bundle_is_taken_by_another_machine(
    bundle: Path, elsewhere: Paths, settings: Settings
) -> None:
    added = add_models(elsewhere, bundle)
    assert {(model.name, model.role) for model in added} == {
        ("Qwen3-Reranker-0.6B", "reranker"),
        ("plain", "embedder"),
    }
    assert resolve_embedder(elsewhere, settings, "plain").sha256 in {m.sha256 for m in added}
    assert add_models(elsewhere, bundle) == added


def test_a_bundles_checksums_are_those_of_the_coreutils(bundle: Path) -> None:
    lines = (bundle / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == digest
    assert len(lines) == 2


def test_a_bundle_grows_by_what_is_bundled_later(
    bundle: Path, paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    add_model(paths, write_gguf(tmp_path / "late-embedding.gguf", seed=2))
    bundle_models(paths, settings, bundle, ["late-embedding"])
    manifest = json.loads((bundle / "models.json").read_bytes())
    assert [row["name"] for row in manifest] == ["late-embedding", "plain", "Qwen3-Reranker-0.6B"]


def test_a_damaged_bundle_is_refused(bundle: Path, elsewhere: Paths) -> None:
    file = bundle / "plain.gguf"
    damaged = bytearray(file.read_bytes())
    damaged[-1] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(ModelError, match="SHA-256"):
        add_models(elsewhere, bundle)
    assert "plain.gguf" not in files_in(elsewhere)


def test_a_bundle_that_lacks_a_file_is_refused_before_anything_is_copied(
    bundle: Path, elsewhere: Paths
) -> None:
    (bundle / "plain.gguf").unlink()
    with pytest.raises(ModelError, match=r"isn't whole: plain\.gguf is missing") as raised:
        add_models(elsewhere, bundle)
    assert "models bundle" in raised.value.remedy
    assert files_in(elsewhere) == []


def test_a_bundle_that_was_cut_short_says_to_copy_it_again(bundle: Path, elsewhere: Paths) -> None:
    os.truncate(bundle / "plain.gguf", 1000)
    with pytest.raises(ModelError) as raised:
        add_models(elsewhere, bundle)
    assert "plain.gguf" in raised.value.cause
    assert "plain.gguf" not in files_in(elsewhere)


def test_a_bundle_cannot_overrule_the_catalogues_checksum(
    bundle: Path, elsewhere: Paths, tmp_path: Path
) -> None:
    entry = get_entry("Qwen3-Embedding-0.6B")
    forged = write_gguf(bundle / entry.file)
    rows = json.loads((bundle / "models.json").read_bytes())
    digest = hashlib.sha256(forged.read_bytes()).hexdigest()
    size = forged.stat().st_size
    rows = [{**rows[0], "file": entry.file, "name": entry.name, "size": size, "sha256": digest}]
    rows[0]["role"] = "embedder"
    (bundle / "models.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(ModelError, match="another SHA-256 than the catalogue"):
        add_models(elsewhere, bundle)
    assert files_in(elsewhere) == []


def test_bundling_into_a_file_or_a_full_disk_says_what_to_do(
    bundle: Path,
    paths: Paths,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ModelError, match="is a file"):
        bundle_models(paths, settings, bundle / "plain.gguf", ["plain"])
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(ModelError, match="not enough room") as raised:
        bundle_models(paths, settings, tmp_path / "small-stick", ["plain"])
    assert "another disk" in raised.value.remedy
    assert "LOCALSEARCH_HOME" not in raised.value.remedy
    # What is there already needs no room.
    assert bundle_models(paths, settings, bundle, ["plain"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always full device")
def test_a_disk_that_fills_up_meanwhile_leaves_the_bundle_as_it_was(
    bundle: Path, paths: Paths, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(paths, write_gguf(tmp_path / "late-embedding.gguf", weights=100_000, seed=2))
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    (bundle / f".late-embedding.gguf.{os.getpid()}.new").symlink_to("/dev/full")
    with pytest.raises(ModelError, match="the disk is full"):
        bundle_models(paths, settings, bundle, ["late-embedding"])
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before


def test_what_was_bundled_before_a_stop_is_a_bundle(
    paths: Paths, settings: Settings, elsewhere: Paths, tmp_path: Path
) -> None:
    names = ["a-embedding", "b-embedding"]
    for seed, name in enumerate(names):
        add_model(paths, write_gguf(tmp_path / f"{name}.gguf", seed=seed))
    cancel = threading.Event()

    def stop_at_the_second(file: str) -> Callable[[int, int], None]:
        if file.startswith("b"):
            cancel.set()
        return lambda _done, _total: None

    folder = tmp_path / "stopped"
    with pytest.raises(CancelledError):
        bundle_models(paths, settings, folder, names, progress=stop_at_the_second, cancel=cancel)
    assert sorted(os.listdir(folder)) == ["SHA256SUMS", "a-embedding.gguf", "models.json"]
    assert [model.name for model in add_models(elsewhere, folder)] == ["a-embedding"]
    bundle_models(paths, settings, folder, names)
    assert [model.name for model in add_models(elsewhere, folder)] == names


def test_a_damaged_list_is_said_before_anything_is_copied(
    bundle: Path, paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    add_model(paths, write_gguf(tmp_path / "late-embedding.gguf", seed=2))
    (bundle / "models.json").write_text("[{", encoding="utf-8")
    with pytest.raises(ModelError, match="isn't the list of models"):
        bundle_models(paths, settings, bundle, ["late-embedding"])
    assert not (bundle / "late-embedding.gguf").exists()


def test_the_starter_embeds_on_a_machine_without_its_package(
    starter_models_dir: Path,
    elsewhere: Paths,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = replace(elsewhere, models_dir=starter_models_dir)
    bundle_models(here, settings, tmp_path / "stick")
    monkeypatch.setattr(starter, "find_starter_weights", lambda: None)
    with pytest.raises(ModelError):
        resolve_embedder(elsewhere, settings)
    add_models(elsewhere, tmp_path / "stick")
    with closing(open_embedder(elsewhere, settings)) as embedder:
        near, far = embedder.embed_documents(["The bees moved.", "Die Steuer ist fällig."])
        query = embedder.embed_query("Wohin sind die Bienen gezogen?")
    assert query @ near > query @ far


@pytest.mark.parametrize("name", ["../plain.gguf", "/etc/passwd", "..\\plain.gguf", ".."])
def test_a_bundle_cannot_name_files_outside_itself(
    name: str, bundle: Path, elsewhere: Paths
) -> None:
    manifest = json.loads((bundle / "models.json").read_bytes())
    manifest[0]["file"] = name
    (bundle / "models.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ModelError, match="isn't the list of models"):
        add_models(elsewhere, bundle)


def test_a_folder_of_loose_models_is_taken_too(elsewhere: Paths, tmp_path: Path) -> None:
    folder = tmp_path / "loose"
    folder.mkdir()
    with pytest.raises(ModelError, match="holds no models"):
        add_all(elsewhere, folder)
    write_gguf(folder / "a-embedding.gguf")
    write_gguf(folder / "b-reranker.gguf")
    assert [model.role for model in add_all(elsewhere, folder)] == ["embedder", "reranker"]


def test_bundling_notices_a_model_that_was_altered(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    model = add_model(paths, write_gguf(tmp_path / "my-embedding.gguf"))
    stat = model.path.stat()
    damaged = bytearray(model.path.read_bytes())
    damaged[-1] ^= 1
    model.path.write_bytes(damaged)
    os.utime(model.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(ModelError, match="SHA-256"):
        bundle_models(paths, settings, tmp_path / "bundle", ["my-embedding"])
    assert not (tmp_path / "bundle" / "my-embedding.gguf").exists()
