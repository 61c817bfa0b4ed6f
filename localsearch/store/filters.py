"""Turns a query's filters into conditions on documents, so that they apply before top-k."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from localsearch.keywords import match_expression
from localsearch.query.globs import path_pattern
from localsearch.store.files import below, path_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from localsearch.keywords import Term
    from localsearch.types import Filters

Condition = tuple[str, list[object]]
_ANY_FILE = "f.online = 1"


@dataclass(frozen=True, slots=True)
class PassageCondition:
    """What a chunk c of a document d of a file f must meet.

    `of_document` is about d and f alone. The text of c must match the full-text expression
    `required`, and not `excluded`; "" asks for nothing.
    """

    of_document: Condition
    required: str = ""
    excluded: str = ""

    @property
    def has_filters(self) -> bool:
        """Whether it asks more of a document than that its file can be reached."""
        return self.of_document[0] != _ANY_FILE

    @property
    def is_narrow(self) -> bool:
        """Whether it may leave out much of what's found."""
        return self.has_filters or bool(self.required or self.excluded)

    @property
    def whole(self) -> Condition:
        """All of it, with its parameters."""
        sql, values = self.of_document
        values = list(values)
        for expression, operator in ((self.required, "IN"), (self.excluded, "NOT IN")):
            if expression:
                sql += f" AND c.id {operator} ({MATCHING_CHUNKS})"
                values.append(expression)
        return sql, values


MATCHING_CHUNKS = "SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?"


def register_functions(connection: apsw.Connection) -> None:
    """Give SQL the function path_matches(glob, path)."""
    connection.create_scalar_function("path_matches", _path_matches, 2, deterministic=True)


def _path_matches(*values: Any) -> int:
    glob, path = values
    pattern = path_pattern(glob)
    # macOS takes the names of files apart into letters and marks.
    text = unicodedata.normalize("NFC", os.fsdecode(path)).replace(os.sep, "/").lstrip("/")
    return int(pattern is not None and pattern.match(text) is not None)


def passage_condition(
    filters: Filters,
    roots: Sequence[tuple[str, str, bool]],
    required: Sequence[Term] = (),
    excluded: Sequence[Term] = (),
) -> PassageCondition:
    """The condition that a passage must meet."""
    parts, values = file_condition(filters, roots, excluded, kind_column="d.kind")
    if filters.languages:
        parts += f" AND d.language IN ({_marks(filters.languages)})"
        values.extend(filters.languages)
    return PassageCondition(
        (parts, values),
        required=match_expression(required, "AND") if required else "",
        excluded=match_expression(excluded, "OR") if excluded else "",
    )


def in_other_files(condition: PassageCondition, file_id: int) -> PassageCondition:
    """The condition, and that the file isn't that one."""
    sql, values = condition.of_document
    return replace(condition, of_document=(f"{sql} AND f.id <> ?", [*values, file_id]))


def file_condition(
    filters: Filters,
    roots: Sequence[tuple[str, str, bool]],
    excluded: Sequence[Term] = (),
    *,
    kind_column: str = "f.kind",
) -> Condition:
    """The condition that a file f must meet, languages left out, with its parameters.

    Its name must hold none of the excluded terms.
    """
    parts = [_ANY_FILE]
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
    for test, listed in (
        (f"{kind_column} IN", filters.kinds),
        (f"{kind_column} NOT IN", filters.not_kinds),
        ("f.extension IN", filters.extensions),
    ):
        if listed:
            parts.append(f"{test} ({_marks(listed)})")
            values.extend(listed)
    for test, value in (
        ("f.mtime_ns >= ?", filters.after_ns),
        ("f.mtime_ns < ?", filters.before_ns),
        ("f.size >= ?", filters.size_min),
        ("f.size <= ?", filters.size_max),
    ):
        if value is not None:
            parts.append(test)
            values.append(value)
    if excluded:
        parts.append("f.id NOT IN (SELECT rowid FROM files_fts WHERE files_fts MATCH ?)")
        values.append("{name} : (" + match_expression(excluded, "OR") + ")")
    return " AND ".join(parts), values


def listing_condition(
    filters: Filters, roots: Sequence[tuple[str, str, bool]], excluded: Sequence[Term] = ()
) -> Condition:
    """The condition that a file f must meet to be listed by filters alone, with its parameters."""
    parts, values = file_condition(filters, roots, excluded)
    if filters.languages:
        marks = _marks(filters.languages)
        parts += f" AND f.id IN (SELECT file_id FROM documents WHERE language IN ({marks}))"
        values.extend(filters.languages)
    return parts, values


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
