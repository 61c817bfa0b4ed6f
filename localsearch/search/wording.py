"""How much of a query's wording does each passage hold, beyond what its like hold anyway?

Wording is taken as trigrams of characters, which need no words and forgive endings; of scripts
written without spaces as pairs, as most of their words have two characters. What few of the
candidates hold says more than what all do. Passages are compared with those in the same language:
in the query's own, all of them share its "the" and "of", and would rank before an answer in another
language for that alone.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from localsearch.keywords import fold, is_unspaced, loosened, query_terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What's usual in a language can't be told from fewer passages than this.
_FEWEST_OF_LANGUAGE = 5
_GRAM = 3
# Of a pasted text the beginning tells enough.
_MOST_ASKED = 300


@dataclass(frozen=True, slots=True)
class Wording:
    """The share of the query's wording that a passage holds, 0…1, and what's usual there."""

    share: float
    usual: float

    @property
    def excess(self) -> float:
        """What it holds beyond what's usual."""
        return max(0.0, self.share - self.usual)


def compare_wording(
    query: str, texts: Sequence[str], languages: Sequence[str | None]
) -> list[Wording]:
    """The wording of each of these passages, which are the candidates for one query."""
    grams = _grams(query)
    held = [_held(grams, text) for text in texts]
    everyone = range(len(texts))
    shares_of_all = _shares(grams, dict(enumerate(held)))
    groups: dict[str | None, list[int]] = {}
    for number, language in enumerate(languages):
        groups.setdefault(language, []).append(number)
    found: dict[int, Wording] = {}
    for group in groups.values():
        shares = shares_of_all
        if len(group) >= _FEWEST_OF_LANGUAGE:
            shares = _shares(grams, {number: held[number] for number in group})
        # The mean, as the median jumps from nothing to all where half of them hold a word.
        usual = mean(shares.values())
        found.update((number, Wording(shares[number], usual)) for number in group)
    return [found[number] for number in everyone]


def _shares(grams: set[str], held: Mapping[int, set[str]]) -> dict[int, float]:
    """The share of the grams that each passage holds, the rarer among these the weightier."""
    counts = Counter(gram for each in held.values() for gram in each)
    weights = {gram: math.log((len(held) + 1) / (counts[gram] + 0.5)) for gram in grams}
    total = sum(weights.values())
    return {
        number: sum(weights[gram] for gram in each) / total if total else 0.0
        for number, each in held.items()
    }


def _grams(text: str) -> set[str]:
    """The trigrams of a query as words are folded, pairs in scripts without spaces.

    What's too short for either is its own.
    """
    text = text[:_MOST_ASKED]
    folded = " ".join(fold(text).split())
    trigrams = {folded[i : i + _GRAM] for i in range(len(folded) - _GRAM + 1)}
    spaced = {each for each in trigrams if not any(map(is_unspaced, each))}
    terms = loosened(query_terms(text))
    unspaced = {term.needle for term in terms if is_unspaced(term.needle[0])}
    return (spaced | unspaced) or ({folded} if folded else set())


def _held(grams: set[str], text: str) -> set[str]:
    within = " ".join(fold(text).split())
    return {gram for gram in grams if gram in within}
