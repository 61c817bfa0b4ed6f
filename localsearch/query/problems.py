"""Says what of a query was taken for plain text though a filter was probably meant."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING

from localsearch.query import values
from localsearch.query.dates import suggest_date
from localsearch.query.parsing import NEGATABLE, parts_of, read_items
from localsearch.query.syntax import FILTER_NAMES
from localsearch.types import QueryProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localsearch.query.syntax import Item

_CAUSES = {
    "kind": f"there is no kind {{}}; kinds are {', '.join(values.KINDS)}",
    "ext": "{} is no file name ending; write ext:py",
    "lang": "there is no language {}; write lang:de or lang:german",
    "size": "{} is no size; write size:>1M, size:<10k or size:1M..5M",
    "after": '{} is no date; write 2024-05-17, 3d, yesterday or "last week"',
    "before": '{} is no date; write 2024-05-17, 3d, yesterday or "last week"',
}
_SUGGEST = {
    "kind": lambda part: values.parse_kind(part) or values.suggest_kind(part),
    "ext": lambda part: values.parse_extension(part) or values.suggest_extension(part),
    "lang": lambda part: values.parse_language(part) or values.suggest_language(part),
    "size": values.suggest_size,
    "after": suggest_date,
    "before": suggest_date,
}
# No list of what was mistaken gets longer than a person reads.
_MOST = 10


def problems(
    text: str, *, now: datetime | None = None, roots: Sequence[str] = ()
) -> tuple[QueryProblem, ...]:
    """What of a query isn't understood as it was probably meant; at most ten of them.

    `roots` are the names that `in:` may hold; without them it's taken as it is.
    """
    reading = read_items(text, now or datetime.now().astimezone())
    found = [_explain(item) for item in reading.misread[:_MOST]]
    found.extend(_misspelt_filters(reading.words[: 10 * _MOST]))
    if roots:
        found.extend(_unknown_root(name, roots) for name in reading.roots if name not in roots)
    return tuple(found[:_MOST])


def _explain(item: Item) -> QueryProblem:
    dash = "-" if item.negated else ""
    if item.negated and item.name not in NEGATABLE:
        cause = f"{item.name}: can't be excluded; words, path:, kind: and ext: can"
        return QueryProblem(dash + item.source, cause)
    # A date or a size may hold a comma; the others are lists.
    dated = item.name in ("size", "after", "before")
    meant = [_SUGGEST[item.name](part) for part in ([item.value] if dated else parts_of(item))]
    known = [value for value in meant if value]
    suggestion = ""
    if known and len(known) == len(meant):
        suggestion = dash + _written(item.name, ",".join(dict.fromkeys(known)))
    return QueryProblem(dash + item.source, _CAUSES[item.name].format(item.value), suggestion)


def _misspelt_filters(words: Sequence[str]) -> Iterator[QueryProblem]:
    for word in words:
        name, _, value = word.partition(":")
        if not (value and value[0] not in ":/" and name.isascii() and name.isalpha()):
            continue
        if name.casefold() in FILTER_NAMES:
            continue
        close = difflib.get_close_matches(name.casefold()[:10], FILTER_NAMES, n=1, cutoff=0.75)
        if close:
            cause = f"there is no filter {name}:"
            yield QueryProblem(word, cause, _written(close[0], value))


def _unknown_root(name: str, roots: Sequence[str]) -> QueryProblem:
    folded = {root.casefold(): root for root in roots}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    suggestion = _written("in", folded[close[0]]) if close else ""
    return QueryProblem(_written("in", name), f"no indexed folder is named {name}", suggestion)


def _written(name: str, value: str) -> str:
    return f'{name}:"{value}"' if " " in value else f"{name}:{value}"
