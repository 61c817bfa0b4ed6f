"""Which passages hold words that begin so best, without ranking all that do?

Two letters, or one character of a script without spaces, begin words in so many passages that
ranking them takes long. So each passage says what it holds especially much of: an index of its own
has those beginnings, each with a level that grows with its share of BM25.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from typing import TYPE_CHECKING, Any
from unicodedata import category

from localsearch.keywords import is_unspaced
from localsearch.store.bm25 import WEIGHTS, length_part, totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from localsearch.keywords import Term

# Levels must stay comparable while the average length of passages changes; from those of
# paragraphs to those of pages it's at most this times or a part of it as much.
_AVERAGE_TOKENS = 120
# A level has a tenth more than the one below. From the least on, a title's word is enough in a
# passage of a paragraph; lower ones would have many times as many passages.
_STEP = math.log(1.1)
_LEAST_LEVEL, _HIGHEST_LEVEL = 15, 50
_LEAST = math.exp(_LEAST_LEVEL * _STEP)
_WEIGHTS = [int(weight) for weight in WEIGHTS]
# Characters for private use, which nothing that's indexed has.
_LEVELS = [chr(0xE100 + level) for level in range(_HIGHEST_LEVEL + 1)]
# So many that hold the beginning best are told apart by their texts.
_CHOSEN, _OF_EACH_DOCUMENT = 120, 2
_PAGE = 2000
_ABOVE_ALL_IDS = (1 << 63) - 1
# Where fewer passages hold the beginning well, all that hold it may be few enough to be ranked.
_MANY = 1000


def beginning_of(term: Term) -> str | None:
    """The beginning that the term asks for, None where there's no index of such."""
    if not term.prefix or len(term.tokens) > 1 or term.parts:
        return None
    return term.tokens[0] if _beginning(term.tokens[0][:2]) == term.tokens[0] else None


def index_beginnings(title: str, headings: str, body: str) -> str:
    """What goes into the index of a passage whose title, headings and body have these tokens."""
    columns = _of_many(title), _of_many(headings), _of_column(body)
    length = length_part(sum(tokens for tokens, _ in columns) / _AVERAGE_TOKENS)
    least = _LEAST * length
    held: dict[str, int] = {}
    for weight, (_, begun) in zip(_WEIGHTS, columns, strict=True):
        for two, count in begun.items():
            beginning = _beginning(two)
            held[beginning] = held.get(beginning, 0) + weight * count
    held.pop("", None)
    return " ".join(
        beginning + _LEVELS[min(_HIGHEST_LEVEL, int(math.log(weighted / length) / _STEP))]
        for beginning, weighted in held.items()
        if weighted >= least
    )


def _of_column(tokens: str) -> tuple[int, Counter[str]]:
    """How many tokens there are, and how many begin with each two characters."""
    each = tokens.split()
    return len(each), Counter([token[:2] for token in each])


# The passages of a document have its title, and most of them the headings of the one before.
_of_many = functools.lru_cache(maxsize=64)(_of_column)


@functools.lru_cache(maxsize=1 << 15)
def _beginning(two: str) -> str:
    """The beginning of a token that starts with these characters, "" where it has none."""
    beginning = two[0] if is_unspaced(two[0]) else two if len(two) > 1 else ""
    return beginning if all(map(_is_of_tokens, beginning)) else ""


def _is_of_tokens(character: str) -> bool:
    """Whether the full-text index has it in tokens; of "1⁄2" and "l·" it'd make several."""
    return category(character)[0] in "LNM" or category(character) == "Co"


def are_complete(connection: apsw.Connection) -> bool:
    """Whether the index has all passages; those of an older version come to it bit by bit."""
    return totals(connection, "beginnings_fts").rows == totals(connection).rows


def strongest(
    connection: apsw.Connection, beginning: str, one_per_document: bool
) -> tuple[list[int], bool]:
    """Chunks that hold the beginning best, by level; whether many more hold it well."""
    of_each = _OF_EACH_DOCUMENT if one_per_document else _CHOSEN
    of_document: Counter[int] = Counter()
    chosen: list[int] = []
    seen = 0
    for level in reversed(_LEVELS[_LEAST_LEVEL:]):
        for rows in _pages(connection, f'"{beginning}{level}"'):
            seen += len(rows)
            for chunk_id, document_id in rows:
                of_document[document_id] += 1
                if of_document[document_id] <= of_each:
                    chosen.append(chunk_id)
            if len(chosen) >= _CHOSEN:
                # A long document's passages may fill a page and leave others to the next.
                break
        if len(chosen) >= _CHOSEN and seen > _MANY:
            break
    return chosen[:_CHOSEN], seen > _MANY


def _pages(connection: apsw.Connection, expression: str) -> Iterator[Sequence[Any]]:
    """The chunks of a level and their documents, the latest first."""
    rows: Sequence[Any] = ((_ABOVE_ALL_IDS, 0),)
    while rows:
        rows = connection.execute(
            "SELECT c.id, c.document_id FROM"
            " (SELECT rowid FROM beginnings_fts WHERE beginnings_fts MATCH ? AND rowid < ?"
            " ORDER BY rowid DESC LIMIT ?) b CROSS JOIN chunks c ON c.id = b.rowid"
            " ORDER BY c.id DESC",
            (expression, rows[-1][0], _PAGE),
        ).fetchall()
        yield rows
        if len(rows) < _PAGE:
            return
