"""What does a path that a user names mean to the index?

Everywhere here `roots` are the paths of the indexed folders, absolute and without links.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localsearch.types import NoIndexError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MEMBER_MARK = "!/"
"""Stands between the path of an archive and that of a file inside it."""
# No archive in an archive is read deeper.
_MOST_READINGS = 8


def is_inside(path: str, folder: str) -> bool:
    """Whether an absolute path is the folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def is_in_any(path: str, folders: Iterable[str]) -> bool:
    """Whether an absolute path is one of the folders or lies in one."""
    return any(is_inside(path, each) for each in folders)


def meets_any(path: str, folders: Iterable[str]) -> bool:
    """Whether an absolute path is one of the folders, lies in one or holds one."""
    return any(is_inside(path, each) or is_inside(each, path) for each in folders)


def as_indexed(given: str, roots: Sequence[str]) -> str:
    """A path as the index holds it: without links, which are never followed there."""
    path = os.path.abspath(os.path.expanduser(given))
    real = os.path.realpath(path)
    return real if meets_any(real, roots) else path


def require_in_root(given: str, roots: Sequence[str]) -> str:
    """The path as the index holds it.

    Raises NoIndexError where no indexed folder holds it, UsageError where nothing is there at all.
    """
    path = as_indexed(given, roots)
    if is_in_any(path, roots):
        return path
    if not os.path.lexists(path):
        raise UsageError(f"there is no file or folder {given}", "Check the spelling.")
    if os.path.isdir(path):
        raise NoIndexError(f"{path} is in no indexed folder", f"Add it: localsearch add {given}")
    folder = os.path.dirname(path)
    raise NoIndexError(
        f"{path} is in no indexed folder", f"Add the folder it's in: localsearch add {folder}"
    )


def require_searchable(given: str, roots: Sequence[str]) -> None:
    """Raise as `require_in_root` does, unless the path is a folder that indexed ones lie in."""
    path = as_indexed(given, roots)
    if not any(is_inside(root, path) for root in roots):
        require_in_root(given, roots)


def readings(path: str) -> Iterator[tuple[str, str]]:
    """The file itself, then each way to take what follows a `!/` as a member of it."""
    yield path, ""
    position = path.find(MEMBER_MARK)
    for _ in range(_MOST_READINGS):
        if position < 0:
            return
        yield path[:position], path[position + len(MEMBER_MARK) :]
        position = path.find(MEMBER_MARK, position + 1)
