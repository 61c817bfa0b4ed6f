"""Which passages say the same, so that a list needs only the best of them?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import regex

from localsearch.keywords import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.candidates import Candidate

# Share of either text's trigrams that stand in the other, from which on they're copies. Rewrapped
# or with a word changed they stay above it, translated or in other words far below.
_COPY_SHARE = 0.9
# Who searches may be after the word that's changed.
_LISTED_SHARE = 0.95
# Beyond the first, only texts that are the same to the letter are found to be so.
_COMPARED = 20
_NUMBER = regex.compile(r"\p{N}+")


@dataclass(frozen=True, slots=True)
class _Wording:
    """A text as it's compared: without its layout and its case."""

    length: int
    trigrams: frozenset[str]
    numbers: tuple[str, ...]


def _wording(text: str) -> _Wording:
    folded = fold(" ".join(text.split()))
    trigrams = frozenset(folded[i : i + 3] for i in range(max(1, len(folded) - 2)))
    return _Wording(len(folded), trigrams, tuple(_NUMBER.findall(folded)))


def _alike(one: _Wording, other: _Wording, share: float) -> bool:
    shorter, longer = sorted((one.length, other.length))
    # What's much longer says more; cheap, and true of nearly all pairs.
    if shorter < longer * share / 1.5:
        return False
    common = len(one.trigrams & other.trigrams)
    return common >= share * max(len(one.trigrams), len(other.trigrams))


def is_copy(text: str, other: str) -> bool:
    """Whether two passages are one text but for its layout, its case or a word here and there."""
    return _alike(_wording(text), _wording(other), _COPY_SHARE)


def without_copies(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates in their order, each with the paths of those later ones that it stands for.

    Texts with other numbers in them are no copies: the next month's invoice is another one.
    """
    kept: list[Candidate] = []
    texts: dict[str, int] = {}
    compared: list[tuple[_Wording, int]] = []
    for position, each in enumerate(candidates):
        if each.passage.chunk_id is None:
            # A file of which only the name is known.
            kept.append(each)
            continue
        text = each.passage.text
        same = texts.get(text)
        if same is None and position < _COMPARED:
            wording = _wording(text)
            same = next((n for known, n in compared if _is_listed_copy(known, wording)), None)
            if same is None:
                compared.append((wording, len(kept)))
        if same is None:
            texts[text] = len(kept)
            kept.append(each)
        else:
            kept[same] = _standing_for(kept[same], each)
    return kept


def _is_listed_copy(known: _Wording, other: _Wording) -> bool:
    return known.numbers == other.numbers and _alike(known, other, _LISTED_SHARE)


def _standing_for(kept: Candidate, copy: Candidate) -> Candidate:
    path = copy.passage.path
    if path in (kept.passage.path, *kept.copies):
        return kept
    return replace(kept, copies=(*kept.copies, path))
