"""How a query splits into items: the grammar, without what any filter means.

    query    = { blank | item }
    item     = [ "-" ] ( phrase | filter | word )
    filter   = NAME ":" ( phrase | bare value )         NAME one of FILTER_NAMES
    phrase   = opening quote, anything, a closing quote that goes with it
    word     = what's left, up to a blank or a quote that can only open

Quotes that never close are left out, and so are empty phrases: while a query is being typed, a
quote stands open, and the words after it count already.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FILTER_NAMES = frozenset(("path", "in", "kind", "ext", "lang", "after", "before", "size"))

# Which quotes close what a quote opened; the first one to come does. German „x“, Polish „x”,
# Swedish ”x”, French «x», Danish »x«, Swiss and plain ones, Chinese and Japanese brackets.
QUOTES = {
    '"': '"',
    "“": "”“",
    "„": "“”",
    "”": "”",
    "«": "»",
    "»": "«»",
    "「": "」",
    "『": "』",
    "＂": "＂",
    "〝": "〞〟",
}
# These only ever open, so they do so within a word as well: Chinese puts no blanks around them.
_OPENING_ONLY = "“„«「『〝"
DASHES = "-－−"
_WORD = re.compile(rf"[^\s{_OPENING_ONLY}]+")
_BARE_VALUE = re.compile(r"\S*")
_FILTER_NAME = re.compile(r"([^\W\d_]{2,6})[:：]")
# Words without anything in them that could be an operator: most of what people type.
_PLAIN_WORD = rf"[^\s:：{re.escape(DASHES)}{''.join(QUOTES)}][^\s:：{_OPENING_ONLY}]*+(?![:：])"
_PLAIN_WORDS = re.compile(rf"{_PLAIN_WORD}(?:\s+{_PLAIN_WORD})*")
_CLOSING = {opening: re.compile(f"[{closing}]") for opening, closing in QUOTES.items()}
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Item(NamedTuple):
    """One item of a query; `name` is "" for a word or a phrase, `source` is how it was written."""

    name: str
    value: str
    quoted: bool
    negated: bool
    source: str
    end: int


def normalised(text: str) -> str:
    """NFC, with nothing in it that a file, a terminal or UTF-8 couldn't hold."""
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("�", text)
    return unicodedata.normalize("NFC", _UNPRINTABLE.sub(" ", text))


def split_items(text: str) -> Iterator[Item]:
    """Yield the items of normalised text, in order; whatever it is, it splits into some.

    Words that follow each other may come as one item, with one blank between them.
    """
    closable = {
        opening: max(text.rfind(closing) for closing in QUOTES[opening]) for opening in QUOTES
    }
    at, end = 0, len(text)
    while at < end:
        first = text[at]
        if first.isspace():
            at += 1
        elif first in QUOTES:
            # An open quote counts for nothing, and so does an empty phrase.
            phrase, close = ("", at + 1) if closable[first] <= at else _read_phrase(text, at)
            if phrase and not phrase.isspace():
                yield _phrase_item(text, at, phrase, close, negated=False)
            at = close
        elif first in DASHES and at > 0 and not text[at - 1].isspace():
            # In "state"-owned the dash joins; it excludes nothing.
            at += 1
        elif (words := _PLAIN_WORDS.match(text, at)) is not None:
            at = words.end()
            value = " ".join(words[0].split())
            yield Item("", value, False, False, value, at)
        else:
            negated = first in DASHES and _negates(text, at)
            at = _skip_open_quotes(text, at + negated, closable)
            if at < end and not text[at].isspace():
                item = _read_item(text, at, closable, negated)
                at = item.end
                if item.name or item.value:
                    yield item


def _read_item(text: str, at: int, closable: dict[str, int], negated: bool) -> Item:
    if text[at] in QUOTES:
        phrase, close = _read_phrase(text, at)
        return _phrase_item(text, at, phrase, close, negated=negated)
    if (match := _FILTER_NAME.match(text, at)) is not None:
        name = unicodedata.normalize("NFKC", match[1]).casefold()
        if name in FILTER_NAMES:
            return _read_filter(text, name, match, closable, negated)
    word = _WORD.match(text, at)
    assert word is not None, "neither a blank nor an opening quote stands here"
    return Item("", word[0], False, negated, word[0], word.end())


def _phrase_item(text: str, at: int, phrase: str, close: int, *, negated: bool) -> Item:
    return Item("", " ".join(phrase.split()), True, negated, text[at:close], close)


def _read_filter(
    text: str, name: str, head: re.Match[str], closable: dict[str, int], negated: bool
) -> Item:
    at = _skip_open_quotes(text, head.end(), closable)
    if text[at : at + 1] in QUOTES:
        value, end = _read_phrase(text, at)
        return Item(name, value.strip(), True, negated, head[0] + text[at:end], end)
    bare = _BARE_VALUE.match(text, at)
    assert bare is not None, "the pattern matches the empty string"
    return Item(name, bare[0], False, negated, head[0] + bare[0], bare.end())


def _read_phrase(text: str, at: int) -> tuple[str, int]:
    """What stands between the quote at `at` and the first that closes it, and where that ends."""
    closing = _CLOSING[text[at]].search(text, at + 1)
    assert closing is not None, "only a quote that closes begins a phrase"
    return text[at + 1 : closing.start()], closing.end()


def _skip_open_quotes(text: str, at: int, closable: dict[str, int]) -> int:
    """Past the quotes at `at` that nothing closes; `closable` has the last closing of each."""
    while at < len(text) and closable.get(text[at], len(text)) <= at:
        at += 1
    return at


def _negates(text: str, at: int) -> bool:
    following = text[at + 1 : at + 2]
    return bool(following.strip()) and following not in DASHES
