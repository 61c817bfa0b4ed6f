"""Which models are in the model folder, under which name, and with which SHA-256.

What was found out about a file (its name, role and hash) is remembered in `models.json` in the
model folder for as long as its size and modification time stay; the file can be deleted at any
time, and is then made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.config import Paths, private_dir
from localsearch.models.catalogue import Role, find_entry
from localsearch.models.identify import identify
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from typing import BinaryIO

# Called with (bytes done, bytes in all).
ByteProgress = Callable[[int, int], None]

_BLOCK_BYTES = 1 << 20
_RECORDS_FILE = "models.json"


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that is here and ready to be opened."""

    name: str
    path: Path
    sha256: str
    role: Role
    size: int


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model file of which the hash may not be known yet."""

    name: str
    path: Path
    role: Role
    size: int


@dataclass(frozen=True, slots=True)
class _Record:
    """What is remembered about a file; `sha256` is "" until somebody needed it."""

    size: int
    mtime_ns: int
    name: str
    role: Role
    sha256: str = ""


def installed_models(paths: Paths) -> tuple[FoundModel, ...]:
    """The models in the model folder by name; a file that can't be run is passed over."""
    found = []
    try:
        files = sorted(paths.models_dir.glob("*.gguf"))
    except OSError:
        return ()
    for file in files:
        try:
            found.append(find_model_at(paths, file))
        except ModelError:
            continue
    return tuple(found)


def find_installed(paths: Paths, name: str) -> FoundModel | None:
    """The installed model of that name, alias or file name, whatever its case; None when absent."""
    entry = find_entry(name)
    wanted = entry.name if entry is not None else name
    for model in installed_models(paths):
        names = (model.name, model.path.name)
        if wanted.casefold() in (each.casefold() for each in names):
            return model
    return None


def find_model_at(paths: Paths, path: Path) -> FoundModel:
    """The model in that file, wherever it lies; raises ModelError when it isn't one that we run."""
    record = _current_record(paths, path)
    return FoundModel(name=record.name, path=path, role=record.role, size=record.size)


def models_used_before(paths: Paths, name: str) -> tuple[FoundModel, ...]:
    """The models of that name outside the model folder that were used by their path, and are there;
    the one that came last is the first.

    An index knows its model by name: that has to find it after another one is chosen.
    """
    found = []
    for key, record in reversed(_read_records(paths).items()):
        path = Path(key)
        if not path.is_absolute() or record.name.casefold() != name.casefold():
            continue
        with contextlib.suppress(ModelError):
            model = find_model_at(paths, path)
            if model.name == record.name:
                found.append(model)
    return tuple(found)


def find_model_in_place(paths: Paths, name: str, target: Path) -> FoundModel:
    """The model that has a name's place; ModelError says how to clear a damaged one away."""
    try:
        return find_model_at(paths, target)
    except ModelError as error:
        if not is_damaged(paths, target):
            raise
        raise ModelError(
            error.cause, f"`localsearch models remove {name}` clears it away; then try again."
        ) from error


def is_damaged(paths: Paths, path: Path) -> bool:
    """Whether a file was read and is no model; not where the system didn't let us read it."""
    try:
        find_model_at(paths, path)
    except ModelError as error:
        return not isinstance(error.__cause__, OSError)
    return False


def complete(
    paths: Paths,
    found: FoundModel,
    *,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> InstalledModel:
    """Add the SHA-256 of the weights: read from the records, or computed once and remembered."""
    record = _current_record(paths, found.path)
    if not record.sha256:
        with found.path.open("rb") as stream:
            digest = sha256_of(stream, record.size, progress=progress, cancel=cancel)
        record = replace(record, sha256=digest)
        _remember(paths, found.path, record)
    return InstalledModel(
        name=found.name,
        path=found.path,
        sha256=record.sha256,
        role=found.role,
        size=record.size,
    )


def recorded_sha256(paths: Paths, path: Path) -> str:
    """The SHA-256 that is remembered of the file as its size and time are now; "" for none."""
    return _current_record(paths, path).sha256


def register(paths: Paths, path: Path, *, name: str, role: Role, sha256: str) -> InstalledModel:
    """Remember a file that was just put into the model folder, and what is known about it."""
    stat = path.stat()
    _remember(paths, path, _Record(stat.st_size, stat.st_mtime_ns, name, role, sha256))
    return InstalledModel(name=name, path=path, sha256=sha256, role=role, size=stat.st_size)


def delete(paths: Paths, model: FoundModel) -> None:
    """Delete the file and what was remembered about it; refuses files outside the model folder."""
    if model.path.parent != paths.models_dir:
        raise ModelError(
            f"{model.path} isn't in the model folder and isn't ours to delete",
            "Delete it yourself if you no longer need it.",
        )
    try:
        model.path.unlink()
    except OSError as error:
        raise ModelError(
            f"{model.path} can't be deleted: {error.strerror}",
            "Stop the programs that have it open, and try again.",
        ) from error
    records = _read_records(paths)
    if records.pop(model.path.name, None) is not None:
        _write_records(paths, records)


def sha256_of(
    stream: BinaryIO,
    size: int,
    *,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> str:
    """SHA-256 of the rest of the stream, in hex; raises CancelledError soon after `cancel`."""
    digest = hashlib.sha256()
    done = 0
    while block := stream.read(_BLOCK_BYTES):
        if cancel is not None and cancel.is_set():
            raise CancelledError
        digest.update(block)
        done += len(block)
        if progress is not None:
            progress(done, size)
    return digest.hexdigest()


# --- what is remembered ---------------------------------------------------------------


def _current_record(paths: Paths, path: Path) -> _Record:
    """What is known of the file as it is now; looks into it when it's new or has changed."""
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(
            f"the model file {path} can't be read: {error.strerror}",
            "`localsearch models list` shows the models that can be used.",
        ) from error
    known = _read_records(paths).get(_key(paths, path))
    if known is not None and (known.size, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
        return known
    identity = identify(path)
    record = _Record(stat.st_size, stat.st_mtime_ns, identity.name, identity.role)
    _remember(paths, path, record)
    return record


def _key(paths: Paths, path: Path) -> str:
    return path.name if path.parent == paths.models_dir else str(path.absolute())


def _read_records(paths: Paths) -> dict[str, _Record]:
    import msgspec

    try:
        raw = (paths.models_dir / _RECORDS_FILE).read_bytes()
        return msgspec.json.decode(raw, type=dict[str, _Record])
    except (OSError, msgspec.DecodeError):
        return {}


def _remember(paths: Paths, path: Path, record: _Record) -> None:
    key = _key(paths, path)
    try:
        key.encode()
    except UnicodeEncodeError:
        return  # A name that isn't UTF-8 can't be a JSON key; it's looked into each time.
    _write_records(paths, {**_read_records(paths), key: record})


def _write_records(paths: Paths, records: dict[str, _Record]) -> None:
    import msgspec

    encoded = msgspec.json.format(msgspec.json.encode(records), indent=2)
    draft = ""
    try:
        folder = private_dir(paths.models_dir)
        # Two processes may write at once: a draft of one's own, and the last one wins. What the
        # other one found out is found out again.
        handle, draft = tempfile.mkstemp(prefix=".models-", suffix=".new", dir=folder)
        with os.fdopen(handle, "wb") as stream:
            stream.write(encoded)
        Path(draft).replace(folder / _RECORDS_FILE)
    except OSError:
        # A read-only or full model folder only costs the hashing next time.
        if draft:
            Path(draft).unlink(missing_ok=True)
