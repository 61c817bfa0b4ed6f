"""Says what of a query was taken for plain text though a filter was probably meant."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING

from localsearch.query import values
from localsearch.query.dates import suggest_date
from localsearch.query.parsing import NEGATABLE, parts_of, read_items, root_named
from localsearch.query.syntax import FILTER_NAMES
from localsearch.types import QueryProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localsearch.query.syntax import Item

_CAUSES = {
    "kind": f"there is no kind {{}}; kinds are {', '.join(values.KINDS)}",
    "ext": "{} is no file name ending; write ext:py",
    "lang": "there is no language {}; write lang:de or lang:german",
    "size": "{} is no size; write size:>1M, size:<10k or size:1M..5M",
    "after": '{} is no date; write 2024-05-17, 3d, yesterday or "last week"',
    "path": "{} is no pattern of paths; write path:src/** or path:*.txt",
    "before": '{} is no date; write 2024-05-17, 3d, yesterday or "last week"',
}
_SUGGEST = {
    "kind": lambda part: values.parse_kind(part) or values.suggest_kind(part),
    "ext": lambda part: values.parse_extension(part) or values.suggest_extension(part),
    "lang": lambda part: values.parse_language(part) or values.suggest_language(part),
    "size": values.suggest_size,
    "path": values.suggest_path,
    "after": suggest_date,
    "before": suggest_date,
}
# No list of what was mistaken gets longer than a person reads.
_MOST = 10
_MOST_NAMED = 5


def problems(
    text: str,
    *,
    now: datetime | None = None,
    roots: Sequence[str] = (),
    folder_named: Callable[[str], str | None] = lambda _name: None,
) -> tuple[QueryProblem, ...]:
    """What of a query isn't understood as it was probably meant; at most ten of them.

    `roots` are the names that `in:` may hold; without them it's taken as it is. `folder_named`
    finds a folder inside them by its name, however that's written.
    """
    reading = read_items(text, now or datetime.now().astimezone(), roots)
    found = [
        _unknown_root(item, roots, folder_named)
        if item.name == "in" and not item.negated
        else _explain(item)
        for item in reading.misread[:_MOST]
    ]
    found.extend(_misspelt_filters(reading.words[: 10 * _MOST]))
    return tuple(found[:_MOST])


def _explain(item: Item) -> QueryProblem:
    dash = "-" if item.negated else ""
    if item.negated and item.name not in NEGATABLE:
        cause = f"{item.name}: can't be excluded; words, path:, kind: and ext: can"
        return QueryProblem(dash + item.source, cause)
    # A date or a size may hold a comma; the others are lists.
    listed = item.name in ("kind", "ext", "lang")
    meant = [_SUGGEST[item.name](part) for part in (parts_of(item) if listed else [item.value])]
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


def _unknown_root(
    item: Item, roots: Sequence[str], folder_named: Callable[[str], str | None]
) -> QueryProblem:
    unknown = [name for name in parts_of(item) if root_named(name, roots) is None]
    name = unknown[0] if unknown else item.value
    cause = f"no indexed folder is named {name}; there are {_listed(roots)}"
    inner = folder_named(name)
    if inner is not None:
        # A folder further in is no root, but a part of paths.
        return QueryProblem(item.source, cause, _written("path", inner))
    by_folded = {values.folded(root): root for root in roots}
    close = difflib.get_close_matches(values.folded(name), by_folded, n=1, cutoff=0.5)
    suggestion = _written("in", by_folded[close[0]]) if close else ""
    return QueryProblem(item.source, cause, suggestion)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _written(name: str, value: str) -> str:
    return f'{name}:"{value}"' if " " in value else f"{name}:{value}"
