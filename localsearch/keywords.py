"""Words: how text becomes terms of the full-text index, and a query becomes terms to look for.

The index and the query go through the same folding and splitting, so they always meet. Scripts
written without spaces are indexed as overlapping pairs of characters plus the last one alone, so
that any substring of one or more characters is found (measured: recall and precision 1.0).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSPACED_SCRIPTS = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}ー"
)
_UNSPACED = regex.compile(rf"[{_UNSPACED_SCRIPTS}]")
_RUN = regex.compile(
    rf"(?V1)(?P<unspaced>[{_UNSPACED_SCRIPTS}][{_UNSPACED_SCRIPTS}\p{{M}}]*)"
    # Operators stay with a name they end: C++, C#, F#.
    rf"|(?P<word>[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED_SCRIPTS}]]+"
    r"(?:(?:\+\+|[#+])(?![\p{L}\p{N}]))?)"
)
# Words of the scripts whose letters come first in Unicode, of Cyrillic and of Arabic without vowel
# signs, found several times as quickly, in texts that have no other letters or marks.
_PLAIN_WORD = re.compile(r"[^\W_]+(?:(?:\+\+|[#+])(?![^\W_]))?")
_NOT_PLAIN = re.compile(
    "[\u0300-\u03ff\u0483-\u0489\u0530-\u060b\u060d-\u061a\u061c-\u061e\u064b-\u065f\u066a-\u0670"
    "\u06d4-\u1fff\u2070-\U0010ffff]"
)
_CAMEL = regex.compile(r"\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{M}]+|\p{Lu}+|\p{N}+")
# Arabic letters that people type one for the other, and the lengthening stroke; the dotless i, as
# its capital is the I of all others.
_ALIKE = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ـ": "", "ё": "е", "ı": "i"}
)
_FOLDED_SCRIPTS = regex.compile(r"[\p{Latin}\p{Greek}]")
# Combining accents, Arabic vowel signs, Hebrew points, and marks that don't show.
_DROPPED_MARKS = regex.compile(
    r"[\u0300-\u036f\u064b-\u0652\u0670\u0591-\u05c7\u200b-\u200f\u00ad\ufe00-\ufe0f]"
)
# All but lower-case letters of common scripts that stay as they are when they're folded.
_MAY_FOLD = re.compile(
    "[^\x00-\x7f\u0430-\u0450\u0452-\u045f\u05d0-\u05ea\u0626-\u0628\u062a-\u063f\u0641-\u0648\u064a"
    "\u0900-\u0957\u0e00-\u0e32\u0e34-\u0e7f\u3001\u3002\u3040-\u309a\u30a1-\u30fe\u4e00-\u9fff\uac00-\ud7a3]"
)
# A needle of so many letters may be the beginning of a longer word, such as its plural.
_INFLECTED_FROM = 5
_OPERATORS = str.maketrans({"+": "\ue001", "#": "\ue002"})
# A token that no query has; keeps the parts of one word from being neighbours of another's.
_APART = "\ue000"


class _Folding(dict[int, str]):
    """Folds one code point, and remembers it."""

    def __missing__(self, codepoint: int) -> str:
        character = chr(codepoint)
        folded = unicodedata.normalize("NFKC", character).casefold()
        if _FOLDED_SCRIPTS.match(folded):
            folded = unicodedata.normalize("NFD", folded)
        folded = _DROPPED_MARKS.sub("", folded).translate(_ALIKE)
        self[codepoint] = folded = unicodedata.normalize("NFC", folded)
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Text without the differences that people don't mean: case, width, accents, vowel points."""
    lowered = text.lower()
    if not lowered.isascii():
        # Few characters are left that change. To look up each of all takes several times as long.
        for each in set(_MAY_FOLD.findall(lowered)):
            lowered = lowered.replace(each, _FOLDING[ord(each)])
    return lowered


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for: `tokens` in a row in the index, `needle` in folded text.

    `prefix` asks for words that begin with the last token. `parts`, if there are any, may stand
    there instead: "parseQuery" is in "parseQueryText", too.
    """

    tokens: tuple[str, ...]
    needle: str
    prefix: bool = False
    parts: tuple[str, ...] = ()

    @property
    def expression(self) -> str:
        """The term for FTS5; tokens hold word characters only, so nothing to escape."""
        whole = self._phrase(self.tokens)
        return f"({whole} OR {self._phrase(self.parts)})" if self.parts else whole

    def _phrase(self, tokens: Sequence[str]) -> str:
        return '"' + " ".join(tokens) + '"' + (" *" if self.prefix else "")


def index_text(text: str) -> str:
    """What of `text` goes into the full-text index, as tokens between spaces.

    Parts of words come after all words, so that words which are neighbours stay so for phrases.
    """
    tokens: list[str] = []
    parts: list[str] = []
    # As queries are: macOS takes the names of files apart into letters and marks.
    for unspaced, word in _runs(unicodedata.normalize("NFC", text)):
        if unspaced:
            folded = fold(unspaced)
            tokens.extend(_pairs(folded))
            tokens.append(folded[-1:])
        else:
            token, of_word = _of_word(word)
            tokens.append(token)
            parts.extend(of_word)
    return " ".join([*tokens, *parts])


def _runs(text: str) -> list[tuple[str, str]]:
    """What `_RUN` finds in the text: each a run of an unspaced script, or a word."""
    if _NOT_PLAIN.search(text):
        return _RUN.findall(text)
    return [("", word) for word in _PLAIN_WORD.findall(text)]


# Texts repeat their words; remembered, they take a fraction of the time.
@functools.lru_cache(maxsize=1 << 15)
def _of_word(word: str) -> tuple[str, tuple[str, ...]]:
    """The token of a word, and what goes apart of it where it has parts."""
    folded = fold(word)
    is_name = folded[-1:] in "+#"
    if _is_one_part(word) and not is_name:
        return folded, ()
    parts = _parts(word)
    return folded.translate(_OPERATORS), (_APART, *parts) if len(parts) > 1 or is_name else ()


def _pairs(folded: str) -> tuple[str, ...]:
    """The overlapping pairs of characters of a text without spaces; none for a single one."""
    return tuple(folded[i : i + 2] for i in range(len(folded) - 1))


def _parts(word: str) -> list[str]:
    """The folded parts of a camelCase or mixed word; the word alone where it has none."""
    if _is_one_part(word):
        return [fold(word.rstrip("+#"))]
    return [fold(part) for part in _CAMEL.findall(word)]


def _is_one_part(word: str) -> bool:
    return word.islower() or not (word.isascii() or any(c.isupper() for c in word[1:]))


def query_terms(text: str, *, prefix_last: bool = False) -> tuple[Term, ...]:
    """The terms of free text, in order and each once.

    With `prefix_last` the last word, if two letters or longer, also finds words it begins.
    """
    terms: dict[str, Term] = {}
    end = len(text.rstrip())
    for run in _RUN.finditer(text):
        folded = fold(run[0])
        if not folded:
            continue
        if run["unspaced"]:
            pairs = _pairs(folded)
            term = Term(pairs or (folded,), folded, prefix=not pairs)
        else:
            typing = prefix_last and run.end() == end and len(folded) >= 2
            parts = _parts(run[0])
            alternative = tuple(parts) if len(parts) > 1 else ()
            whole = folded.translate(_OPERATORS)
            term = Term((whole,), folded, prefix=typing, parts=alternative)
        terms[term.needle] = term
    return tuple(terms.values())


def loosened(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms with long runs of unspaced scripts taken apart into their pairs of characters.

    A whole question in Chinese is one run, which hardly any text holds as it is.
    """
    loose: dict[str, Term] = {}
    for term in terms:
        for token in term.tokens:
            each = term if len(term.tokens) == 1 else Term((token,), token)
            loose[each.needle] = each
    return tuple(loose.values())


def phrase_term(text: str) -> Term | None:
    """An exact phrase as one term; None when there's no word in it."""
    tokens: list[str] = []
    prefix = False
    runs = [(fold(run[0]), run["unspaced"]) for run in _RUN.finditer(text)]
    runs = [(folded, unspaced) for folded, unspaced in runs if folded]
    for number, (folded, unspaced) in enumerate(runs, start=1):
        if not unspaced:
            tokens.append(folded.translate(_OPERATORS))
            continue
        tokens.extend(_pairs(folded))
        # The index has the last character of a run once more, alone. Where the phrase ends within
        # a longer run, that isn't its last, and a single one begins a pair.
        if number < len(runs):
            tokens.append(folded[-1])
        elif len(folded) == 1:
            tokens.append(folded)
            prefix = True
    return Term(tuple(tokens), fold(text).strip(), prefix) if tokens else None


def match_expression(terms: Sequence[Term], operator: str) -> str:
    """The FTS5 query that joins the terms by `operator` (AND, OR)."""
    return f" {operator} ".join(term.expression for term in terms)


def find_needles(text: str, needles: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where the folded needles stand in `text`: code-point ranges, merged, in order.

    Needles of spaced scripts must begin a word, and short ones be all of it: "art" is marked
    neither in "party" nor in "article", "squeal" is in "squeals".
    """
    pieces = [_FOLDING[each] for each in map(ord, text)]
    folded = "".join(pieces)
    starts: Sequence[int] = range(len(text))
    if len(folded) != len(text) or "" in pieces:
        starts = [at for at, piece in enumerate(pieces) for _ in piece]
    found: list[tuple[int, int]] = []
    for needle in needles:
        if not needle:
            continue
        at = folded.find(needle)
        while at >= 0:
            end = at + len(needle)
            if not (at and _joined(folded[at - 1], needle[0])) and (
                len(needle) >= _INFLECTED_FROM
                or end == len(folded)
                or not _joined(folded[end], needle[-1])
            ):
                found.append((starts[at], starts[end - 1] + 1))
            at = folded.find(needle, at + 1)
    return _merge(found)


def is_unspaced(character: str) -> bool:
    """Whether the character is of a script that puts no spaces between words."""
    return _UNSPACED.match(character) is not None


def _joined(outside: str, inside: str) -> bool:
    """Whether two neighbouring characters belong to one word."""
    return outside.isalnum() and inside.isalnum() and not is_unspaced(inside)


def _merge(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
