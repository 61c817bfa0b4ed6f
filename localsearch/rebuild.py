"""What becomes of a damaged index? It's kept aside, and a new one begun for the same folders.

The folders are the one thing in it that the files don't tell, so they're noted beside it, too.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from localsearch.damage import set_aside
from localsearch.types import NoIndexError, StoreDamagedError, StoreEmptyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localsearch.config import Paths
    from localsearch.store import Store

# Says in the new index why there's a new one, until all of its folders were read.
_WHY_NOTE = "begun_anew"


def note_roots(paths: Paths, store: Store) -> None:
    """Note the roots beside the index, where they changed; a full disk is no reason to fail."""
    _note(paths, [path for path, _, _ in store.files.roots()])


def _note(paths: Paths, roots: Sequence[str]) -> None:
    if _noted_roots(paths.roots_file) == list(roots):
        return
    import msgspec

    from localsearch.config import private_dir

    draft = paths.roots_file.with_suffix(".new")
    with contextlib.suppress(OSError):
        private_dir(draft.parent)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            # Paths needn't be text, so that bytes that aren't are written as `%ff`.
            file.write(msgspec.json.encode([_quoted(root) for root in roots]))
        draft.replace(paths.roots_file)


def begin_anew(paths: Paths, error: StoreDamagedError) -> str:
    """Set the damaged index aside and begin one with the same roots; says so.

    The caller holds the writer's lock. Raises the error itself where it isn't the file's fault, or
    nobody knows the roots any more; StoreError where the file can't be set aside, and NoIndexError
    where nothing was ever in it.
    """
    from localsearch.store.salvage import salvaged_roots

    if not _is_damaged(paths.index_file, error):
        raise error
    roots = _noted_roots(paths.roots_file) or salvaged_roots(paths.index_file)
    if isinstance(error, StoreEmptyError) and not roots:
        # A first `add` was stopped before it wrote a folder down, or is about to.
        raise NoIndexError(
            "there is no index yet", "Add a folder first: localsearch add ~/Documents"
        ) from error
    # Before anything is moved, as nobody else would know them after.
    _note(paths, roots)
    cause = f"the index was damaged; it's kept as {set_aside(paths.index_file)}"
    if not roots:
        remedy = "Its folders can't be told any more. Add them again: localsearch add FOLDER"
        _begin_with(paths, roots, f"{cause}. {remedy}")
        raise StoreDamagedError(cause, remedy) from error
    why = f"{cause}, and a new one made of your files"
    _begin_with(paths, roots, why)
    return why


def begin_again(paths: Paths) -> bool:
    """Begin an index with the roots of one that was moved away; False where none are noted.

    The caller holds the writer's lock.
    """
    roots = _noted_roots(paths.roots_file)
    if roots:
        _begin_with(paths, roots, "the index was gone, and a new one made of your files")
    return bool(roots)


def why_anew(store: Store) -> str:
    """Why this index was begun anew, as long as it hasn't been made whole since; else ""."""
    return store.notes.get(_WHY_NOTE)


def is_whole(store: Store) -> None:
    """Note that all folders of an index were read since it was begun."""
    if why_anew(store):
        with store.transaction():
            store.notes.put(_WHY_NOTE, "")


def open_to_write(paths: Paths) -> Store:
    """The index, to write it; its roots are noted beside it. An empty file counts as damaged.

    Raises NoIndexError, StoreDamagedError.
    """
    from localsearch.store import Store

    # A writer would make an index of an empty file, without the roots that it had.
    Store(paths.index_file, readonly=True).close()
    store = Store(paths.index_file)
    note_roots(paths, store)
    return store


def _begin_with(paths: Paths, roots: Sequence[str], why: str) -> None:
    from localsearch.store import Store

    with Store(paths.index_file) as store, store.transaction():
        store.notes.put(_WHY_NOTE, why)
        for root in roots:
            store.files.add_root(root)


def _is_damaged(path: Path, error: StoreDamagedError) -> bool:
    """Whether the error came of damage, and not of a fault of our own that looks like it."""
    import apsw

    from localsearch.store import Store

    if not isinstance(error.__cause__, apsw.ConstraintError):
        return True
    try:
        with Store(path, readonly=True) as store:
            return bool(store.checks.problems())
    except StoreDamagedError:
        return True


def _noted_roots(path: Path) -> list[str]:
    from urllib.parse import unquote_to_bytes

    import msgspec

    try:
        noted = msgspec.json.decode(path.read_bytes(), type=list[str])
    except (OSError, msgspec.MsgspecError):
        return []
    return [os.fsdecode(unquote_to_bytes(each)) for each in noted]


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path), safe="/\\: ")
