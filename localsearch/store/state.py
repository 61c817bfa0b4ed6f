"""What searches remember, apart from the index: queries, saved searches, the reranker's scores.

Searching never writes the index; this small database of its own takes what searching writes.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Self

from localsearch import db

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localsearch.types import ModelFacts

_MIGRATIONS = (
    """
    CREATE TABLE history (
        text TEXT PRIMARY KEY,
        used_ns INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE saved_searches (
        name TEXT PRIMARY KEY,
        text TEXT NOT NULL
    ) WITHOUT ROWID;

    -- judged is the hash of the query and the passage as the reranker saw them.
    CREATE TABLE rerank_scores (
        fingerprint TEXT NOT NULL,
        judged BLOB NOT NULL,
        score REAL NOT NULL,
        used_ns INTEGER NOT NULL,
        PRIMARY KEY (fingerprint, judged)
    ) WITHOUT ROWID;

    CREATE TABLE measures (
        name TEXT PRIMARY KEY,
        value REAL NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    -- source is the hash of all that decides the facts: the weights and how they're used.
    CREATE TABLE model_facts (
        source TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        dimension INTEGER NOT NULL,
        max_tokens INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
)
_KEPT_HISTORY = 500
_KEPT_SCORES = 50_000


class State:
    """One connection to what searches remember; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = db.connect(path, _MIGRATIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # Queries

    def history(self, limit: int = 100) -> list[str]:
        """Past queries, the latest first."""
        rows = self._connection.execute(
            "SELECT text FROM history ORDER BY used_ns DESC LIMIT ?", (limit,)
        )
        return [row[0] for row in rows]

    def remember(self, text: str) -> None:
        """Put a query on top of the history."""
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.execute(
                "INSERT INTO history (text, used_ns) VALUES (?, ?)"
                " ON CONFLICT (text) DO UPDATE SET used_ns = excluded.used_ns",
                (_clean(text), time.time_ns()),
            )
            self._connection.execute(
                "DELETE FROM history WHERE text NOT IN"
                " (SELECT text FROM history ORDER BY used_ns DESC LIMIT ?)",
                (_KEPT_HISTORY,),
            )

    def clear_history(self) -> None:
        """Forget every past query."""
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.execute("DELETE FROM history")

    def saved_searches(self) -> dict[str, str]:
        """Saved searches by name, in alphabetical order."""
        return dict(self._connection.execute("SELECT name, text FROM saved_searches ORDER BY name"))

    def save_search(self, name: str, text: str) -> None:
        """Save a search under a name, in place of one that had it."""
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.execute(
                "INSERT INTO saved_searches (name, text) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET text = excluded.text",
                (_clean(name), _clean(text)),
            )

    def delete_search(self, name: str) -> None:
        """Forget a saved search."""
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.execute("DELETE FROM saved_searches WHERE name = ?", (_clean(name),))

    # The reranker

    def rerank_scores(
        self, fingerprint: str, query: str, passages: Sequence[str]
    ) -> dict[int, float]:
        """Known scores of passages for a query, by index."""
        known: dict[int, float] = {}
        for index, passage in enumerate(passages):
            score = self._connection.execute(
                "SELECT score FROM rerank_scores WHERE fingerprint = ? AND judged = ?",
                (fingerprint, _judged(query, passage)),
            ).get
            if score is not None:
                known[index] = float(score)
        return known

    def put_rerank_scores(self, fingerprint: str, query: str, scores: Mapping[str, float]) -> None:
        """Remember scores by passage."""
        now_ns = time.time_ns()
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.executemany(
                "INSERT INTO rerank_scores (fingerprint, judged, score, used_ns)"
                " VALUES (?, ?, ?, ?) ON CONFLICT (fingerprint, judged)"
                " DO UPDATE SET score = excluded.score, used_ns = excluded.used_ns",
                [
                    (fingerprint, _judged(query, passage), score, now_ns)
                    for passage, score in scores.items()
                ],
            )
            count = int(self._connection.execute("SELECT count(*) FROM rerank_scores").get)
            if count > _KEPT_SCORES:
                self._connection.execute(
                    "DELETE FROM rerank_scores WHERE used_ns <= (SELECT used_ns FROM rerank_scores"
                    " ORDER BY used_ns LIMIT 1 OFFSET ?)",
                    (count - _KEPT_SCORES * 3 // 4,),
                )

    def clear_rerank_scores(self) -> None:
        """Forget every score."""
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.execute("DELETE FROM rerank_scores")

    # Measures of this machine

    def measure(self, name: str) -> float | None:
        """A number that was measured before, such as the reranker's seconds a candidate."""
        found = self._connection.execute("SELECT value FROM measures WHERE name = ?", (name,)).get
        return None if found is None else float(found)

    def put_measure(self, name: str, value: float) -> None:
        """Remember a measured number."""
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.execute(
                "INSERT INTO measures (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    # Models

    def model_facts(self, source: str) -> ModelFacts | None:
        """What was remembered of a model; None when it was never loaded as it is now."""
        from localsearch.types import ModelFacts

        row = self._connection.execute(
            "SELECT name, fingerprint, dimension, max_tokens FROM model_facts WHERE source = ?",
            (source,),
        ).fetchone()
        return None if row is None else ModelFacts(*row)

    def put_model_facts(self, source: str, facts: ModelFacts) -> None:
        """Remember what loading a model showed."""
        with db.store_errors(self.path), db.transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO model_facts VALUES (?, ?, ?, ?, ?)",
                (source, facts.name, facts.fingerprint, facts.dimension, facts.max_tokens),
            )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _judged(query: str, passage: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in (query, passage):
        raw = part.encode("utf-8", "replace")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.digest()
