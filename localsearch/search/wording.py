"""How much of a query's wording does each passage hold, beyond what its like hold anyway?

Wording is taken as trigrams of characters, which need no words and forgive endings; of scripts
written without spaces as pairs, as most of their words have two characters. Passages are compared
with those in the same language: in the query's own, all of them share its "the" and "of", and would
rank before an answer in another language for that alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from localsearch.keywords import fold, is_unspaced, loosened, query_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    shares = [_share(grams, text) for text in texts]
    groups: dict[str | None, list[float]] = {}
    for share, language in zip(shares, languages, strict=True):
        groups.setdefault(language, []).append(share)
    # The mean, as the median jumps from nothing to all where half of them hold a word.
    usual = {
        language: mean(group if len(group) >= _FEWEST_OF_LANGUAGE else shares)
        for language, group in groups.items()
    }
    return [
        Wording(share, usual[language]) for share, language in zip(shares, languages, strict=True)
    ]


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


def _share(grams: set[str], text: str) -> float:
    within = " ".join(fold(text).split())
    return sum(gram in within for gram in grams) / len(grams) if grams else 0.0
