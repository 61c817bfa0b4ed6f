"""How do folders come into the index, and leave it?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.scanning.ignore import IgnoreRules
from localsearch.types import UsageError

if TYPE_CHECKING:
    from localsearch.config import IndexSettings, Paths
    from localsearch.store import Store


def folder_to_add(folder: str) -> str:
    """The absolute path of a folder, links resolved; UsageError for what can't be indexed."""
    path = Path(folder).expanduser()
    try:
        # A root that is a link is indexed under its real name, so that each file is held once.
        real = path.resolve(strict=True)
    except FileNotFoundError as error:
        raise UsageError(f"there is no folder {folder}", "Check the spelling.") from error
    except OSError as error:
        raise UsageError(f"{folder} can't be opened: {error.strerror}") from error
    if not real.is_dir():
        raise UsageError(
            f"{folder} is not a folder", f"Add the folder it's in: localsearch add {real.parent}"
        )
    if not os.access(real, os.R_OK | os.X_OK):
        raise UsageError(f"the folder {folder} can't be read", "Check its permissions.")
    return str(real)


def remove_folder(store: Store, folder: str, settings: IndexSettings, paths: Paths) -> int:
    """Forget a root and the files that no other root holds; gives their number.

    The caller holds the writer's lock. Raises UsageError when it isn't a root.
    """
    path = os.path.abspath(os.path.expanduser(folder))
    roots = {root for root, _, _ in store.files.roots()}
    if path not in roots and (real := os.path.realpath(path)) in roots:
        path = real
    if path not in roots:
        listed = "\n".join(sorted(roots)) or "(none)"
        raise UsageError(f"{path} is not an indexed folder", f"These are:\n{listed}")
    # What lies in another root may be what that one leaves out.
    others = IgnoreRules([*(roots - {path})], settings, paths=paths)
    gone = [
        file_id
        for file_id, file in store.files.paths_below(path)
        if others.is_ignored(file, is_dir=False) is not None
    ]
    with store.transaction():
        store.files.remove_root(path)
        store.documents.remove_files(gone)
    store.tidy()
    return len(gone)
