"""Models brought by hand: checked, copied whole, or refused with the reason."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from localsearch.config import Paths, Settings
from localsearch.engine.starter import find_starter_weights
from localsearch.models import (
    add_model,
    add_packaged_model,
    get_entry,
    resolve_embedder,
    resolve_reranker,
)
from localsearch.models.catalogue import STARTER_NAME
from localsearch.types import CancelledError, ModelError
from tests.models.gguf_files import files_in, write_gguf


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
