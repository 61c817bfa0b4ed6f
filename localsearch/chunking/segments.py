"""Where may a long text be cut: between paragraphs, sentences, words, and graphemes at the last.

Everything works on offsets into one text, and the spans that come out always cover all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

# Characters of one token, at the most generous: beyond it, a text is too long without counting.
_MAX_CHARACTERS_PER_TOKEN = 8

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
_LINE_END = re.compile(r"\n")

# Scripts that write a syllable or more with one character, each about a token.
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, for when no model is there to count; rather too many.

    Rates by script as the tokenizers of multilingual models have them on average: a token for each
    Chinese, Japanese or Korean character, for 2 characters of other non-Latin text, 3.5 of ASCII.
    """
    if not text:
        return 0
    ascii_length = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    dense = 0 if ascii_length == len(text) else len(_DENSE.findall(text))
    others = len(text) - ascii_length - dense
    return max(1, round(dense + others / 2 + ascii_length / 3.5))


# Between two of these there always is an end of a grapheme: printable ASCII, the same scripts, less
# the two marks that voice kana.
_PLAIN = "[!-~\u3040-\u3098\u309b-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
_PLAIN_PAIR = re.compile(f"{_PLAIN}(?={_PLAIN})")
_NEAR = 32


@dataclass(frozen=True, slots=True)
class Unit:
    """A span that a chunk holds whole; `aligned` unless it starts within a sentence."""

    start: int
    end: int
    tokens: int
    aligned: bool = True


class Cutter:
    """Cuts texts into units of at most `limit` tokens, the largest that structure offers.

    A unit is longer only where a single grapheme is. Characters are counted about twice at most.
    """

    def __init__(self, count_tokens: Callable[[str], int], limit: int) -> None:
        self._count = count_tokens
        self.limit = limit

    def measure(self, text: str) -> int | None:
        """Its tokens, or None when it's clearly longer than the limit (and isn't counted then)."""
        if len(text) > self.limit * _MAX_CHARACTERS_PER_TOKEN:
            return None
        if estimate_tokens(text) > 2 * self.limit:
            return None
        return self._count(text)

    def units(self, text: str, *, by_lines: bool) -> Iterator[Unit]:
        """Units of a text that is longer than the limit; `by_lines` where lines are sentences."""
        small = line_starts if by_lines else sentence_starts
        for start, end in _spans(0, paragraph_starts(text, 0, len(text)), len(text)):
            whole = start == 0 and end == len(text)
            if not whole and (unit := self._fitting(text, start, end)) is not None:
                yield unit
                continue
            for first, last in _spans(start, small(text, start, end), end):
                if (first, last) != (start, end) and (
                    unit := self._fitting(text, first, last)
                ) is not None:
                    yield unit
                else:
                    yield from self.pieces(text, first, last)

    def _fitting(self, text: str, start: int, end: int) -> Unit | None:
        tokens = self.measure(text[start:end])
        return None if tokens is None or tokens > self.limit else Unit(start, end, tokens)

    def pieces(self, text: str, start: int, end: int) -> Iterator[Unit]:
        """Cut between words where there are spaces, else between graphemes."""
        place = start
        sample = text[start : min(end, start + self.limit * _MAX_CHARACTERS_PER_TOKEN)]
        rate = len(sample) / estimate_tokens(sample)
        while place < end:
            stop = cut_before(text, place, place + int(self.limit * rate * 0.9), end)
            tokens = self._count(text[place:stop])
            while tokens > self.limit:
                shorter = int((stop - place) * self.limit / tokens * 0.9)
                closer = cut_before(text, place, place + shorter, end)
                if closer >= stop:
                    break
                stop = closer
                tokens = self._count(text[place:stop])
            yield Unit(place, stop, tokens, aligned=place == start)
            rate = min((stop - place) / max(tokens, 1), _MAX_CHARACTERS_PER_TOKEN)
            place = stop


def cut_before(text: str, start: int, wanted: int, end: int) -> int:
    """The last good place for a cut in `start` … `wanted`, after at least one grapheme.

    `start` has to lie between graphemes.
    """
    if wanted >= end:
        return end
    middle = start + (wanted - start) // 2
    space = max(text.rfind(mark, middle, wanted) for mark in (" ", "\n", "\t", "\u3000"))
    # A space may carry a mark, and then there's no cut behind it.
    if space > start and _grapheme_end(text, space, end) == space + 1:
        return space + 1
    plain = [
        found.end() for found in _PLAIN_PAIR.finditer(text, max(start, wanted - _NEAR), wanted)
    ]
    if plain:
        return plain[-1]
    last = start
    for found in _grapheme().finditer(text, start, min(end, wanted + 64)):
        if found.end() > wanted:
            break
        last = found.end()
    return last if last > start else _grapheme_end(text, start, end)


def _grapheme_end(text: str, start: int, end: int) -> int:
    found = _grapheme().match(text, start, end)
    return found.end() if found is not None else start + 1


def paragraph_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Where paragraphs, which blank lines part, start after `start`."""
    return (found.end() for found in _PARAGRAPH_END.finditer(text, start, end))


def line_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Where lines start after `start`."""
    return (found.end() for found in _LINE_END.finditer(text, start, end))


def sentence_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Where sentences start after `start`, by Unicode's Sentence_Terminal.

    After the rules of UAX #29 that matter most: closing marks belong to the sentence they follow; a
    full stop, as used in the Latin script, ends one only before space and no small letter.
    """
    return (found.end() for found in _sentence_end().finditer(text, start, end))


def _spans(first: int, starts: Iterable[int], end: int) -> Iterator[tuple[int, int]]:
    """From `first` to `end`, parted at `starts`."""
    for start in starts:
        if first < start < end:
            yield first, start
            first = start
    if first < end:
        yield first, end


@cache
def _grapheme() -> regex.Pattern[str]:
    import regex

    return regex.compile(r"\X")


@cache
def _sentence_end() -> regex.Pattern[str]:
    import regex

    closing = r"""[\p{Pe}\p{Pf}"'\p{M}]*"""
    return regex.compile(
        rf"(?V1)(?:[.!?…]+{closing}\s+(?!\p{{Ll}})|[\p{{STerm}}--[.!?…]]+{closing}\s*|\n\s*\n\s*)"
    )
