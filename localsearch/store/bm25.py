"""How well do a few passages answer many words? Scores as FTS5's bm25() gives them.

FTS5 only scores all that matches, and counts for each word all passages that hold it. Of a large
index it's asked for the passages that the rare words speak for; with all words those are scored
here, from the tokens that their texts have in the index.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING, Any

import msgspec

from localsearch.keywords import index_text
from localsearch.store.files import one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import apsw

    from localsearch.keywords import Term
    from localsearch.store.filters import PassageCondition

# Weights of title, heading and body; names and headings say what a text is about.
WEIGHTS = (4.0, 3.0, 1.0)
# FTS5's own: https://sqlite.org/fts5.html#the_bm25_function
_K1, _B, _LEAST_IDF = 1.2, 0.75, 1e-6
# The row that holds how many rows and tokens there are in all.
_TOTALS_ROW = 1


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage and its score, higher is better."""

    chunk_id: int
    document_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Totals:
    """How many passages the full-text index has, and tokens in all of them."""

    rows: int
    tokens: int


def totals(connection: apsw.Connection, table: str = "chunks_fts") -> Totals:
    """What FTS5 keeps count of."""
    block = connection.execute(f"SELECT block FROM {table}_data WHERE id = ?", (_TOTALS_ROW,)).get
    rows, *tokens = _numbers(block) if block else (0,)
    return Totals(rows, sum(tokens))


def scored(
    connection: apsw.Connection,
    chunk_ids: Iterable[int],
    often: Mapping[Term, int],
    condition: PassageCondition,
) -> list[Scored]:
    """Those of the passages that meet the condition, by all terms, best first.

    `often` has in how many of all passages each term is. A term's parts, which FTS5 scores
    beside the whole, count as being in as many.
    """
    whole = totals(connection)
    wanted, ids = one_of("c.id", chunk_ids)
    sql, values = condition.whole
    rows: Iterable[Any] = connection.execute(
        "SELECT c.id, c.document_id, s.sz, d.title, c.heading_path, c.text FROM chunks c"
        " JOIN documents d ON d.id = c.document_id JOIN chunks_fts_docsize s ON s.id = c.id"
        f" JOIN files f ON f.id = d.file_id WHERE {wanted} AND {sql}",
        (*ids, *values),
    )
    telling = [
        (_idf(count, whole.rows), phrase, term.prefix)
        for term, count in often.items()
        for phrase in (term.tokens, term.parts)
        if phrase
    ]
    average = whole.tokens / max(1, whole.rows)
    # Passages of one document share them.
    of_heading = functools.cache(lambda title: index_text(title).split())
    of_headings = functools.cache(lambda path: of_heading(" ".join(msgspec.json.decode(path))))
    found = []
    for chunk_id, document_id, sizes, title, headings, text in rows:
        tokens = [of_heading(title), of_headings(headings), index_text(text).split()]
        longer = length_part(sum(_numbers(sizes)) / average)
        score = 0.0
        for idf, phrase, prefix in telling:
            weighted = sum(map(mul, WEIGHTS, (_count(each, phrase, prefix) for each in tokens)))
            score += idf * weighted * (_K1 + 1) / (weighted + longer)
        found.append(Scored(chunk_id, document_id, score))
    return sorted(found, key=lambda each: (-each.score, each.chunk_id))


def length_part(length: float) -> float:
    """What a passage, so many times as long as the average, divides the weight of a word by.

    BM25 of a word grows with that quotient, up to its idf times K1 + 1.
    """
    return _K1 * (1 - _B + _B * length)


def _idf(count: int, rows: int) -> float:
    return max(_LEAST_IDF, math.log((max(0, rows - count) + 0.5) / (count + 0.5)))


def _count(tokens: list[str], phrase: tuple[str, ...], prefix: bool) -> int:
    """How often tokens in a row are the phrase's; with `prefix`, its last only begins one."""
    *before, last = phrase
    if prefix:
        ends = [at for at, token in enumerate(tokens) if token.startswith(last)]
    elif not before:
        return tokens.count(last)
    elif last not in tokens:
        return 0
    else:
        ends = [at for at, token in enumerate(tokens) if token == last]
    length = len(before)
    return sum(at >= length and tokens[at - length : at] == before for at in ends)


def _numbers(varints: bytes) -> Sequence[int]:
    """SQLite's integers of varying length: seven bits a byte, the highest says that more follow."""
    return list(_each_number(varints))


def _each_number(varints: bytes) -> Iterator[int]:
    number = 0
    for byte in varints:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            yield number
            number = 0
