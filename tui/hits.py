"""How a new ranked list takes the place of the one on screen without moving under the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localsearch.search.copies import same_words
from localsearch.types import Hit, Locator

HitKey = tuple[str, str, int | Locator]
FileKey = tuple[str, str]


def hit_key(hit: Hit) -> HitKey:
    """What makes a hit the same hit in another list: its file and its passage."""
    return hit.path, hit.member, hit.locator if hit.chunk_id is None else hit.chunk_id


def file_key(hit: Hit) -> FileKey:
    """The file, or the member of a file, that a hit stands in."""
    return hit.path, hit.member


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The list to show and the row of it that's highlighted; None when it's empty."""

    hits: tuple[Hit, ...]
    cursor: int | None


def arrange(
    shown: Sequence[Hit], cursor: int | None, ranked: Sequence[Hit], *, moved: bool
) -> Arrangement:
    """Put `ranked` in the place of `shown`, of which row `cursor` is highlighted.

    Until the user has `moved`, the best hit is the highlighted one. From then on the highlight
    stays on its hit, and rows down to it stay as they are (each refreshed by its newer self).
    """
    if not ranked and not (moved and cursor is not None and shown):
        return Arrangement((), None)
    if moved and cursor is not None and shown:
        return _keep_above(shown, min(cursor, len(shown) - 1), ranked)
    return Arrangement(tuple(ranked), 0)


def _keep_above(shown: Sequence[Hit], cursor: int, ranked: Sequence[Hit]) -> Arrangement:
    rest = list(ranked)
    kept: list[Hit] = []
    for hit in shown[: cursor + 1]:
        place = _find(hit, rest)
        kept.append(hit if place is None else rest.pop(place))
    return Arrangement((*kept, *rest), cursor)


def _find(hit: Hit, hits: Sequence[Hit]) -> int | None:
    key = hit_key(hit)
    for place, other in enumerate(hits):
        if hit_key(other) == key:
            return place
    for place, other in enumerate(hits):
        if _is_copy_of(other, hit):
            return place
    same_file = [place for place, other in enumerate(hits) if file_key(other) == file_key(hit)]
    # Where a list holds several passages of a file, none of them stands for another.
    return same_file[0] if len(same_file) == 1 else None


def _is_copy_of(hit: Hit, other: Hit) -> bool:
    """Whether one of them now stands for the other, of the same words, in a list."""
    is_listed = hit.path in other.copies or other.path in hit.copies
    return is_listed and same_words(hit.text) == same_words(other.text)
