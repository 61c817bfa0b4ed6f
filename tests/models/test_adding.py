"""Models brought by hand: checked, copied whole, or refused with the reason."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import pytest

from localsearch.config import ModelSettings, Paths, Settings, change_setting, load_settings
from localsearch.engine import starter
from localsearch.engine.starter import find_starter_weights
from localsearch.models import (
    add_model,
    add_models,
    add_packaged_model,
    bundle_models,
    get_entry,
    list_models,
    open_embedder,
    remove_model,
    resolve_embedder,
    resolve_reranker,
)
from localsearch.models.adding import add_models as add_all
from localsearch.models.catalogue import STARTER_NAME
from localsearch.models.choose import chosen_embedder
from localsearch.types import CancelledError, ModelError, UsageError
from tests.models.gguf_files import write_gguf


def files_in(paths: Paths) -> list[str]:
    """What the model folder holds."""
    return sorted(os.listdir(paths.models_dir)) if paths.models_dir.exists() else []


def test_a_catalogue_file_is_known_by_its_name(paths: Paths, tmp_path: Path) -> None:
    entry = get_entry("Qwen3-Reranker-0.6B")
    source = write_gguf(tmp_path / entry.file)
    before = source.read_bytes()
    seen: list[tuple[int, int]] = []
    model = add_model(paths, source, progress=lambda done, total: seen.append((done, total)))
    assert (model.name, model.role) == (entry.name, "reranker")
    assert model.path == paths.models_dir / entry.file
    assert model.path.read_bytes() == before == source.read_bytes()
    assert model.sha256 == hashlib.sha256(before).hexdigest()
    assert seen[-1] == (len(before), len(before))
    assert files_in(paths) == sorted(["models.json", entry.file])


def test_a_file_that_only_has_the_name_of_a_known_one_is_refused(
    paths: Paths, tmp_path: Path
) -> None:
    entry = get_entry("Qwen3-Embedding-0.6B")
    assert entry.sha256
    with pytest.raises(ModelError, match="damaged or another file"):
        add_model(paths, write_gguf(tmp_path / entry.file))
    assert files_in(paths) == []


@pytest.mark.parametrize(
    ("file", "pooling", "head", "role"),
    [
        ("My-Embedding.gguf", None, False, "embedder"),
        ("tuned.gguf", gguf.PoolingType.LAST, False, "embedder"),
        ("my-reranker.gguf", None, False, "reranker"),
        ("judge.gguf", gguf.PoolingType.RANK, True, "reranker"),
    ],
)
def test_the_role_of_ones_own_model_is_read_from_the_file_or_its_name(
    file: str,
    pooling: gguf.PoolingType | None,
    head: bool,
    role: str,
    paths: Paths,
    tmp_path: Path,
) -> None:
    model = add_model(paths, write_gguf(tmp_path / file, pooling=pooling, head=head))
    assert (model.name, model.role) == (Path(file).stem, role)


def test_a_model_that_does_not_say_its_role_asks_for_it_and_keeps_it(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    source = write_gguf(tmp_path / "plain.gguf")
    with pytest.raises(ModelError, match="--role"):
        add_model(paths, source)
    assert add_model(paths, source, role="likelihood").role == "likelihood"
    chosen = resolve_reranker(paths, settings, "plain")
    assert chosen is not None
    assert chosen.role == "likelihood"


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"<!doctype html><html></html>", b"\0" * 5000, b"GGUF" * 5000]
)
def test_what_is_not_a_gguf_is_refused(content: bytes, paths: Paths, tmp_path: Path) -> None:
    source = tmp_path / "embedding.gguf"
    source.write_bytes(content)
    with pytest.raises(ModelError):
        add_model(paths, source)
    assert files_in(paths) == []


def test_a_truncated_gguf_is_refused(paths: Paths, tmp_path: Path) -> None:
    source = write_gguf(tmp_path / "embedding.gguf", weights=100_000)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError):
        add_model(paths, source)
    assert files_in(paths) == []


def test_an_architecture_that_cannot_embed_is_refused(paths: Paths, tmp_path: Path) -> None:
    source = write_gguf(tmp_path / "some-embedding.gguf", architecture="llama")
    with pytest.raises(ModelError, match="'llama' model, which can't be used as embedder"):
        add_model(paths, source)


def test_a_bert_model_of_another_family_is_refused(paths: Paths, tmp_path: Path) -> None:
    source = write_gguf(
        tmp_path / "bge-embedding.gguf", architecture="bert", pooling=gguf.PoolingType.CLS
    )
    with pytest.raises(ModelError, match="another family"):
        add_model(paths, source)


def test_the_same_file_twice_is_no_error_another_one_is(paths: Paths, tmp_path: Path) -> None:
    source = write_gguf(tmp_path / "my-embedding.gguf")
    first = add_model(paths, source)
    assert add_model(paths, source) == first
    write_gguf(source, seed=1)
    with pytest.raises(ModelError, match="another file is installed"):
        add_model(paths, source)
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()


def test_a_cancelled_copy_leaves_nothing(paths: Paths, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        add_model(paths, write_gguf(tmp_path / "my-embedding.gguf"), cancel=cancel)
    assert files_in(paths) == []


def test_the_draft_of_a_program_that_was_killed_is_cleared_away(
    paths: Paths, tmp_path: Path
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    paths.models_dir.mkdir(parents=True)
    (paths.models_dir / f".my-embedding.gguf.{ended.pid}.new").write_bytes(b"half")
    (paths.models_dir / f".my-embedding.gguf.{ended.pid}.new.part").write_bytes(b"half")
    add_model(paths, write_gguf(tmp_path / "my-embedding.gguf"))
    assert files_in(paths) == ["models.json", "my-embedding.gguf"]


def test_room_is_checked_first(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    # Enough for the file alone.
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=200_000_000))
    said = r"not enough room .* 200 MB are free, 201 MB are needed \(1 for the model, and 200"
    with pytest.raises(ModelError, match=said):
        add_model(paths, write_gguf(tmp_path / "my-embedding.gguf"))


def test_the_starters_weights_are_taken_as_they_come(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"E5S1" + bytes(100))
    with pytest.raises(ModelError, match="isn't the starter"):
        add_model(paths, other)
    assert files_in(paths) == []

    weights = find_starter_weights()
    assert weights is not None, "the tests need localsearch[starter]"
    model = add_model(paths, weights)
    assert (model.name, model.role) == (STARTER_NAME, "embedder")
    assert files_in(paths) == ["models.json", get_entry(STARTER_NAME).file]
    assert resolve_embedder(paths, settings) == model


def test_a_model_in_parts_is_put_together_and_checked(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = get_entry("gemma3-270m")
    package = tmp_path / "site" / entry.python_package.partition("==")[0].replace("-", "_")
    package.mkdir(parents=True)
    whole = write_gguf(tmp_path / "whole.gguf", architecture="gemma3").read_bytes()
    (package / "a").write_bytes(whole[:1000])
    (package / "b").write_bytes(whole[1000:])
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "def chunk_paths():\n    return [Path(__file__).with_name(n) for n in 'ab']\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    try:
        # These aren't the real weights, and the catalogue knows the hash of those.
        with pytest.raises(ModelError, match="SHA-256"):
            add_packaged_model(paths, entry)
        assert files_in(paths) == []
        pinned = replace(entry, sha256=hashlib.sha256(whole).hexdigest())
        assert add_packaged_model(paths, pinned).path.read_bytes() == whole
    finally:
        sys.modules.pop(package.name, None)


# --- bundles --------------------------------------------------------------------------


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


# --- removing -------------------------------------------------------------------------


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
