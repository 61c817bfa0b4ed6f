"""Turns what a user typed into a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from localsearch.query import values
from localsearch.query.dates import parse_date
from localsearch.query.globs import path_pattern
from localsearch.query.syntax import DASHES, normalised, split_items
from localsearch.query.values import folded
from localsearch.types import Filters, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localsearch.query.syntax import Item
    from localsearch.types import Mode


_LISTED: dict[str, Callable[[str], str | None]] = {
    "kind": values.parse_kind,
    "ext": values.parse_extension,
    "lang": values.parse_language,
}
NEGATABLE = ("path", "kind", "ext")


def parse_query(
    text: str,
    *,
    now: datetime,
    limit: int = 10,
    mode: Mode = "hybrid",
    rerank: bool = True,
    budget_s: float = 2.0,
    passages: bool = False,
    within: Sequence[str] = (),
    prefix_last: bool = False,
    roots: Sequence[str] = (),
) -> Query:
    """Read a query; whatever the text, it never raises: what's no operator is free text.

    `now` and its time zone are what dates are relative to. `prefix_last` counts only where the
    last thing typed is a word of free text, with nothing after it. `roots` are the names that
    `in:` may hold; without them it's taken as it is.
    """
    reading = read_items(text, now, roots)
    return Query(
        raw=text,
        text=" ".join(reading.words or reading.unknown_roots),
        phrases=tuple(dict.fromkeys(reading.phrases)),
        excluded=tuple(dict.fromkeys(reading.excluded)),
        filters=reading.filters(tuple(within)),
        limit=limit,
        mode=mode,
        rerank=rerank,
        budget_s=budget_s,
        passages=passages,
        prefix_last=prefix_last and reading.ends_in_word,
    )


def plain_text(text: str) -> str:
    """The text as free text of a query: what would be operators in it are words like others."""
    return " ".join(normalised(text).split())


def read_items(text: str, now: datetime, roots: Sequence[str] = ()) -> Reading:
    """Read a query item by item; `now` and `roots` as for `parse_query`."""
    reading = Reading(now, tuple(roots))
    clean = normalised(text)
    for item in split_items(clean):
        reading.take(item, typing=item.end == len(clean))
    return reading


@dataclass(slots=True)
class Reading:
    """What was read of a query so far."""

    now: datetime
    root_names: tuple[str, ...] = ()
    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    path_globs: list[str] = field(default_factory=list)
    not_path_globs: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    not_kinds: list[str] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    after_ns: int | None = None
    before_ns: int | None = None
    size_min: int | None = None
    size_max: int | None = None
    misread: list[Item] = field(default_factory=list)
    # A folder that isn't indexed is no word of a text: searched as one, it buries what's asked for.
    unknown_roots: list[str] = field(default_factory=list)
    ends_in_word: bool = False

    def take(self, item: Item, *, typing: bool) -> None:
        """Add one item of the query; `typing` says that nothing comes after it."""
        if not item.name:
            self._take_text(item, typing)
        elif not item.value:
            # While a filter is being typed it has no value yet; that's no mistake.
            self._take_plain(item)
        elif not self._apply(item):
            self.misread.append(item)
            if item.name == "in" and not item.negated:
                self.unknown_roots.append(item.source)
            else:
                self._take_plain(item)

    def _take_text(self, item: Item, typing: bool) -> None:
        if item.negated:
            if excluded := item.value.lstrip(DASHES):
                self.excluded.append(excluded)
        elif item.quoted:
            self.phrases.append(item.value)
        else:
            self.words.append(item.value)
            self.ends_in_word = typing

    def _take_plain(self, item: Item) -> None:
        if not item.negated:
            self.words.append(item.source)
        elif item.value:
            self.excluded.append(f"{item.name}:{item.value}")

    def _apply(self, item: Item) -> bool:
        if item.negated and item.name not in NEGATABLE:
            return False
        match item.name:
            case "path":
                return self._apply_path(item)
            case "in":
                return self._apply_roots(item)
            case "size":
                return self._apply_size(item)
            case "after" | "before":
                return self._apply_date(item)
            case _:
                return self._apply_listed(item)

    def _apply_path(self, item: Item) -> bool:
        if path_pattern(item.value) is None:
            return False
        (self.not_path_globs if item.negated else self.path_globs).append(item.value)
        return True

    def _apply_roots(self, item: Item) -> bool:
        names = parts_of(item)
        if self.root_names:
            known = [root_named(name, self.root_names) for name in names]
            names = [name for name in known if name is not None]
            if not names or len(names) < len(known):
                return False
        self.roots.extend(names)
        return True

    def _apply_listed(self, item: Item) -> bool:
        read = [_LISTED[item.name](part) for part in parts_of(item)]
        known = [value for value in read if value is not None]
        if len(known) < len(read) or not known:
            return False
        if item.name == "lang":
            self.languages.extend(known)
        elif item.name == "kind":
            (self.not_kinds if item.negated else self.kinds).extend(known)
        elif item.negated:
            self.not_path_globs.extend(f"*.{ending}" for ending in known)
        else:
            self.extensions.extend(known)
        return True

    def _apply_size(self, item: Item) -> bool:
        sizes = values.parse_size(item.value)
        if sizes is None:
            return False
        low, high = sizes
        if low is not None:
            self.size_min = low if self.size_min is None else max(self.size_min, low)
        if high is not None:
            self.size_max = high if self.size_max is None else min(self.size_max, high)
        return True

    def _apply_date(self, item: Item) -> bool:
        moment_ns = parse_date(item.value, self.now)
        if moment_ns is None:
            return False
        if item.name == "after":
            self.after_ns = moment_ns if self.after_ns is None else max(self.after_ns, moment_ns)
        else:
            self.before_ns = moment_ns if self.before_ns is None else min(self.before_ns, moment_ns)
        return True

    def filters(self, within: tuple[str, ...]) -> Filters:
        """What must hold of a hit's file."""
        return Filters(
            path_globs=_once(self.path_globs),
            not_path_globs=_once(self.not_path_globs),
            roots=_once(self.roots),
            within=within,
            kinds=_once(self.kinds),
            not_kinds=_once(self.not_kinds),
            extensions=_once(self.extensions),
            languages=_once(self.languages),
            after_ns=self.after_ns,
            before_ns=self.before_ns,
            size_min=self.size_min,
            size_max=self.size_max,
        )


def root_named(name: str, roots: Sequence[str]) -> str | None:
    """The indexed folder that a name means: the one spelt so, else one that differs in case."""
    if name in roots:
        return name
    return next((root for root in roots if folded(root) == folded(name)), None)


def _once(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def parts_of(item: Item) -> list[str]:
    """The values of a filter that may have several; what stands in quotes is one."""
    return [item.value] if item.quoted else values.split_list(item.value)
