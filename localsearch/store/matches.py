"""Full-text matches, and the rows that hits are shown from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from localsearch.db import says_store_errors
from localsearch.keywords import fold, is_unspaced, match_expression, phrase_term
from localsearch.store.documents import decode_locator
from localsearch.store.files import one_of
from localsearch.store.ranking import (
    MOST_RANKED,
    are_more,
    begun,
    best_by_all,
    frequencies,
    ranked,
    rare_terms,
    spoken_for,
    telling_terms,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

    from localsearch.keywords import Term
    from localsearch.store.filters import Condition, PassageCondition
    from localsearch.types import Kind, Locator

_FOLDERS_LOOKED_AT = 100
_RANKED_PER_HIT = 10
# Of a single word, which is ranked several times as quickly.
_MOST_RANKED_OF_ONE = 100_000
_PASSAGES = (
    "SELECT c.id, f.id, f.path, d.member, d.title, d.kind, d.language, c.locator, c.heading_path,"
    " c.text, f.mtime_ns,"
    " NOT EXISTS (SELECT 1 FROM chunks o WHERE o.document_id = d.id AND o.id <> c.id)"
    " FROM chunks c"
    " JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
)
_BM25_FILES = "bm25(files_fts, 4.0, 1.0)"


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk with all that a hit shows of its file; chunk_id None stands for the file's name.

    `is_whole` says that its document has no other chunk.
    """

    chunk_id: int | None
    file_id: int
    path: str
    member: str
    title: str
    kind: Kind
    language: str | None
    locator: Locator
    heading_path: tuple[str, ...]
    text: str
    mtime_ns: int
    is_whole: bool


@says_store_errors
class Matches:
    """Statements that answer searches by word."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def chunks(
        self,
        terms: Sequence[Term],
        operator: str,
        limit: int,
        condition: PassageCondition,
        *,
        one_per_document: bool = False,
        most_ranked: int | None = None,
    ) -> list[tuple[int, float]]:
        """Chunks that hold the terms as (chunk id, score), higher is better, best first.

        With `one_per_document` only the best of each, so that a long one hides no other. Without
        filters, of more than `most_ranked` (else as many as are ranked in time) only the latest are
        looked at.
        """
        expression = match_expression(terms, operator)
        if condition.is_narrow:
            return ranked(self._connection, expression, None, limit, condition, one_per_document)
        if most_ranked is None and len(terms) == 1:
            found = begun(self._connection, terms[0], limit, condition, one_per_document)
            if found is not None:
                return found
        # Ranking the matches alone and looking only at the first is many times as quick.
        most_ranked = most_ranked or _most_ranked(terms)
        count = limit * _RANKED_PER_HIT
        while True:
            first = count, most_ranked
            found = ranked(self._connection, expression, first, limit, condition, one_per_document)
            enough = len(found) >= limit or count >= most_ranked
            if enough or not are_more(self._connection, expression, count):
                return found
            count *= _RANKED_PER_HIT

    def any_of(
        self,
        terms: Sequence[Term],
        limit: int,
        condition: PassageCondition,
        *,
        one_per_document: bool = False,
    ) -> list[tuple[int, float]]:
        """Chunks that hold some of the terms as (chunk id, score), best first.

        Where they'd be too many to rank, the rarest terms choose which are scored by all. Where
        those find too few, as they may in few files or be slips, all terms that tell are asked for.
        """
        often = frequencies(self._connection, terms)
        if not often:
            return []
        telling = telling_terms(self._connection, often)
        rare = rare_terms(telling)
        found = None
        if not condition.is_narrow:
            found = spoken_for(
                self._connection, often, telling, rare, limit, condition, one_per_document
            )
        if found is None:
            found = self.chunks(rare, "OR", limit, condition, one_per_document=one_per_document)
        if len(found) >= limit or len(rare) == len(telling):
            return found
        more = self.chunks(
            tuple(telling), "OR", limit, condition, one_per_document=one_per_document
        )
        if condition.is_narrow:
            return more
        # Of the common terms only the latest were looked at, which may leave out what was found.
        both = dict([*found, *more])
        return best_by_all(self._connection, both, often, limit, condition, one_per_document)

    def count(self, terms: Sequence[Term], operator: str) -> int:
        """How many chunks hold the terms."""
        found = self._connection.execute(
            "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH ?",
            (match_expression(terms, operator),),
        ).get
        return int(found)

    def file_names(
        self, terms: Sequence[Term], limit: int, condition: Condition
    ) -> list[tuple[int, float]]:
        """Files whose own name holds all the terms as (file id, score), best first."""
        expression = "{name} : (" + match_expression(terms, "AND") + ")"
        sql, values = condition
        rows = self._connection.execute(
            f"SELECT f.id, -{_BM25_FILES} AS score FROM files_fts"
            " JOIN files f ON f.id = files_fts.rowid"
            f" WHERE files_fts MATCH ? AND {sql} ORDER BY score DESC, f.id LIMIT ?",
            (expression, *values, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def folder_named(self, name: str) -> str | None:
        """The name, as it's spelt, of a folder that known files lie in; None where there's none."""
        term = phrase_term(name)
        if term is None:
            return None
        rows = self._connection.execute(
            "SELECT f.path FROM files_fts JOIN files f ON f.id = files_fts.rowid"
            " WHERE files_fts MATCH ? LIMIT ?",
            ("{folder} : (" + term.expression + ")", _FOLDERS_LOOKED_AT),
        )
        parts = (part for (path,) in rows for part in PurePath(os.fsdecode(path)).parent.parts)
        return next((part for part in parts if fold(part) == fold(name)), None)

    def recent_files(self, limit: int, condition: Condition) -> list[int]:
        """Ids of the most recently changed files."""
        sql, values = condition
        rows = self._connection.execute(
            f"SELECT f.id FROM files f WHERE {sql} ORDER BY f.mtime_ns DESC, f.id LIMIT ?",
            (*values, limit),
        )
        return [row[0] for row in rows]

    def passages(self, chunk_ids: Iterable[int]) -> dict[int, Passage]:
        """What is shown of these chunks."""
        wanted, ids = one_of("c.id", chunk_ids)
        rows = self._connection.execute(f"{_PASSAGES} WHERE {wanted}", ids)
        return {row[0]: _passage(row) for row in rows}

    def first_chunks(self, file_ids: Iterable[int], condition: PassageCondition) -> dict[int, int]:
        """The first chunk of each of these files that meets the condition, by file id."""
        wanted, ids = one_of("d.file_id", file_ids)
        sql, values = condition.whole
        rows = self._connection.execute(
            "SELECT d.file_id, min(c.id) FROM documents d JOIN chunks c ON c.document_id = d.id"
            " JOIN files f ON f.id = d.file_id"
            f" WHERE {wanted} AND {sql} GROUP BY d.file_id",
            (*ids, *values),
        )
        return dict(rows)

    def names_only(self, file_ids: Iterable[int]) -> dict[int, Passage]:
        """What is shown of those of the files that have no text, by file id."""
        wanted, ids = one_of("f.id", file_ids)
        rows = self._connection.execute(
            "SELECT f.id, f.path, f.kind, f.reason, f.mtime_ns FROM files f"
            f" WHERE {wanted} AND NOT EXISTS"
            " (SELECT 1 FROM documents d JOIN chunks c ON c.document_id = d.id"
            " WHERE d.file_id = f.id)",
            ids,
        )
        return {
            file_id: _passage(
                (None, file_id, path, "", "", kind, None, "{}", "[]", reason, mtime_ns, True)
            )
            for file_id, path, kind, reason, mtime_ns in rows
        }

    def of_file(self, path: str, member: str | None = None) -> list[Passage]:
        """All passages of a file, or of one of its members, in order; none while it's away."""
        rows = self._connection.execute(
            f"{_PASSAGES} WHERE f.path = ? AND f.online = 1 AND d.member = coalesce(?, d.member)"
            " ORDER BY d.id, c.ordinal",
            (os.fsencode(path), member),
        )
        return [_passage(row) for row in rows]


def _is_beginning(term: Term) -> bool:
    """Whether it stands for many words; a character without spaces does only for its pairs."""
    return term.prefix and not is_unspaced(term.needle[0])


def _most_ranked(terms: Sequence[Term]) -> int:
    """How many of the chunks that hold these terms can be ranked while somebody types."""
    many = len(terms) > 1 or _is_beginning(terms[0])
    return MOST_RANKED if many else _MOST_RANKED_OF_ONE


def _passage(row: tuple[Any, ...]) -> Passage:
    chunk_id, file_id, path, member, title, kind, language, locator, headings, *rest = row
    text, mtime_ns, is_whole = rest
    return Passage(
        chunk_id=chunk_id,
        file_id=file_id,
        path=os.fsdecode(path),
        member=member,
        title=title,
        kind=kind,
        language=language,
        locator=decode_locator(locator),
        heading_path=tuple(msgspec.json.decode(headings)),
        text=text,
        mtime_ns=mtime_ns,
        is_whole=bool(is_whole),
    )
