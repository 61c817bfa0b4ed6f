"""Which conditions of a query left nothing to be found?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.api import Index
    from localsearch.types import Query

# Each is looked up by itself, and a list of more isn't read.
_MOST = 8


def what_emptied(index: Index, query: Query) -> str:
    """A sentence about the filters and phrases of a query that found nothing; "" without any."""
    conditions = list(dict.fromkeys(_conditions(query.raw)))[:_MOST]
    if not conditions:
        return ""
    unmet = [each for each in conditions if not _finds(index, each, query)]
    if unmet:
        return f"Nothing that's indexed fits {_listed(unmet, 'or')}."
    if len(conditions) > 1:
        return f"Something fits each of {_listed(conditions, 'and')}, but nothing all of them."
    return f"Something fits {_listed(conditions, 'and')}, but not the rest of the query."


def _conditions(text: str) -> list[str]:
    from localsearch.query.syntax import normalised, split_items

    items = split_items(normalised(text))
    return [each.source for each in items if (each.name or each.quoted) and not each.negated]


def _finds(index: Index, text: str, query: Query) -> bool:
    """Whether this alone finds anything, in the same folders."""
    alone = index.parse(text, limit=1, mode="keyword", within=query.filters.within)
    *_, last = index.search(alone)
    return bool(last.hits)


def _listed(conditions: Sequence[str], joint: str) -> str:
    shown = [clean(each) for each in conditions]
    return f" {joint} ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
