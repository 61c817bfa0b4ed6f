"""What searches remember, apart from the index: queries, saved searches, the reranker's scores.

Searching never writes the index; this small database of its own takes what searching writes. What
happens to it stops neither searches nor indexing: a damaged one is kept aside and a new one begun,
and where none can be had, nothing is remembered.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from localsearch import db
from localsearch.damage import set_aside
from localsearch.store.erasing import erase_deleted
from localsearch.terminal import clean
from localsearch.types import StoreDamagedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import apsw

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


# What users ask for in so many words: they're told where it can't be done.
_ASKED_FOR = frozenset({"clear_history", "saved_searches", "save_search", "delete_search", "erase"})
_log = logging.getLogger(__name__)

Statements = TypeVar("Statements")


def _never_in_the_way(statements: type[Statements]) -> type[Statements]:
    """Have every public method go on without the file where that's damaged or out of order."""
    for name, method in list(vars(statements).items()):
        if inspect.isfunction(method) and not name.startswith("_") and name != "close":
            setattr(statements, name, _going_on(method))
    return statements


def _going_on(method: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(method)
    def call(self: State, *positional: object, **named: object) -> object:
        try:
            with db.store_errors(self.path):
                return method(self, *positional, **named)
        except StoreDamagedError as error:
            self._begin_anew(error)
        except StoreError as error:
            if method.__name__ in _ASKED_FOR:
                raise type(error)(
                    f"the file of saved searches, {self.path}, can't be used: {error.__cause__}",
                    "Check its disk and its permissions, then try again.",
                ) from error
            self._do_without()
        return method(self, *positional, **named)

    return call


@_never_in_the_way
class State:
    """One connection to what searches remember; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: apsw.Connection
        try:
            self._connection = db.connect(path, _MIGRATIONS)
        except StoreDamagedError as error:
            self._begin_anew(error)
        except (StoreError, OSError):
            self._connection = _in_memory()

    def _begin_anew(self, error: StoreError) -> None:
        """Set the damaged file aside; what can still be read of it goes into the new one."""
        from filelock import FileLock

        if hasattr(self, "_connection"):
            self._connection.close()
        try:
            # One at a time, or the second would set the first one's new file aside.
            with FileLock(self.path.with_suffix(".lock"), mode=0o600):
                if self._is_sound():
                    self._connection = db.connect(self.path, _MIGRATIONS)
                    return
                kept = set_aside(self.path)
                self._connection = db.connect(self.path, _MIGRATIONS)
                searches = _salvage(kept, self._connection)
        except (StoreError, OSError):
            self._connection = _in_memory()
            return
        _log.warning(
            "what searches remember was damaged (%s); it's kept as %s and begun anew,"
            " with %d of its saved searches",
            *(clean(str(error.__cause__ or error.cause)), clean(str(kept)), searches),
        )

    def _is_sound(self) -> bool:
        try:
            connection = db.connect(self.path, _MIGRATIONS)
            try:
                with db.store_errors(self.path):
                    return bool(connection.execute("PRAGMA quick_check(1)").get == "ok")
            finally:
                connection.close()
        except StoreDamagedError:
            return False

    def _do_without(self) -> None:
        self._connection.close()
        self._connection = _in_memory()

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
        with db.transaction(self._connection):
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

    def all_history(self) -> list[str]:
        """Every past query."""
        return self.history(_KEPT_HISTORY)

    def erase(self, queries: Sequence[str]) -> None:
        """Have nothing of these past queries, and of the reranker's scores, be left on the disk."""
        with db.transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM history WHERE text = ?", [(text,) for text in queries]
            )
            self._connection.execute("DELETE FROM rerank_scores")
        erase_deleted(self._connection)

    def clear_history(self) -> None:
        """Forget every past query."""
        with db.transaction(self._connection):
            self._connection.execute("DELETE FROM history")

    def saved_searches(self) -> dict[str, str]:
        """Saved searches by name, in alphabetical order."""
        return dict(self._connection.execute("SELECT name, text FROM saved_searches ORDER BY name"))

    def save_search(self, name: str, text: str) -> None:
        """Save a search under a name, in place of one that had it."""
        with db.transaction(self._connection):
            self._connection.execute(
                "INSERT INTO saved_searches (name, text) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET text = excluded.text",
                (_clean(name), _clean(text)),
            )

    def delete_search(self, name: str) -> None:
        """Forget a saved search."""
        with db.transaction(self._connection):
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
        with db.transaction(self._connection):
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

    def measure(self, name: str) -> float | None:
        """A number that was measured before, such as the reranker's seconds a candidate."""
        found = self._connection.execute("SELECT value FROM measures WHERE name = ?", (name,)).get
        return None if found is None else float(found)

    def measures(self, prefix: str) -> dict[str, float]:
        """The measured numbers whose names begin with this."""
        rows = self._connection.execute(
            "SELECT name, value FROM measures WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)
        )
        return {str(name): float(value) for name, value in rows}

    def put_measure(self, name: str, value: float) -> None:
        """Remember a measured number."""
        with db.transaction(self._connection):
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
        with db.transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO model_facts VALUES (?, ?, ?, ?, ?)",
                (source, facts.name, facts.fingerprint, facts.dimension, facts.max_tokens),
            )


def _in_memory() -> apsw.Connection:
    """A database that remembers until it's closed."""
    import apsw

    connection = apsw.Connection(":memory:")
    for sql in _MIGRATIONS:
        connection.execute(sql)
    return connection


def _salvage(damaged: Path, connection: apsw.Connection) -> int:
    """Copy what users wrote themselves, as far as it can be read; the number of saved searches."""
    import apsw

    saved: list[Any] = []
    for table, rows in (("history", []), ("saved_searches", saved)):
        try:
            old = apsw.Connection(str(damaged), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                rows.extend(old.execute(f"SELECT * FROM {table}"))
            finally:
                old.close()
        except (apsw.Error, UnicodeDecodeError):
            # What came before the damage is there.
            pass
        with db.transaction(connection):
            connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", rows)
    return len(saved)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _judged(query: str, passage: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in (query, passage):
        raw = part.encode("utf-8", "replace")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.digest()
