"""Which indexed text does an agent's path or URI mean? Nothing outside the index can be named."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.indexing.indexed_paths import MEMBER_MARK, is_in_any, meets_any, readings
from localsearch.terminal import clean
from localsearch.types import NoIndexError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.api import Index
    from localsearch.store.matches import Passage


def shown_source(path: str, member: str = "") -> str:
    """A path that can be read back: as it is, or as a file URI where it can't be shown."""
    inside = f"{MEMBER_MARK}{member}" if member else ""
    if clean(path) == path and clean(inside) == inside:
        return path + inside
    return Path(path + inside).as_uri()


def passages_at(index: Index, source: str) -> Sequence[Passage]:
    """The indexed passages of a path, a file URI, or either with `!/member` behind it.

    Links and `..` are resolved first. Raises UsageError for what is no absolute path, NoIndexError
    for what isn't in an indexed folder, or isn't indexed.
    """
    named = path_of(source)
    real_path(index, named, source)
    for path, member in readings(named):
        try:
            passages = index.passages_of(real_path(index, path, source), member)
        except NoIndexError:
            continue
        if passages:
            return passages
    raise NoIndexError(
        f"{source} isn't indexed, or holds no text", "Use a path that search gave, as it stands."
    )


def file_at(index: Index, source: str) -> str:
    """The file in an indexed folder that a path or file URI names, links and `..` resolved.

    Raises UsageError for what is no absolute path, NoIndexError for what no indexed folder holds.
    """
    return real_path(index, path_of(source), source)


def real_path(index: Index, path: str, source: str, *, or_above: bool = False) -> str:
    """The path with links resolved, if that's in an indexed folder, or with `or_above` holds one.

    Raises NoIndexError. What's elsewhere isn't even looked at, so that nobody learns whether it is
    there, and no network drive is called.
    """
    roots = index.root_paths()
    is_known = meets_any if or_above else is_in_any
    if is_known(os.path.normpath(path), roots) and is_known(real := os.path.realpath(path), roots):
        return real
    raise NoIndexError(f"{source} is in no indexed folder", "Use a path that search gave.")


def path_of(source: str) -> str:
    """The absolute path that a path or file URI names; raises UsageError where it names none."""
    if source.startswith("file://"):
        try:
            parts = urllib.parse.urlsplit(source)
        except ValueError as error:
            raise UsageError(f"{source!r} isn't a file URI", "Use file:///…") from error
        # Characters like ? and # are quoted in our own URIs, so these would be somebody's mistake.
        if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
            raise UsageError(f"{source} isn't a file of this machine", "Use file:///…")
        if os.name == "nt":
            path = urllib.parse.unquote(parts.path).lstrip("/").replace("/", os.sep)
        else:
            # Bytes that aren't UTF-8 stay what they are.
            path = os.fsdecode(urllib.parse.unquote_to_bytes(parts.path))
    else:
        path = os.path.expanduser(source)
    if "\0" in path or not os.path.isabs(path):
        raise UsageError(f"{source!r} isn't an absolute path", "Use a path that search gave.")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise UsageError(f"{source!r} isn't a path", "Use a path that search gave.") from error
    return path
