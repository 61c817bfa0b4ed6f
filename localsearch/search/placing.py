"""Which candidates stand elsewhere than their scores alone would put them?"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import regex

from localsearch.keywords import fold, is_unspaced
from localsearch.search.candidates import KEYWORD_CANDIDATES, Candidate, one_per_file
from localsearch.search.copies import same_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.store.matches import Passage
    from localsearch.types import Query

# Where a passage that holds an identifier of the query stands at the latest, if words rank it
# first of those: on the first page.
_PLACE_OF_IDENTIFIERS = 10
_WORD = regex.compile(r"\w+")
# Letters with digits, underscores or capitals among them.
_LIKE_IDENTIFIER = regex.compile(r"\p{L}\d|\d\p{L}|\w_\w|\p{Ll}\p{Lu}")
# A word that so few files hold names them; what more hold is a topic, of which others may say more.
_FEW_FILES = 3
# Of a pasted text the beginning tells what's looked for.
_MOST_ASKED = 1000
# Shorter ones stand in texts by chance: characters, and those of scripts without spaces.
_LEAST_WORD, _LEAST_UNSPACED = 3, 2
# What stands around a word without being of it.
_AROUND = regex.compile(r"^\W+|\W+$")
# Less than scores differ by.
_LESS = 1e-6


def placed(candidates: Sequence[Candidate], query: Query) -> list[Candidate]:
    """All candidates, best first, after these rules; what each adds is one of the weights.

    Archives' lists of names stand below their members; what holds an identifier of the query is on
    the first page; and what holds a rare word comes first where that's the whole query.
    """
    ordered = _sorted(candidates)
    ordered = _sorted(_members_first(_with_place_of_identifiers(ordered, query)))
    return _sorted(_rare_word_first(ordered, query))


def raised(candidate: Candidate, source: str, lift: float) -> Candidate:
    """The candidate with a score that's higher by `lift`, and `source` told in its weights."""
    weights = (*candidate.why.weights, (source, lift))
    return replace(
        candidate, score=candidate.score + lift, why=replace(candidate.why, weights=weights)
    )


def all_words(passage: Passage) -> str:
    """What's searched for words of a passage: its text, and what it stands under."""
    name = PurePath(passage.path).name
    return "\n".join((name, passage.title, *passage.heading_path, passage.text))


def _sorted(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: -each.score)


def _rare_word_first(ordered: list[Candidate], query: Query) -> list[Candidate]:
    """The best passage of each of the few files that hold a query of one word, above all others.

    Meaning says little of a part number or a name that nobody else has, and finds many like it.
    Copies of a text count once.
    """
    by_word = [each for each in ordered if each.why.keyword_rank is not None]
    # Of a full list nobody knows how many more hold the word.
    if len(by_word) >= KEYWORD_CANDIDATES:
        return ordered
    word = _AROUND.sub("", fold(unicodedata.normalize("NFC", query.wanted)))
    spaced = not any(map(is_unspaced, word))
    is_word = len(word.split()) == 1 and _WORD.search(word)
    if not is_word or len(word) < (_LEAST_WORD if spaced else _LEAST_UNSPACED):
        return ordered
    edge = r"(?<!\w){}(?!\w)" if spaced else "{}"
    whole = regex.compile(edge.format(regex.escape(word)))
    holding: dict[tuple[str, str], Candidate] = {}
    texts: set[str] = set()
    for each in by_word:
        text = unicodedata.normalize("NFC", all_words(each.passage))
        if each.identity not in holding and whole.search(fold(text)):
            holding[each.identity] = each
            texts.add(same_words(each.passage.text))
        if len(texts) > _FEW_FILES:
            return ordered
    places = {id(each): len(holding) - place for place, each in enumerate(holding.values())}
    top = max((each.score for each in ordered if id(each) not in places), default=0.0)
    return [
        raised(each, "rare_word", top + places[id(each)] * _LESS - each.score)
        if id(each) in places and each.score <= top
        else each
        for each in ordered
    ]


def _with_place_of_identifiers(ordered: list[Candidate], query: Query) -> list[Candidate]:
    """The same, with what words rank first of all that hold an identifier raised to a place.

    It was typed for a reason, while the rest of the query may be like many other passages.
    """
    words = _WORD.findall(query.wanted[:_MOST_ASKED])
    identifiers = [fold(each) for each in words if _LIKE_IDENTIFIER.search(each)]
    if not identifiers:
        return ordered
    # Whether one is held is asked of each text once: of a pasted log there are many.
    held = regex.compile("|".join(map(regex.escape, identifiers)))
    holding = [
        each
        for each in ordered
        if each.why.keyword_rank is not None and held.search(fold(all_words(each.passage)))
    ]
    first = min(holding, key=lambda each: each.why.keyword_rank or 0, default=None)
    others = [each for each in ordered if each is not first]
    shown = others if query.passages else one_per_file(others)
    if first is None or len(shown) < _PLACE_OF_IDENTIFIERS:
        return ordered
    lift = shown[_PLACE_OF_IDENTIFIERS - 1].score + _LESS - first.score
    return [raised(first, "identifier", lift), *others] if lift > 0 else ordered


def _members_first(ordered: Sequence[Candidate]) -> list[Candidate]:
    """Archives whose list of names stood above what's in them, below the best of that.

    Short as it is, a list of names is near to any query that holds one. Who asks for the archive
    by its own name means it.
    """
    best: dict[str, float] = {}
    for each in ordered:
        if each.passage.member:
            path = each.passage.path
            best[path] = max(best.get(path, each.score), each.score)
    lowered = {
        id(each): best[each.passage.path] - _LESS - each.score
        for each in ordered
        if _is_list_of_names(each) and each.score >= best.get(each.passage.path, math.inf)
    }
    return [
        raised(each, "members", lowered[id(each)]) if id(each) in lowered else each
        for each in ordered
    ]


def _is_list_of_names(candidate: Candidate) -> bool:
    passage = candidate.passage
    return passage.kind == "archive" and not (passage.member or candidate.why.name_match)
