"""Says what of a query is no filter though one was probably meant, and what became of it."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING

from localsearch.query import values
from localsearch.query.meant import meant_name, meant_value, parts_of, written
from localsearch.query.parsing import NEGATABLE, read_items, root_named
from localsearch.types import QueryProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

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
    left_out = () if reading.has_nothing_else else frozenset(reading.left_out)
    found = []
    for item in reading.misread[:_MOST]:
        searched = item.source not in left_out
        if item.name == "in" and not item.negated:
            found.append(_unknown_root(item, roots, folder_named, searched=searched))
        else:
            found.append(_explain(item, searched=searched))
    found.extend(_misspelt_filters([*reading.left_out, *reading.words][: 10 * _MOST], left_out))
    return tuple(found[:_MOST])


def _explain(item: Item, *, searched: bool) -> QueryProblem:
    dash = "-" if item.negated else ""
    if item.negated and item.name not in NEGATABLE:
        cause = f"{item.name}: can't be excluded; words, path:, kind: and ext: can"
        return QueryProblem(dash + item.source, cause)
    meant = meant_value(item)
    suggestion = dash + written(item.name, meant) if meant else ""
    cause = _CAUSES[item.name].format(item.value)
    return QueryProblem(dash + item.source, cause, suggestion, searched)


def _misspelt_filters(words: Sequence[str], left_out: Collection[str]) -> Iterator[QueryProblem]:
    for word in words:
        if name := meant_name(word):
            typed, _, value = word.partition(":")
            cause = f"there is no filter {typed}:"
            yield QueryProblem(word, cause, written(name, value), word not in left_out)


def _unknown_root(
    item: Item,
    roots: Sequence[str],
    folder_named: Callable[[str], str | None],
    *,
    searched: bool,
) -> QueryProblem:
    unknown = [name for name in parts_of(item) if root_named(name, roots) is None]
    name = unknown[0] if unknown else item.value
    cause = f"no indexed folder is named {name}; there are {_listed(roots)}"
    inner = folder_named(name)
    if inner is not None:
        # A folder further in is no root, but a part of paths.
        return QueryProblem(item.source, cause, written("path", inner), searched)
    by_folded = {values.folded(root): root for root in roots}
    close = difflib.get_close_matches(values.folded(name), by_folded, n=1, cutoff=0.5)
    suggestion = written("in", by_folded[close[0]]) if close else ""
    return QueryProblem(item.source, cause, suggestion, searched)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
