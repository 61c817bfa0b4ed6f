"""How models travel to a machine without a network: a folder of files with their checksums."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from localsearch.config import Paths, Settings
from localsearch.models.catalogue import Role, find_entry
from localsearch.models.choose import chosen_embedder, chosen_reranker, resolve_named
from localsearch.models.installed import InstalledModel
from localsearch.models.placing import Expected, copy_into_place
from localsearch.types import ModelError

if TYPE_CHECKING:
    from localsearch.models.adding import FileProgress

MANIFEST_FILE = "models.json"
# In the format of the coreutils, so that `sha256sum -c` checks the folder without us.
CHECKSUMS_FILE = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class BundledFile:
    """A model file of a bundle, and what its manifest says of it."""

    file: str
    name: str = ""
    role: Role | None = None
    size: int = 0
    sha256: str = ""
    licence: str = ""
    licence_url: str = ""


def bundle_models(
    paths: Paths,
    settings: Settings,
    target_dir: Path,
    names: Sequence[str] = (),
    *,
    progress: FileProgress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[InstalledModel, ...]:
    """Write the named models (those in use when none is named) to a folder, with checksums.

    What the folder holds besides stays. Raises ModelError when one isn't installed, there's no
    room, or a file differs from what it was when it was installed.
    """
    in_use = (chosen_embedder(paths, settings), chosen_reranker(paths, settings))
    wanted = tuple(names) or tuple(name for name in in_use if name)
    if not wanted:
        raise ModelError(
            "no model is installed, so there's nothing to bundle",
            "`localsearch models list` shows what can be had.",
        )
    models = tuple(resolve_named(paths, name) for name in wanted)
    for model in models:
        copy_into_place(
            (model.path,),
            target_dir / model.path.name,
            expected=Expected(model.sha256, model.size),
            progress=progress(model.path.name) if progress is not None else None,
            cancel=cancel,
        )
    _write_manifest(target_dir, models)
    return models


def read_manifest(folder: Path) -> tuple[BundledFile, ...]:
    """What a bundle says it holds; raises ModelError when its manifest can't be trusted."""
    import msgspec

    try:
        raw = (folder / MANIFEST_FILE).read_bytes()
        files = msgspec.json.decode(raw, type=tuple[BundledFile, ...])
    except (OSError, msgspec.DecodeError) as error:
        raise _unreadable(folder) from error
    for file in files:
        # A bundle comes from elsewhere: it may name nothing but its own files.
        plain = {PurePosixPath(file.file).name, PureWindowsPath(file.file).name}
        if plain != {file.file} or not file.file.endswith(".gguf") or not file.sha256:
            raise _unreadable(folder)
    return files


def _write_manifest(folder: Path, models: Sequence[InstalledModel]) -> None:
    import msgspec

    known = {}
    if (folder / MANIFEST_FILE).exists():
        known = {file.file: file for file in read_manifest(folder)}
    for model in models:
        entry = find_entry(model.name)
        known[model.path.name] = BundledFile(
            file=model.path.name,
            name=model.name,
            role=model.role,
            size=model.size,
            sha256=model.sha256,
            licence=entry.licence if entry else "",
            licence_url=entry.licence_url if entry else "",
        )
    files = sorted(known.values(), key=lambda file: file.file)
    manifest = msgspec.json.format(msgspec.json.encode(files), indent=2)
    (folder / MANIFEST_FILE).write_bytes(manifest)
    sums = "".join(f"{file.sha256}  {file.file}\n" for file in files)
    (folder / CHECKSUMS_FILE).write_text(sums, encoding="utf-8")


def _unreadable(folder: Path) -> ModelError:
    return ModelError(
        f"{folder / MANIFEST_FILE} isn't the list of models that `models bundle` writes",
        "Write the bundle again, or add its files one by one.",
    )
