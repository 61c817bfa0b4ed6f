"""Writes a query the way a user could have typed it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from localsearch.query.dates import format_date
from localsearch.query.syntax import QUOTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localsearch.types import Filters, Query

_PLAIN_WORD = re.compile(r"\w+")
# Nothing that could open a quote, end a value or part it in two.
_PLAIN_VALUE = re.compile(rf"[^\s,|，｜{''.join(QUOTES)}][^\s,|，｜]*")


def format_query(query: Query, *, now: datetime | None = None) -> str:
    """The query in one line; parsed with the options of `query` it gives the same query again.

    The folders of `within` and the other options have no place in the text. `now` says in which
    time zone dates are written.
    """
    now = now or datetime.now().astimezone()
    # Free text stands last: what's left open in it, such as a quote, then opens onto nothing.
    parts = [
        *(_quoted(phrase) for phrase in query.phrases),
        *("-" + _word_or_quoted(excluded) for excluded in query.excluded),
        *_filters(query.filters, now),
    ]
    return " ".join((*parts, query.text) if query.text else parts)


def _filters(filters: Filters, now: datetime) -> Iterator[str]:
    for name, found in (
        ("path", filters.path_globs),
        ("-path", filters.not_path_globs),
        ("in", filters.roots),
    ):
        yield from (f"{name}:{_value_or_quoted(value)}" for value in found)
    for name, listed in (
        ("kind", filters.kinds),
        ("-kind", filters.not_kinds),
        ("ext", filters.extensions),
        ("lang", filters.languages),
    ):
        if listed:
            yield f"{name}:{','.join(listed)}"
    for name, moment_ns in (("after", filters.after_ns), ("before", filters.before_ns)):
        if moment_ns is not None:
            yield f"{name}:{format_date(moment_ns, now)}"
    if filters.size_min is not None:
        yield f"size:>={filters.size_min}"
    if filters.size_max is not None:
        yield f"size:<={filters.size_max}"


def _word_or_quoted(text: str) -> str:
    return text if _PLAIN_WORD.fullmatch(text) else _quoted(text)


def _value_or_quoted(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    """The text between quotes that it doesn't hold; bare where it holds all that close."""
    for opening, closing in QUOTES.items():
        if not any(each in text for each in closing):
            return opening + text + closing[0]
    return text
