"""The vectors of chunks by model, which are still missing, and which are nearest to a query."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from localsearch.db import says_store_errors
from localsearch.store.codes import Codes
from localsearch.store.documents import decode_locator
from localsearch.store.files import one_of
from localsearch.types import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import apsw

    from localsearch.store.code_matrix import CodeMatrix
    from localsearch.store.filters import PassageCondition
    from localsearch.types import FloatMatrix, FloatVector

# Where rows that were found have gone, the next look finds others. Then each vector is looked at.
_MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class ServingModel:
    """The model whose vectors answer searches."""

    id: int
    fingerprint: str
    name: str
    dimension: int


@dataclass(frozen=True, slots=True)
class UnembeddedChunk:
    """A chunk whose vector is still missing."""

    path: str
    key: bytes
    chunk: Chunk


@says_store_errors
class Vectors:
    """Statements about models and vectors."""

    def __init__(self, connection: apsw.Connection, matrix: CodeMatrix | None = None) -> None:
        self._connection = connection
        self._codes = Codes(connection, matrix)

    def serving_model(self) -> ServingModel | None:
        """The model of the index; None before the first one is set."""
        row = self._connection.execute(
            "SELECT id, fingerprint, name, dimension FROM models WHERE serving = 1"
        ).fetchone()
        return None if row is None else ServingModel(*row)

    def serve(self, fingerprint: str, name: str, dimension: int) -> ServingModel:
        """Make this the model of the index, in the caller's transaction.

        The vectors of the one before are removed and every chunk waits for a new one.
        """
        before = self.serving_model()
        self._connection.execute("DELETE FROM models WHERE fingerprint <> ?", (fingerprint,))
        self._connection.execute(
            "INSERT INTO models (fingerprint, name, dimension, serving) VALUES (?, ?, ?, 1)"
            " ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name, serving = 1",
            (fingerprint, name, dimension),
        )
        model = self.serving_model()
        assert model is not None
        if before is None or before.fingerprint != fingerprint:
            self._codes.forget()
        self._connection.execute("DELETE FROM unembedded")
        self._connection.execute(
            "INSERT INTO unembedded (document_id, chunk_id, embedding_key)"
            " SELECT document_id, id, embedding_key FROM chunks"
            " WHERE id NOT IN (SELECT chunk_id FROM embedded)"
        )
        return model

    def unembedded(self, limit: int, only: Sequence[int] | None = None) -> list[UnembeddedChunk]:
        """Chunks without a vector (of `only` these files' ids), the latest changed files first."""
        condition, ids = one_of("f.id", only)
        rows = self._connection.execute(
            "SELECT f.path, c.embedding_key, c.text, c.heading_path, c.locator, c.tokens"
            " FROM unembedded u JOIN chunks c ON c.id = u.chunk_id"
            " JOIN documents d ON d.id = u.document_id JOIN files f ON f.id = d.file_id"
            f" WHERE {condition} ORDER BY f.mtime_ns DESC, f.id, c.id LIMIT ?",
            (*ids, limit),
        )
        return [
            UnembeddedChunk(
                os.fsdecode(row[0]),
                row[1],
                Chunk(
                    text=row[2],
                    heading_path=tuple(msgspec.json.decode(row[3])),
                    locator=decode_locator(row[4]),
                    tokens=row[5],
                ),
            )
            for row in rows
        ]

    def unembedded_totals(self, only: Sequence[int] | None = None) -> tuple[int, int]:
        """Texts without a vector (of `only` these files' ids), and their tokens; each text once."""
        condition, ids = one_of("d.file_id", only)
        chunks, tokens = self._connection.execute(
            "SELECT count(*), coalesce(sum(tokens), 0) FROM (SELECT max(c.tokens) AS tokens"
            " FROM unembedded u JOIN chunks c ON c.id = u.chunk_id"
            f" JOIN documents d ON d.id = u.document_id WHERE {condition}"
            " GROUP BY c.embedding_key)",
            ids,
        ).get
        return int(chunks), int(tokens)

    def unembedded_count(self) -> int:
        """Chunks without a vector."""
        return int(self._connection.execute("SELECT count(*) FROM unembedded").get)

    def unembedded_file_count(self) -> int:
        """Files that have at least one chunk without a vector."""
        return int(
            self._connection.execute(
                "SELECT count(DISTINCT d.file_id) FROM"
                " (SELECT DISTINCT document_id FROM unembedded) u"
                " JOIN documents d ON d.id = u.document_id"
            ).get
        )

    def missing(self, model_id: int, keys: Iterable[bytes]) -> list[bytes]:
        """Which of these keys have no vector."""
        return [
            key
            for key in keys
            if self._connection.execute(
                "SELECT 1 FROM vectors WHERE model_id = ? AND embedding_key = ?", (model_id, key)
            ).get
            is None
        ]

    def put(self, model_id: int, keys: Sequence[bytes], embeddings: FloatMatrix) -> None:
        """Store vectors, float32 and unit length, and take their chunks off the work that's left.

        A vector whose chunk went away meanwhile isn't stored. The transaction is the caller's.
        """
        row_of = {key: row for row, key in enumerate(keys)}
        waiting: list[tuple[Any, ...]] = self._connection.executemany(
            "SELECT embedding_key, document_id, chunk_id FROM unembedded WHERE embedding_key = ?",
            [(key,) for key in row_of],
        ).fetchall()
        vector_ids = self._vector_ids(
            model_id, {key: embeddings[row_of[key]].tobytes() for key, *_ in waiting}
        )
        self._connection.executemany(
            "INSERT INTO embedded (chunk_id, vector_id) VALUES (?, ?)"
            " ON CONFLICT (chunk_id) DO NOTHING",
            [(chunk_id, vector_ids[key]) for key, _, chunk_id in waiting],
        )
        chunks = [(document_id, chunk_id) for _, document_id, chunk_id in waiting]
        self._codes.add(model_id, chunks, embeddings[[row_of[key] for key, *_ in waiting]])
        self._connection.executemany(
            "DELETE FROM unembedded WHERE document_id = ? AND chunk_id = ?", chunks
        )

    def _vector_ids(self, model_id: int, embeddings: Mapping[bytes, bytes]) -> dict[bytes, int]:
        """The ids of these vectors by key, which are stored where they aren't yet."""
        added: list[tuple[Any, ...]] = self._connection.executemany(
            "INSERT INTO vectors (model_id, embedding_key, embedding) VALUES (?, ?, ?)"
            " ON CONFLICT (model_id, embedding_key) DO NOTHING RETURNING embedding_key, id",
            [(model_id, key, embedding) for key, embedding in embeddings.items()],
        ).fetchall()
        there: list[tuple[Any, ...]] = self._connection.executemany(
            "SELECT embedding_key, id FROM vectors WHERE model_id = ? AND embedding_key = ?",
            [(model_id, key) for key in embeddings.keys() - {key for key, _ in added}],
        ).fetchall()
        return dict(added + there)

    def learn_codes(self, model: ServingModel) -> None:
        """Have a large index be searched by codes first; the transaction is the caller's."""
        self._codes.learn(model, self.count(model.id))

    def lacks_codes(self) -> bool:
        """Whether a large index has no codes, as after an upgrade that makes other ones."""
        model = self.serving_model()
        return model is not None and self._codes.are_missing(model)

    def language_samples(self, model_id: int, limit: int) -> dict[str, FloatMatrix]:
        """Up to `limit` vectors of passages in each language, (passages, dimension) float32."""
        import numpy as np

        languages: list[Any] = self._connection.execute(
            "SELECT DISTINCT language FROM documents WHERE language IS NOT NULL ORDER BY language"
        ).fetchall()
        samples: dict[str, FloatMatrix] = {}
        for (language,) in languages:
            rows: list[Any] = self._connection.execute(
                "SELECT v.embedding FROM documents d JOIN chunks c ON c.document_id = d.id"
                " JOIN embedded e ON e.chunk_id = c.id"
                " JOIN vectors v ON v.id = e.vector_id AND v.model_id = ?"
                " WHERE d.language = ? LIMIT ?",
                (model_id, language, limit),
            ).fetchall()
            if rows:
                samples[language] = np.stack([np.frombuffer(row[0], np.float32) for row in rows])
        return samples

    def sentences(self, model_id: int) -> dict[str, FloatVector]:
        """By language, the mean vector of the sentences that are the same in each."""
        import numpy as np

        rows: list[Any] = self._connection.execute(
            "SELECT language, mean FROM language_sentences WHERE model_id = ?", (model_id,)
        ).fetchall()
        return {language: np.frombuffer(mean, np.float32) for language, mean in rows}

    def put_sentences(self, model_id: int, language: str, mean: FloatVector) -> None:
        """Keep that vector for a language."""
        self._connection.execute(
            "INSERT OR REPLACE INTO language_sentences VALUES (?, ?, ?)",
            (model_id, language, mean.tobytes()),
        )

    def set_language_directions(self, model_id: int, directions: FloatMatrix | None) -> None:
        """Keep the directions that tell the index's languages apart; None where there are none."""
        self._connection.execute(
            "UPDATE models SET language_directions = ? WHERE id = ?",
            (None if directions is None else directions.tobytes(), model_id),
        )

    def language_directions(self, model: ServingModel) -> FloatMatrix | None:
        """The directions that tell the index's languages apart, (n, dimension) float32."""
        import numpy as np

        found = self._connection.execute(
            "SELECT language_directions FROM models WHERE id = ?", (model.id,)
        ).get
        if not isinstance(found, bytes):
            return None
        return np.frombuffer(found, np.float32).reshape(-1, model.dimension)

    def nearest(
        self,
        model_id: int,
        query: FloatVector,
        limit: int,
        condition: PassageCondition,
        *,
        one_per_document: bool = False,
    ) -> list[tuple[int, float]]:
        """The chunks nearest to the query as (chunk id, cosine), best first.

        `condition` holds before the limit. Chunks of equal text come together. In a large index
        those are compared whose codes are nearest. With `one_per_document` only the nearest chunk
        of each is given, so that a long one hides no other.
        """
        for _ in range(_MOST_TRIES):
            row_ids = self._codes.nearest(query, limit, condition, of_documents=one_per_document)
            if row_ids is None:
                break
            compared = self._compared(model_id, query, row_ids)
            if not self._codes.are_outdated(row_ids, compared.keys()):
                return _best([*compared.values()], limit, one_per_document)
        sql, values = condition.whole
        best, each = ("max(cosine)", "GROUP BY document") if one_per_document else ("cosine", "")
        rows = self._connection.execute(
            "WITH found AS MATERIALIZED (SELECT c.id, d.id AS document,"
            " 1 - vec_distance_cosine(v.embedding, ?) AS cosine FROM chunks c"
            " JOIN embedded e ON e.chunk_id = c.id"
            " JOIN vectors v ON v.id = e.vector_id AND v.model_id = ?"
            " JOIN documents d ON d.id = c.document_id JOIN files f ON f.id = d.file_id"
            f" WHERE {sql})"
            f" SELECT id, {best} AS best FROM found {each} ORDER BY best DESC, id LIMIT ?",
            (query.tobytes(), model_id, *values, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def _compared(
        self, model_id: int, query: FloatVector, row_ids: Sequence[int]
    ) -> dict[int, tuple[int, int, float]]:
        """(chunk id, document id, cosine) of those of these rows of codes that are still there."""
        wanted, ids = one_of("n.id", row_ids)
        rows = self._connection.execute(
            "SELECT n.id, n.chunk_id, n.document_id, 1 - vec_distance_cosine(v.embedding, ?)"
            " FROM codes n JOIN embedded e ON e.chunk_id = n.chunk_id"
            " JOIN vectors v ON v.id = e.vector_id AND v.model_id = ?"
            f" WHERE {wanted}",
            (query.tobytes(), model_id, *ids),
        )
        return {row[0]: row[1:] for row in rows}

    def of_chunks(self, model: ServingModel, chunk_ids: Iterable[int]) -> dict[int, FloatVector]:
        """The vectors of those of these chunks that have one, (dimension,) float32."""
        import numpy as np

        wanted, ids = one_of("e.chunk_id", chunk_ids)
        rows = self._connection.execute(
            "SELECT e.chunk_id, v.embedding FROM embedded e"
            " JOIN vectors v ON v.id = e.vector_id AND v.model_id = ?"
            f" WHERE {wanted} ORDER BY e.chunk_id",
            (model.id, *ids),
        )
        return {chunk_id: np.frombuffer(found, np.float32) for chunk_id, found in rows}

    def cosines(
        self, model_id: int, query: FloatVector, chunk_ids: Iterable[int]
    ) -> dict[int, float]:
        """Cosine to the query of those of these chunks that have a vector."""
        wanted, ids = one_of("e.chunk_id", chunk_ids)
        rows = self._connection.execute(
            "SELECT e.chunk_id, 1 - vec_distance_cosine(v.embedding, ?) FROM embedded e"
            " JOIN vectors v ON v.id = e.vector_id AND v.model_id = ?"
            f" WHERE {wanted}",
            (query.tobytes(), model_id, *ids),
        )
        return dict(rows)

    def any_of(self, model_id: int) -> bool:
        """Whether a model has any vector."""
        found = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM vectors WHERE model_id = ?)", (model_id,)
        ).get
        return bool(found)

    def count(self, model_id: int) -> int:
        """Number of vectors of a model."""
        return int(
            self._connection.execute(
                "SELECT count(*) FROM vectors WHERE model_id = ?", (model_id,)
            ).get
        )


def _best(
    compared: Sequence[tuple[int, int, float]], limit: int, one_per_document: bool
) -> list[tuple[int, float]]:
    """The best as (chunk id, cosine), of each document only its best if wanted so."""
    ordered = sorted(compared, key=lambda each: (-each[2], each[0]))
    if one_per_document:
        best: dict[int, tuple[int, int, float]] = {}
        for each in ordered:
            best.setdefault(each[1], each)
        ordered = list(best.values())
    return [(chunk_id, cosine) for chunk_id, _, cosine in ordered[:limit]]
