"""Turns a query's filters into conditions on documents, so that they apply before top-k."""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, Any

from localsearch.keywords import match_expression
from localsearch.store.files import below, path_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from localsearch.keywords import Term
    from localsearch.types import Filters

_NOTHING = re.compile(r"(?!)")

Condition = tuple[str, list[object]]


def register_functions(connection: apsw.Connection) -> None:
    """Give SQL the function path_matches(glob, path)."""
    connection.create_scalar_function("path_matches", _path_matches, 2, deterministic=True)


@functools.lru_cache(maxsize=64)
def _glob_pattern(glob: str) -> re.Pattern[str]:
    from pathspec.patterns.gitignore.basic import GitIgnoreBasicPattern

    expanded = os.path.expanduser(glob)
    # A glob with a slash would be anchored; people mean "a folder src anywhere".
    anchored = expanded if os.path.isabs(expanded) else f"**/{expanded}"
    return GitIgnoreBasicPattern(anchored).regex or _NOTHING


def _path_matches(*values: Any) -> int:
    glob, path = values
    text = os.fsdecode(path).replace(os.sep, "/").lstrip("/")
    return int(_glob_pattern(glob).match(text) is not None)


def passage_condition(
    filters: Filters,
    roots: Sequence[tuple[str, str, bool]],
    required: Sequence[Term] = (),
    excluded: Sequence[Term] = (),
) -> Condition:
    """The condition that a chunk c of a document d of a file f must meet, with its parameters."""
    parts, values = file_condition(filters, roots, kind_column="d.kind")
    if filters.languages:
        parts += f" AND d.language IN ({_marks(filters.languages)})"
        values.extend(filters.languages)
    for terms, operator, joiner in ((required, "IN", "AND"), (excluded, "NOT IN", "OR")):
        if terms:
            parts += f" AND c.id {operator} (SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?)"
            values.append(match_expression(terms, joiner))
    return parts, values


def file_condition(
    filters: Filters, roots: Sequence[tuple[str, str, bool]], *, kind_column: str = "f.kind"
) -> Condition:
    """The condition that a file f must meet, languages left out, with its parameters."""
    parts = ["f.online = 1"]
    values: list[object] = []
    for globs, wanted in ((filters.path_globs, "1"), (filters.not_path_globs, "0")):
        for glob in globs:
            parts.append(f"path_matches(?, f.path) = {wanted}")
            values.append(glob)
    root_paths = [path for path, name, _ in roots if name in filters.roots]
    for wanted_any in (filters.within, root_paths if filters.roots else ()):
        if wanted_any:
            each = "(f.path = ? OR (f.path >= ? AND f.path < ?))"
            parts.append("(" + " OR ".join([each] * len(wanted_any)) + ")")
            for path in wanted_any:
                values.extend((path_bytes(path), *below(path)))
    if filters.roots and not root_paths:
        parts.append("0")
    for column, allowed in ((kind_column, filters.kinds), ("f.extension", filters.extensions)):
        if allowed:
            parts.append(f"{column} IN ({_marks(allowed)})")
            values.extend(allowed)
    for test, value in (
        ("f.mtime_ns >= ?", filters.after_ns),
        ("f.mtime_ns < ?", filters.before_ns),
        ("f.size >= ?", filters.size_min),
        ("f.size <= ?", filters.size_max),
    ):
        if value is not None:
            parts.append(test)
            values.append(value)
    return " AND ".join(parts), values


def listing_condition(filters: Filters, roots: Sequence[tuple[str, str, bool]]) -> Condition:
    """The condition that a file f must meet to be listed by filters alone, with its parameters."""
    parts, values = file_condition(filters, roots)
    if filters.languages:
        marks = _marks(filters.languages)
        parts += f" AND f.id IN (SELECT file_id FROM documents WHERE language IN ({marks}))"
        values.extend(filters.languages)
    return parts, values


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
