"""What was read of a file: its documents and chunks, written and removed as a whole."""

from __future__ import annotations

import hashlib
import itertools
import os
from typing import TYPE_CHECKING, Any

import msgspec

from localsearch.db import says_store_errors
from localsearch.keywords import index_text
from localsearch.store.beginnings import are_complete, index_beginnings
from localsearch.store.codes import Codes
from localsearch.store.files import one_of
from localsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    import apsw

    from localsearch.types import Chunk, Document

_encode = msgspec.json.encode
_KEY_BYTES = 16
_HEADINGS_LOOKED_AT = 2000
_BEGINNINGS_A_STEP = 2000

# Chunks whose beginnings aren't indexed. Of an older version's index they're added from the last to
# the first; those in between, which a process of an older version wrote meanwhile, take a scan.
_BEFORE_ALL_BEGINNINGS = (
    "SELECT id FROM chunks WHERE id <"
    " ifnull((SELECT min(id) FROM beginnings_fts_docsize), 9223372036854775807) ORDER BY id DESC"
)
_AMONG_BEGINNINGS = (
    "SELECT id FROM chunks"
    " WHERE NOT EXISTS (SELECT 1 FROM beginnings_fts_docsize b WHERE b.id = chunks.id)"
)


def embedding_key(embedded_text: str) -> bytes:
    """The key of a vector: the hash of exactly what is embedded."""
    return hashlib.blake2b(embedded_text.encode(), digest_size=_KEY_BYTES).digest()


def encode_locator(locator: Locator) -> str:
    """A locator as JSON, unset fields left out."""
    fields = {
        name: value
        for name in Locator.__slots__
        if (value := getattr(locator, name)) not in (None, ())
    }
    return _encode(fields).decode()


def decode_locator(text: str) -> Locator:
    """The locator that `encode_locator` wrote."""
    return msgspec.json.decode(text, type=Locator)


def _headings(heading_path: str) -> str:
    return " ".join(msgspec.json.decode(heading_path, type=tuple[str, ...]))


@says_store_errors
class Documents:
    """Statements about documents and chunks."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._codes = Codes(connection)

    def replace(
        self,
        file_id: int,
        documents: Sequence[tuple[Document, Sequence[Chunk]]],
        *,
        model_id: int | None,
        file_stem: str,
    ) -> int:
        """Put these documents in place of all that was known of the file; gives their chunk count.

        Vectors that no chunk needs any more go in the same transaction, which is the caller's.
        """
        old_vectors = self._remove_chunks(file_id)
        count = 0
        for document, chunks in documents:
            title = document.title or file_stem
            document_id = self._connection.execute(
                "INSERT INTO documents (file_id, member, title, kind, language, notes)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    file_id,
                    document.member,
                    title,
                    document.kind,
                    document.language,
                    "\n".join(document.notes),
                ),
            ).get
            self._insert_chunks(document_id, index_text(title), chunks)
            self._connection.execute(
                "INSERT INTO embedded (chunk_id, vector_id) SELECT c.id, v.id FROM chunks c"
                " JOIN vectors v ON v.model_id = ? AND v.embedding_key = c.embedding_key"
                " WHERE c.document_id = ?",
                (model_id, document_id),
            )
            self._connection.execute(
                "INSERT INTO unembedded (document_id, chunk_id, embedding_key)"
                " SELECT document_id, id, embedding_key FROM chunks WHERE document_id = ?"
                " AND NOT EXISTS (SELECT 1 FROM embedded WHERE chunk_id = chunks.id)",
                (document_id,),
            )
            count += len(chunks)
        if model_id is not None:
            self._codes.add_of_file(model_id, file_id)
        self._remove_orphan_vectors(old_vectors)
        return count

    def _insert_chunks(self, document_id: int, title_words: str, chunks: Sequence[Chunk]) -> None:
        # Many rows a statement, with ids of ours, take half the time of one by one.
        first = 1 + int(self._connection.execute("SELECT ifnull(max(id), 0) FROM chunks").get)
        self._connection.executemany(
            "INSERT INTO chunks (id, document_id, ordinal, text, heading_path, locator, tokens,"
            " embedding_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    first + ordinal,
                    document_id,
                    ordinal,
                    chunk.text,
                    _encode(chunk.heading_path).decode(),
                    encode_locator(chunk.locator),
                    chunk.tokens,
                    embedding_key(chunk.embedded_text),
                )
                for ordinal, chunk in enumerate(chunks)
            ],
        )
        self._index_words(
            title_words,
            [(first + at, chunk.heading_path, chunk.text) for at, chunk in enumerate(chunks)],
        )

    def _index_words(
        self,
        title_words: str,
        chunks: Iterable[tuple[int, Sequence[str], str]],
        *,
        with_beginnings: Container[int] | None = None,
    ) -> None:
        """Have chunks, as (id, heading path, text), be found by their words.

        Only those in `with_beginnings` by beginnings, too, all where it's None.
        """
        rows = [
            (chunk_id, title_words, index_text(" ".join(headings)), index_text(text))
            for chunk_id, headings, text in chunks
        ]
        self._connection.executemany(
            "INSERT INTO chunks_fts (rowid, title, heading, body) VALUES (?, ?, ?, ?)", rows
        )
        self._index_beginnings(
            row for row in rows if with_beginnings is None or row[0] in with_beginnings
        )

    def _index_beginnings(self, rows: Iterable[tuple[int, str, str, str]]) -> None:
        """Have chunks, as (id, tokens of title, headings and text), be found by beginnings."""
        self._connection.executemany(
            "INSERT INTO beginnings_fts (rowid, beginnings) VALUES (?, ?)",
            [(chunk_id, index_beginnings(*columns)) for chunk_id, *columns in rows],
        )

    def add_beginnings(self) -> bool:
        """Index the beginnings of some chunks that an older version wrote; False once it's all.

        The transaction is the caller's.
        """
        rows = self._lacking_beginnings(_BEFORE_ALL_BEGINNINGS)
        if not rows and not are_complete(self._connection):
            rows = self._lacking_beginnings(_AMONG_BEGINNINGS)
        self._index_beginnings(
            (chunk_id, index_text(title), index_text(_headings(headings)), index_text(text))
            for chunk_id, title, headings, text in sorted(rows)
        )
        return bool(rows)

    def _lacking_beginnings(self, chosen: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(
            "SELECT c.id, d.title, c.heading_path, c.text"
            f" FROM ({chosen} LIMIT ?) l CROSS JOIN chunks c ON c.id = l.id"
            " JOIN documents d ON d.id = c.document_id",
            (_BEGINNINGS_A_STEP,),
        ).fetchall()

    def retitle(self, file_id: int, old_title: str, new_title: str) -> None:
        """Change the title of a file's documents where it's the old one, and what finds it.

        Vectors stay: no title is embedded. The transaction is the caller's.
        """
        rows: list[tuple[Any, ...]] = self._connection.execute(
            "SELECT c.id, c.heading_path, c.text,"
            " EXISTS (SELECT 1 FROM beginnings_fts_docsize WHERE id = c.id) FROM chunks c"
            " JOIN documents d ON d.id = c.document_id WHERE d.file_id = ? AND d.title = ?",
            (file_id, old_title),
        ).fetchall()
        self._connection.execute(
            "UPDATE documents SET title = ? WHERE file_id = ? AND title = ?",
            (new_title, file_id, old_title),
        )
        had_beginnings = {row[0] for row in rows if row[3]}
        ids = [(row[0],) for row in rows]
        for table in ("chunks_fts", "beginnings_fts"):
            self._connection.executemany(f"DELETE FROM {table} WHERE rowid = ?", ids)
        self._index_words(
            index_text(new_title),
            [
                (chunk_id, msgspec.json.decode(headings, type=tuple[str, ...]), text)
                for chunk_id, headings, text, _ in rows
            ],
            # What an older version wrote gets its beginnings in order (`add_beginnings`).
            with_beginnings=had_beginnings,
        )

    def _remove_chunks(self, file_id: int) -> set[int]:
        """Gives the ids of the vectors that they had."""
        rows: list[tuple[Any, ...]] = self._connection.execute(
            "SELECT c.id, e.vector_id FROM documents d JOIN chunks c ON c.document_id = d.id"
            " LEFT JOIN embedded e ON e.chunk_id = c.id WHERE d.file_id = ?",
            (file_id,),
        ).fetchall()
        # A trigger has their beginnings go with the chunks.
        self._connection.executemany(
            "DELETE FROM chunks_fts WHERE rowid = ?", [(row[0],) for row in rows]
        )
        self._connection.execute("DELETE FROM documents WHERE file_id = ?", (file_id,))
        return {vector_id for _, vector_id in rows if vector_id is not None}

    def remove_text(self, file_id: int) -> None:
        """Remove what was read of a file, its name stays; the transaction is the caller's."""
        self._remove_orphan_vectors(self._remove_chunks(file_id))

    def remove_files(self, file_ids: Sequence[int]) -> None:
        """Remove files with all that was known of them; the transaction is the caller's."""
        vector_ids: set[int] = set()
        for file_id in file_ids:
            vector_ids |= self._remove_chunks(file_id)
            self._connection.execute("DELETE FROM files_fts WHERE rowid = ?", (file_id,))
            self._connection.execute("DELETE FROM files WHERE id = ?", (file_id,))
        self._remove_orphan_vectors(vector_ids)

    def _remove_orphan_vectors(self, vector_ids: set[int]) -> None:
        """Remove those of these vectors that no chunk has any more."""
        self._connection.executemany(
            "DELETE FROM vectors WHERE id = ?1"
            " AND NOT EXISTS (SELECT 1 FROM embedded WHERE vector_id = ?1)",
            [(each,) for each in sorted(vector_ids)],
        )

    def texts_of(self, file_ids: Sequence[int]) -> list[str]:
        """All texts of these files from which their words are indexed."""
        wanted, ids = one_of("d.file_id", file_ids)
        rows = self._connection.execute(
            "SELECT d.title, c.heading_path, c.text FROM documents d"
            " LEFT JOIN chunks c ON c.document_id = d.id"
            f" WHERE {wanted}",
            ids,
        )
        return [str(text) for row in rows for text in row if text]

    def telling_headings(self, limit: int) -> dict[str, str]:
        """Headings that only one file has, each with the file's path."""
        rows = self._connection.execute(
            # The order of hashes is as good as any, and an index has it.
            "SELECT DISTINCT c.heading_path, f.path FROM vectors v"
            " JOIN embedded e ON e.vector_id = v.id JOIN chunks c ON c.id = e.chunk_id"
            " JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
            " WHERE v.model_id = (SELECT id FROM models WHERE serving = 1)"
            " AND c.heading_path <> '[]' AND f.online = 1 ORDER BY v.embedding_key LIMIT ?",
            (_HEADINGS_LOOKED_AT,),
        )
        files: dict[str, set[str]] = {}
        for headings, path in rows:
            heading = msgspec.json.decode(headings, type=tuple[str, ...])[-1]
            files.setdefault(heading, set()).add(os.fsdecode(path))
        telling = (each for each in files if len(files[each]) == 1)
        return {heading: files[heading].pop() for heading in itertools.islice(telling, limit)}

    def chunk_count(self, *, at_most: int = -1) -> int:
        """Number of chunks in the index, counted no further than `at_most`."""
        found = self._connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM chunks LIMIT ?)", (at_most,)
        ).get
        return int(found)
