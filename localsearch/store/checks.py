"""Whether the tables agree with each other: what must always hold, and what doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.db import says_store_errors
from localsearch.store.beginnings import are_complete

if TYPE_CHECKING:
    import apsw

_LACKING_BEGINNINGS = (
    "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT rowid FROM beginnings_fts)"
)
_FULL_TEXTS = ("chunks_fts", "files_fts", "beginnings_fts")
# Each counts the rows that break a rule.
_RULES = {
    "documents of files that aren't known": (
        "SELECT count(*) FROM documents d WHERE NOT EXISTS"
        " (SELECT 1 FROM files f WHERE f.id = d.file_id)"
    ),
    "chunks of documents that aren't known": (
        "SELECT count(*) FROM chunks c WHERE NOT EXISTS"
        " (SELECT 1 FROM documents d WHERE d.id = c.document_id)"
    ),
    "chunks that the full text doesn't hold": (
        "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT rowid FROM chunks_fts)"
    ),
    "full-text rows without a chunk": (
        "SELECT count(*) FROM chunks_fts WHERE rowid NOT IN (SELECT id FROM chunks)"
    ),
    "beginnings of words without a chunk": (
        "SELECT count(*) FROM beginnings_fts WHERE rowid NOT IN (SELECT id FROM chunks)"
    ),
    "files that the name index doesn't hold": (
        "SELECT count(*) FROM files WHERE id NOT IN (SELECT rowid FROM files_fts)"
    ),
    "name rows without a file": (
        "SELECT count(*) FROM files_fts WHERE rowid NOT IN (SELECT id FROM files)"
    ),
    "vectors that no chunk has": (
        "SELECT count(*) FROM vectors v WHERE NOT EXISTS"
        " (SELECT 1 FROM embedded e WHERE e.vector_id = v.id)"
    ),
    "chunks with the vector of another text, or of none": (
        "SELECT count(*) FROM embedded e LEFT JOIN vectors v ON v.id = e.vector_id"
        " LEFT JOIN chunks c ON c.id = e.chunk_id"
        " WHERE c.embedding_key IS NOT v.embedding_key OR v.model_id IS NOT"
        " (SELECT id FROM models WHERE serving = 1)"
    ),
    "chunks neither embedded nor waiting for it": (
        "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT chunk_id FROM embedded)"
        " AND id NOT IN (SELECT chunk_id FROM unembedded)"
    ),
    "chunks both embedded and waiting for it": (
        "SELECT count(*) FROM unembedded WHERE chunk_id IN (SELECT chunk_id FROM embedded)"
    ),
    "chunks that wait for the vector of another text": (
        "SELECT count(*) FROM unembedded u LEFT JOIN chunks c"
        " ON c.id = u.chunk_id AND c.document_id = u.document_id"
        " WHERE c.embedding_key IS NOT u.embedding_key"
    ),
    "embedded chunks without a code": (
        "SELECT count(*) FROM quantisers q JOIN vectors v ON v.model_id = q.model_id"
        " JOIN embedded e ON e.vector_id = v.id"
        " WHERE e.chunk_id NOT IN (SELECT chunk_id FROM codes)"
    ),
    "codes of chunks that aren't embedded": (
        "SELECT count(*) FROM codes o LEFT JOIN chunks c"
        " ON c.id = o.chunk_id AND c.document_id = o.document_id WHERE NOT EXISTS"
        " (SELECT 1 FROM quantisers q JOIN vectors v ON v.model_id = q.model_id"
        "  JOIN embedded e ON e.vector_id = v.id AND e.chunk_id = c.id)"
    ),
    "files without text that still have a document": (
        "SELECT count(*) FROM files f WHERE f.state IN ('failed', 'name_only')"
        " AND EXISTS (SELECT 1 FROM documents d WHERE d.file_id = f.id)"
    ),
}


@says_store_errors
class Checks:
    """Looks for rows that break the rules of the index."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def problems(self) -> tuple[str, ...]:
        """What's wrong, in words; empty when all is well."""
        found = [f"database: {line}" for line in self._damage()]
        for rule, sql in _RULES.items():
            count = self._connection.execute(sql).get
            if count:
                found.append(f"{count} {rule}")
        # Until all beginnings are there, nothing relies on them; an update adds what's missing.
        if are_complete(self._connection):
            count = self._connection.execute(_LACKING_BEGINNINGS).get
            if count:
                found.append(f"{count} chunks whose beginnings of words are missing")
        return tuple(found)

    def _damage(self) -> list[str]:
        # A look at each has it noticed what another process wrote; the check by itself goes by
        # what's in memory, and takes that for damage.
        for table in _FULL_TEXTS:
            self._connection.execute(f"SELECT rowid FROM {table} LIMIT 1").get  # noqa: B018
        rows = self._connection.execute("PRAGMA integrity_check(5)")
        return [str(line) for (line,) in rows if line != "ok"]
