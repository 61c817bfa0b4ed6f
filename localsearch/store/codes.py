"""Which vectors may be nearest to a query? In a large index, their codes tell.

A search of a small index looks at every vector. From a certain size on each has a short code too
(localsearch/store/quantise.py), which the first search of a process loads; what's looked at then
are the vectors that are nearest by their codes.
"""

from __future__ import annotations

import itertools
import secrets
from typing import TYPE_CHECKING, Any

from localsearch.db import says_store_errors
from localsearch.store.code_blocks import Wanted
from localsearch.store.code_matrix import OF_DOCUMENT, CodeMatrix
from localsearch.store.filters import MATCHING_CHUNKS
from localsearch.store.quantise import Quantiser, fit, quantiser_from

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import apsw

    from localsearch.store.code_blocks import CodeRow, Ids
    from localsearch.store.filters import PassageCondition
    from localsearch.store.vectors import ServingModel
    from localsearch.types import FloatMatrix, FloatVector

# So many numbers, over all vectors, SQLite compares in some 15 ms.
CODED_FROM_NUMBERS = 4_000_000
# Vectors that are looked at for those that their codes put first.
KEPT = 300
# With more of the rows gone, what's in memory is too old: all is loaded anew.
_MOST_GONE = 0.1
# Which documents meet the conditions that were asked for last stays in memory.
_CONDITIONS_KEPT = 4
# The mean is taken anew when the index has grown by this factor.
_OUTGROWN = 4
_SAMPLE = 20_000
_ROWS_A_STEP = 4000
_GENERATION_BYTES = 8
_DOCUMENTS = "documents d JOIN files f ON f.id = d.file_id"


@says_store_errors
class Codes:
    """Statements about the codes of the serving model's vectors, a row for each chunk."""

    def __init__(self, connection: apsw.Connection, matrix: CodeMatrix | None = None) -> None:
        self._connection = connection
        self._matrix = matrix
        self._passing: dict[tuple[str, tuple[object, ...]], Wanted] = {}
        self._passing_as_of: object = None

    def nearest(
        self, query: FloatVector, limit: int, condition: PassageCondition, *, of_documents: bool
    ) -> list[int] | None:
        """Rows that hold the nearest vectors, in no order; None where each is to be looked at.

        All of them meet the condition, and some may have gone meanwhile. With `of_documents` they
        are of as many documents as may be. More than `limit`, as codes may have another order.
        """
        if self._matrix is None:
            return None
        row: Any = self._connection.execute("SELECT generation, data FROM quantisers").fetchone()
        if row is None:
            return None
        generation, data = row
        blocks = self._matrix.refresh(generation, self._rows_after)
        offset = quantiser_from(data).offset(query)
        wanted = self._wanted(condition)
        count = max(KEPT, limit * OF_DOCUMENT if of_documents else limit)
        return self._matrix.nearest(blocks, offset, count, wanted, of_documents=of_documents)

    def are_outdated(self, asked: Sequence[int], found: Collection[int]) -> bool:
        """Whether rows that `nearest` gave have gone: they're forgotten, and it's to be asked anew.

        Each took the place of one that's there, or of its document's.
        """
        # Those beyond were added after this connection's snapshot.
        newest = int(
            self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'codes'").get
            or 0
        )
        gone = sorted(each for each in {*asked}.difference(found) if each <= newest)
        if self._matrix is not None and gone:
            if len(gone) > _MOST_GONE * len(asked):
                self._matrix.drop()
            else:
                self._matrix.remove(gone)
        return bool(gone)

    def _rows_after(self, last_id: int, limit: int) -> Sequence[CodeRow]:
        rows: Any = self._connection.execute(
            "SELECT id, chunk_id, document_id, code FROM codes WHERE id > ? ORDER BY id LIMIT ?",
            (last_id, limit),
        ).fetchall()
        found: Sequence[CodeRow] = rows
        return found

    def _wanted(self, condition: PassageCondition) -> Wanted:
        wanted = Wanted()
        if condition.has_filters or self._any_out_of_reach():
            wanted = self._documents(*condition.of_document)
        required, excluded = (
            self._ids(MATCHING_CHUNKS, [expression]) if expression else None
            for expression in (condition.required, condition.excluded)
        )
        if required is None and excluded is None:
            return wanted
        return Wanted(wanted.documents, required, excluded)

    def _documents(self, sql: str, values: Sequence[object]) -> Wanted:
        """The documents that meet the condition; kept until a change.

        Of a condition that holds for many, reading them takes longer than all else.
        """
        import numpy as np

        now = self._connection.pragma("data_version"), self._connection.total_changes()
        if self._passing_as_of != now:
            self._passing, self._passing_as_of = {}, now
        asked = sql, tuple(values)
        wanted = self._passing.pop(asked, None)
        if wanted is None:
            ids = self._ids(f"SELECT d.id FROM {_DOCUMENTS} WHERE {sql}", values)
            # The last one stands for all that came later.
            flags = np.zeros(int(ids.max(initial=0)) + 2, np.bool_)
            flags[ids] = True
            wanted = Wanted(flags)
        if len(self._passing) >= _CONDITIONS_KEPT:
            del self._passing[next(iter(self._passing))]
        self._passing[asked] = wanted
        return wanted

    def _any_out_of_reach(self) -> bool:
        return bool(
            self._connection.execute("SELECT EXISTS (SELECT 1 FROM files WHERE online = 0)").get
        )

    def _ids(self, sql: str, values: Sequence[object]) -> Ids:
        import numpy as np

        rows = self._connection.execute(sql, tuple(values)).fetchall()
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def _quantiser(self, model_id: int) -> Quantiser | None:
        found = self._connection.execute(
            "SELECT data FROM quantisers WHERE model_id = ?", (model_id,)
        ).get
        return None if found is None else quantiser_from(found)

    def add(self, model_id: int, chunks: Sequence[tuple[int, int]], vectors: FloatMatrix) -> None:
        """Code the vectors of chunks, as (document id, chunk id), if the model's are coded.

        The transaction is the caller's.
        """
        quantiser = self._quantiser(model_id)
        if quantiser is not None:
            self._connection.executemany(
                "INSERT INTO codes (document_id, chunk_id, code) VALUES (?, ?, ?)"
                " ON CONFLICT (chunk_id) DO NOTHING",
                [
                    (*chunk, code)
                    for chunk, code in zip(chunks, quantiser.codes(vectors), strict=True)
                ],
            )

    def add_of_file(self, model_id: int, file_id: int) -> None:
        """Code those chunks of a file whose vectors are there, if the model's are coded."""
        quantiser = self._quantiser(model_id)
        if quantiser is not None:
            self._insert(
                quantiser,
                "SELECT c.id, c.document_id, v.embedding FROM documents d"
                " JOIN chunks c ON c.document_id = d.id JOIN embedded e ON e.chunk_id = c.id"
                " JOIN vectors v ON v.id = e.vector_id AND v.model_id = ?"
                " WHERE d.file_id = ?",
                (model_id, file_id),
            )

    def learn(self, model: ServingModel, count: int) -> None:
        """Code all `count` vectors, if they're many, or many more than when their mean was taken.

        Takes some 10 s for a million; the transaction is the caller's.
        """
        coded = self._connection.execute(
            "SELECT vectors FROM quantisers WHERE model_id = ?", (model.id,)
        ).get
        if count * model.dimension < CODED_FROM_NUMBERS or count < _OUTGROWN * (coded or 0):
            return
        quantiser = fit(self._sample(model.id, count))
        self.forget()
        self._connection.execute(
            "INSERT INTO quantisers (model_id, data, vectors, generation) VALUES (?, ?, ?, ?)",
            (model.id, quantiser.to_bytes(), count, secrets.token_hex(_GENERATION_BYTES)),
        )
        self._insert(
            quantiser,
            "SELECT c.id, c.document_id, v.embedding FROM chunks c"
            " JOIN embedded e ON e.chunk_id = c.id"
            " JOIN vectors v ON v.id = e.vector_id AND v.model_id = ?",
            (model.id,),
        )

    def are_missing(self, model: ServingModel) -> bool:
        """Whether none of the vectors is coded, though they're many."""
        many = -(-CODED_FROM_NUMBERS // model.dimension)
        if self._quantiser(model.id) is not None:
            return False
        last = self._connection.execute(
            "SELECT 1 FROM vectors WHERE model_id = ? LIMIT 1 OFFSET ?", (model.id, many - 1)
        ).get
        return last is not None

    def _sample(self, model_id: int, count: int) -> FloatMatrix:
        import numpy as np

        rows = self._connection.execute(
            "SELECT embedding FROM vectors WHERE model_id = ? AND id % ? = 0 LIMIT ?",
            (model_id, max(1, count // _SAMPLE), _SAMPLE),
        )
        return np.stack([np.frombuffer(row[0], np.float32) for row in rows])

    def _insert(self, quantiser: Quantiser, sql: str, values: Sequence[object]) -> None:
        import numpy as np

        rows = iter(self._connection.execute(sql, tuple(values)))
        while batch := list(itertools.islice(rows, _ROWS_A_STEP)):
            vectors = np.stack([np.frombuffer(row[2], np.float32) for row in batch])
            codes = zip(batch, quantiser.codes(vectors), strict=True)
            self._connection.executemany(
                "INSERT INTO codes (chunk_id, document_id, code) VALUES (?, ?, ?)",
                [(row[0], row[1], code) for row, code in codes],
            )

    def forget(self) -> None:
        """Code no vectors any more; the transaction is the caller's."""
        self._connection.execute("DELETE FROM quantisers")
        self._connection.execute("DELETE FROM codes")
