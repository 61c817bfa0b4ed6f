"""Full-text matches, and the rows that hits are shown from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from localsearch.keywords import match_expression
from localsearch.store.documents import decode_locator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

    from localsearch.keywords import Term
    from localsearch.store.filters import Condition
    from localsearch.types import Kind, Locator

# Weights of title, heading and body; names and headings say what a text is about.
_BM25_CHUNKS = "bm25(chunks_fts, 4.0, 3.0, 1.0)"
_BM25_FILES = "bm25(files_fts, 4.0, 1.0)"


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk with all that a hit shows of its file; chunk_id None stands for the file's name."""

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


class Matches:
    """Statements that answer searches by word."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def chunks(
        self, terms: Sequence[Term], operator: str, limit: int, condition: Condition
    ) -> list[tuple[int, float]]:
        """Chunks that hold the terms as (chunk id, score), higher is better, best first."""
        sql, values = condition
        rows = self._connection.execute(
            f"SELECT c.id, -{_BM25_CHUNKS} AS score FROM chunks_fts"
            " JOIN chunks c ON c.id = chunks_fts.rowid"
            " JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
            f" WHERE chunks_fts MATCH ? AND {sql} ORDER BY score DESC, c.id LIMIT ?",
            (match_expression(terms, operator), *values, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def file_names(
        self, terms: Sequence[Term], excluded: Sequence[Term], limit: int, condition: Condition
    ) -> list[tuple[int, float]]:
        """Files whose own name holds all the terms as (file id, score), best first."""
        expression = "{name} : (" + match_expression(terms, "AND") + ")"
        if excluded:
            expression = f"({expression}) NOT ({match_expression(excluded, 'OR')})"
        sql, values = condition
        rows = self._connection.execute(
            f"SELECT f.id, -{_BM25_FILES} AS score FROM files_fts"
            " JOIN files f ON f.id = files_fts.rowid"
            f" WHERE files_fts MATCH ? AND {sql} ORDER BY score DESC, f.id LIMIT ?",
            (expression, *values, limit),
        )
        return [(row[0], row[1]) for row in rows]

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
        rows = self._connection.execute(
            "SELECT c.id, f.id, f.path, d.member, d.title, d.kind, d.language, c.locator,"
            " c.heading_path, c.text, f.mtime_ns FROM chunks c"
            " JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
            " WHERE c.id IN (SELECT value FROM json_each(?))",
            (_json(chunk_ids),),
        )
        return {row[0]: _passage(row) for row in rows}

    def first_chunks(self, file_ids: Iterable[int]) -> dict[int, int]:
        """The first chunk of each of these files that has any, by file id."""
        rows = self._connection.execute(
            "SELECT d.file_id, min(c.id) FROM documents d JOIN chunks c ON c.document_id = d.id"
            " WHERE d.file_id IN (SELECT value FROM json_each(?)) GROUP BY d.file_id",
            (_json(file_ids),),
        )
        return dict(rows)

    def names_only(self, file_ids: Iterable[int]) -> dict[int, Passage]:
        """What is shown of files that have no text, by file id."""
        rows = self._connection.execute(
            "SELECT f.id, f.path, f.kind, f.reason, f.mtime_ns FROM files f"
            " WHERE f.id IN (SELECT value FROM json_each(?))",
            (_json(file_ids),),
        )
        return {
            file_id: _passage(
                (None, file_id, path, "", "", kind, None, "{}", "[]", reason, mtime_ns)
            )
            for file_id, path, kind, reason, mtime_ns in rows
        }

    def of_document(self, path: str, member: str = "") -> list[Passage]:
        """All passages of a file, or of a member of it, in order."""
        rows = self._connection.execute(
            "SELECT c.id, f.id, f.path, d.member, d.title, d.kind, d.language, c.locator,"
            " c.heading_path, c.text, f.mtime_ns FROM files f"
            " JOIN documents d ON d.file_id = f.id JOIN chunks c ON c.document_id = d.id"
            " WHERE f.path = ? AND d.member = ? ORDER BY c.ordinal",
            (os.fsencode(path), member),
        )
        return [_passage(row) for row in rows]

    def document_frequency(self, term: Term) -> int:
        """Number of chunks that hold the term."""
        return int(
            self._connection.execute(
                "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH ?", (term.expression,)
            ).get
        )


def _passage(row: tuple[Any, ...]) -> Passage:
    chunk_id, file_id, path, member, title, kind, language, locator, headings, *rest = row
    text, mtime_ns = rest
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
    )


def _json(ids: Iterable[int]) -> str:
    return msgspec.json.encode(list(ids)).decode()
