"""Which passages say the same, so that a list needs only the best of them?"""

from __future__ import annotations

import string
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from localsearch.keywords import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.search.candidates import Candidate

# Share of either text's trigrams that stand in the other, from which on one is much like the other.
# With a word changed they stay above it, translated or in other words far below.
_LIKE_SHARE = 0.9
# So many characters mostly have so many without layout and punctuation, which tell texts apart.
_LOOKED_AT, _TELLING = 100, 30
_PUNCTUATION = str.maketrans("", "", string.punctuation + "“”„‘’«»…–—")


def same_words(text: str) -> str:
    """What texts have in common that differ in layout, case and punctuation at the most."""
    return _words_alone(text) or text


def _words_alone(text: str) -> str:
    return "".join(text.split()).translate(_PUNCTUATION).casefold()


def _beginning(text: str) -> str:
    """The first characters of its same words; texts that differ in them are no copies."""
    first = _words_alone(text[:_LOOKED_AT])[:_TELLING]
    return first if len(first) == _TELLING else same_words(text)[:_TELLING]


def _trigrams(text: str) -> tuple[int, frozenset[str]]:
    folded = fold(" ".join(text.split()))
    return len(folded), frozenset(folded[i : i + 3] for i in range(max(1, len(folded) - 2)))


def is_copy(text: str, other: str) -> bool:
    """Whether two passages are one text but for its layout, its case or a word here and there."""
    (length, grams), (other_length, other_grams) = _trigrams(text), _trigrams(other)
    shorter, longer = sorted((length, other_length))
    # What's much longer says more; cheap, and true of nearly all pairs.
    if shorter < longer * _LIKE_SHARE / 1.5:
        return False
    return len(grams & other_grams) >= _LIKE_SHARE * max(len(grams), len(other_grams))


def without_copies(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates in their order, each with the paths of those later ones that it stands for.

    Copies are passages of the same words in the same order: who searches may be after the one word
    that differs. A file that was found by its name is itself what was looked for, and passages of
    one file stand for themselves.
    """
    kept: list[Candidate] = []
    places: dict[str, int] = {}
    beginnings = [_beginning(each.passage.text) for each in candidates]
    alike = Counter(beginnings)
    for each, beginning in zip(candidates, beginnings, strict=True):
        if each.passage.chunk_id is None:
            kept.append(each)
            continue
        # Mostly nothing else begins so, and the rest needn't be looked at.
        words = same_words(each.passage.text) if alike[beginning] > 1 else beginning
        place = places.setdefault(words, len(kept))
        if place == len(kept):
            kept.append(each)
        elif each.why.name_match or each.passage.path == kept[place].passage.path:
            kept[place] = _without(kept[place], each.passage.path)
            kept.append(each)
        else:
            kept[place] = _standing_for(kept[place], each)
    return kept


def _without(kept: Candidate, path: str) -> Candidate:
    """What's listed itself is no copy of another."""
    return replace(kept, copies=tuple(each for each in kept.copies if each != path))


def _standing_for(kept: Candidate, copy: Candidate) -> Candidate:
    paths = dict.fromkeys((*kept.copies, copy.passage.path, *copy.copies))
    paths.pop(kept.passage.path, None)
    return replace(kept, copies=tuple(paths))
