"""Which passages hold words best, without looking at all that hold a common one?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localsearch.keywords import match_expression
from localsearch.store.beginnings import are_complete, beginning_of, strongest
from localsearch.store.bm25 import WEIGHTS, scored, totals
from localsearch.store.files import one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import apsw

    from localsearch.keywords import Term
    from localsearch.store.filters import PassageCondition

# Words in more passages than this tell them hardly apart, so that only the latest are ranked.
MOST_RANKED = 20_000
# A word in more than this share of the passages says nothing about any of them.
_COMMON_SHARE = 0.2
_FEW = 20
# A question's words that are too common to be ranked count where both are; so common at most.
_MOST_OF_PAIR = 100_000
# How common a word is, so many passages tell, of ranges all over the index: those indexed
# together are alike.
_SAMPLED, _RANGES = 20_000, 20
# Passages that are scored one by one, from their texts, which takes a fraction of a millisecond
# each.
_SCORED = 200
_MOST_CHOSEN_FROM = 100_000
# They're chosen from ten times as many, so that a long document leaves room for others.
_OTHERS, _OF_EACH_DOCUMENT = 10, 4
_LOOKED_UP = 250
_BM25 = f"bm25(chunks_fts, {', '.join(map(str, WEIGHTS))})"
_MATCHING = "FROM chunks_fts WHERE chunks_fts MATCH ?"


@dataclass(frozen=True, slots=True)
class _Sample:
    """Ranges of passages' ids, and how many passages there are in them."""

    ranges: list[tuple[int, int]]
    size: int


def ranked(
    connection: apsw.Connection,
    expression: str,
    first: tuple[int, int] | None,
    limit: int,
    condition: PassageCondition,
    one_per_document: bool,
) -> list[tuple[int, float]]:
    """The best matches that meet the condition, of all or of the first in rank and place."""
    matches = f"SELECT rowid, -{_BM25} AS score {_MATCHING}"
    of_matches: list[object] = [expression]
    if first is not None:
        matches = f"SELECT * FROM ({matches} ORDER BY rowid DESC LIMIT ?)"
        matches += " ORDER BY score DESC LIMIT ?"
        of_matches += reversed(first)
    sql, values = condition.whole
    best, each = ("max(score)", "GROUP BY document") if one_per_document else ("score", "")
    rows = connection.execute(
        f"WITH matches AS MATERIALIZED ({matches}), found AS MATERIALIZED"
        " (SELECT c.id, d.id AS document, score FROM matches m JOIN chunks c ON c.id = m.rowid"
        " JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
        f" WHERE {sql})"
        f" SELECT id, {best} AS best FROM found {each} ORDER BY best DESC, id LIMIT ?",
        (*of_matches, *values, limit),
    )
    return [(row[0], row[1]) for row in rows]


def are_more(connection: apsw.Connection, expression: str, count: int) -> bool:
    """Whether more passages than that match."""
    return _count(connection, expression, count + 1) > count


def _count(connection: apsw.Connection, expression: str, most: int) -> int:
    """How many passages match, counted no further than `most`."""
    found = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 {_MATCHING} LIMIT ?)", (expression, most)
    ).get
    return int(found)


def frequencies(connection: apsw.Connection, terms: Sequence[Term]) -> dict[Term, int]:
    """How many passages hold each term, the rarest first, without those that none holds."""
    rows = totals(connection).rows
    sample = _sample(connection) if rows > 2 * _SAMPLED else None
    often = {term: _frequency(connection, term, rows, sample) for term in terms}
    return {
        term: often[term] for term in sorted(often, key=lambda each: often[each]) if often[term]
    }


def telling_terms(connection: apsw.Connection, often: Mapping[Term, int]) -> dict[Term, int]:
    """Those of the terms that tell passages apart; else all."""
    common = max(_FEW, int(_COMMON_SHARE * totals(connection).rows))
    return {term: count for term, count in often.items() if count <= common} or dict(often)


def _sample(connection: apsw.Connection) -> _Sample:
    """Ranges of passages, spread evenly."""
    ids = "FROM chunks_fts_docsize"
    # Apart, each is one look at an index; together SQLite would read all of it.
    first, last = (connection.execute(f"SELECT {end}(id) {ids}").get for end in ("min", "max"))
    starts = range(first, last + 1, max(1, (last + 1 - first) // _RANGES))
    ranges = [(start, start + _SAMPLED // _RANGES - 1) for start in starts]
    sizes = (
        connection.execute(f"SELECT count(*) {ids} WHERE id BETWEEN ? AND ?", each).get
        for each in ranges
    )
    return _Sample(ranges, sum(sizes))


def _frequency(connection: apsw.Connection, term: Term, rows: int, sample: _Sample | None) -> int:
    """How many passages hold a term: as the sample tells where that's many, counted else."""
    if sample is not None and sample.size:
        held = sum(
            connection.execute(
                f"SELECT count(*) {_MATCHING} AND rowid BETWEEN ? AND ?", (term.expression, *each)
            ).get
            for each in sample.ranges
        )
        estimated = held * rows // sample.size
        if estimated > MOST_RANKED:
            return int(estimated)
    return _count(connection, term.expression, max(MOST_RANKED, int(_COMMON_SHARE * rows)) + 1)


def rare_terms(telling: Mapping[Term, int]) -> list[Term]:
    """The rarest, so many that those that hold any of them can be ranked."""
    rare: list[Term] = []
    for term, count in telling.items():
        if rare and sum(telling[each] for each in rare) + count > MOST_RANKED:
            break
        rare.append(term)
    return rare


def spoken_for(
    connection: apsw.Connection,
    often: Mapping[Term, int],
    telling: Mapping[Term, int],
    rare: Sequence[Term],
    limit: int,
    condition: PassageCondition,
    one_per_document: bool,
) -> list[tuple[int, float]] | None:
    """Those that hold the rare ones of the telling terms, scored by all in `often`.

    Of the terms that are too common, the two rarest count as one where both are. None where all
    are rare, so that those that hold any can be ranked.
    """
    if len(rare) == len(telling):
        return None
    expression = match_expression(rare, "OR")
    rest = [term for term in telling if term not in rare and telling[term] <= _MOST_OF_PAIR]
    if len(rest) > 1:
        expression = f"({expression}) OR ({match_expression(rest[:2], 'AND')})"
    return _scored(connection, expression, often, limit, condition, one_per_document)


def begun(
    connection: apsw.Connection,
    term: Term,
    limit: int,
    condition: PassageCondition,
    one_per_document: bool,
) -> list[tuple[int, float]] | None:
    """The best by a word's beginning, of those that hold it especially well.

    None where those are few, or where all that hold it are few enough to be ranked.
    """
    beginning = beginning_of(term)
    if beginning is None or totals(connection).rows <= MOST_RANKED or not are_complete(connection):
        return None
    chosen, many = strongest(connection, beginning, one_per_document)
    if not many and (len(chosen) < limit or not are_more(connection, term.expression, MOST_RANKED)):
        return None
    found = best_by_all(connection, chosen, {term: 1}, limit, condition, one_per_document)
    return found if len(found) == limit else None


def _scored(
    connection: apsw.Connection,
    expression: str,
    often: Mapping[Term, int],
    limit: int,
    condition: PassageCondition,
    one_per_document: bool,
) -> list[tuple[int, float]] | None:
    """What matches and meets the condition, scored by the terms.

    None where long documents took the places of others.
    """
    count = max(_SCORED, limit)
    of_each = _OF_EACH_DOCUMENT if one_per_document else count
    chosen, are_all = _chosen(connection, expression, count, of_each)
    found = best_by_all(connection, chosen, often, limit, condition, one_per_document)
    return found if len(found) == limit or are_all else None


def best_by_all(
    connection: apsw.Connection,
    chunk_ids: Iterable[int],
    often: Mapping[Term, int],
    limit: int,
    condition: PassageCondition,
    one_per_document: bool,
) -> list[tuple[int, float]]:
    """Those of the passages that meet the condition and hold all the terms best."""
    found = scored(connection, chunk_ids, often, condition)
    if one_per_document:
        best = {each.document_id: each for each in reversed(found)}
        found = [each for each in found if best[each.document_id] is each]
    return [(each.chunk_id, each.score) for each in found[:limit]]


def _chosen(
    connection: apsw.Connection, expression: str, count: int, of_each: int
) -> tuple[list[int], bool]:
    """The best matches by the expression itself, so many of each document; whether that's all."""
    most = count * _OTHERS
    rows = connection.execute(
        f"WITH latest AS (SELECT rowid, -{_BM25} AS score {_MATCHING}"
        " ORDER BY rowid DESC LIMIT ?)"
        " SELECT rowid FROM latest ORDER BY score DESC, rowid DESC LIMIT ?",
        (expression, _MOST_CHOSEN_FROM, most),
    )
    best = [row[0] for row in rows]
    chosen: list[int] = []
    held: Counter[int] = Counter()
    # Looking up the document of each takes longer than ranking them.
    for start in range(0, len(best), _LOOKED_UP):
        looked_up = best[start : start + _LOOKED_UP]
        documents = _documents(connection, looked_up)
        for chunk_id in filter(documents.__contains__, looked_up):
            held[documents[chunk_id]] += 1
            if held[documents[chunk_id]] <= of_each:
                chosen.append(chunk_id)
        if len(chosen) >= count:
            break
    return chosen[:count], len(best) < most


def _documents(connection: apsw.Connection, chunk_ids: Sequence[int]) -> dict[int, int]:
    wanted, ids = one_of("id", chunk_ids)
    return dict(connection.execute(f"SELECT id, document_id FROM chunks WHERE {wanted}", ids))
