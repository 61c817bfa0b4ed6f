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
from localsearch.models.installed import ByteProgress, InstalledModel, sha256_of
from localsearch.models.placing import Expected, copy_into_place, draft_of, writing_failed
from localsearch.types import ModelError

if TYPE_CHECKING:
    from localsearch.models.adding import FileProgress

MANIFEST_FILE = "models.json"
# In the format of the coreutils, so that `sha256sum -c` checks the folder without us.
CHECKSUMS_FILE = "SHA256SUMS"
BUNDLE_AGAIN = (
    "Copy the folder again, or write it anew with `localsearch models bundle` where it comes from."
)
_OTHER_DISK = "Make room there, or write the bundle to another disk."


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
    room, or a file differs from what it was when it was installed; those before it stay bundled.
    """
    in_use = (chosen_embedder(paths, settings), chosen_reranker(paths, settings))
    wanted = tuple(names) or tuple(name for name in in_use if name)
    if not wanted:
        raise ModelError(
            "no model is installed, so there's nothing to bundle",
            "`localsearch models list` shows what can be had.",
        )
    models = tuple(resolve_named(paths, name) for name in wanted)
    _make_folder(target_dir)
    # Is the list of an earlier bundling readable? Better asked before gigabytes are copied.
    _listed(target_dir)
    for model in models:
        target = target_dir / model.path.name
        report = progress(model.path.name) if progress is not None else None
        if not _holds(target, model, report, cancel):
            copy_into_place(
                (model.path,),
                target,
                expected=Expected(model.sha256, model.size),
                progress=report,
                cancel=cancel,
                no_room=_OTHER_DISK,
            )
        # After each, so that what a stopped command wrote is a bundle, too.
        _add_to_manifest(target_dir, model)
    return models


def complete_bundle(folder: Path) -> tuple[BundledFile, ...]:
    """The files of a bundle, all of which are there; raises ModelError when one is missing."""
    files = read_manifest(folder)
    missing = [file.file for file in files if not (folder / file.file).is_file()]
    if missing:
        raise ModelError(
            f"the bundle {folder} isn't whole: {', '.join(missing)} is missing", BUNDLE_AGAIN
        )
    return files


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


def _make_folder(folder: Path) -> None:
    # Readable by others, unlike our own folders: who takes the bundle may be another user.
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ModelError(
            f"{folder} is a file", "Name a folder; it's made if there is none of that name."
        ) from error
    except OSError as error:
        raise writing_failed(folder, error, no_room=_OTHER_DISK) from error


def _holds(
    target: Path,
    model: InstalledModel,
    progress: ByteProgress | None,
    cancel: threading.Event | None,
) -> bool:
    """Whether an earlier bundling has put this very file there."""
    try:
        if target.stat().st_size != model.size:
            return False
        with target.open("rb") as stream:
            actual = sha256_of(stream, model.size, progress=progress, cancel=cancel)
    except OSError:
        return False
    return actual == model.sha256


def _listed(folder: Path) -> tuple[BundledFile, ...]:
    return read_manifest(folder) if (folder / MANIFEST_FILE).exists() else ()


def _add_to_manifest(folder: Path, model: InstalledModel) -> None:
    import msgspec

    known = {file.file: file for file in _listed(folder)}
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
    manifest = msgspec.json.format(msgspec.json.encode(files), indent=2) + b"\n"
    sums = "".join(f"{file.sha256}  {file.file}\n" for file in files)
    for name, content in ((CHECKSUMS_FILE, sums.encode()), (MANIFEST_FILE, manifest)):
        with draft_of(folder / name, no_room=_OTHER_DISK) as draft:
            draft.write_bytes(content)


def _unreadable(folder: Path) -> ModelError:
    return ModelError(
        f"{folder / MANIFEST_FILE} isn't the list of models that `models bundle` writes",
        "Move that file away and write the bundle again, or add its model files one by one.",
    )
