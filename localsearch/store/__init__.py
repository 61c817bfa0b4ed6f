"""The index as the other rooms see it: every SQL statement lives here, named by intent."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from localsearch import db
from localsearch.store.checks import Checks
from localsearch.store.documents import Documents
from localsearch.store.files import Files
from localsearch.store.filters import register_functions
from localsearch.store.matches import Matches
from localsearch.store.schema import MIGRATIONS
from localsearch.store.vectors import Vectors
from localsearch.types import Coverage, NoIndexError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Store:
    """One connection to the index; used by one thread at a time."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        if readonly and not path.exists():
            raise NoIndexError(
                "there is no index yet", "Add a folder first: localsearch add ~/Documents"
            )
        self.path = path
        self._connection = db.connect(path, MIGRATIONS, readonly=readonly)
        register_functions(self._connection)
        self.checks = Checks(self._connection)
        self.files = Files(self._connection)
        self.documents = Documents(self._connection)
        self.vectors = Vectors(self._connection)
        self.matches = Matches(self._connection)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes visible at once, or not at all."""
        with db.store_errors(self.path), db.transaction(self._connection):
            yield

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment."""
        with db.store_errors(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def coverage(self) -> Coverage:
        """The share of readable files that can be found by word and by meaning."""
        with db.store_errors(self.path):
            counts = self.files.counts()
            indexed = counts.get("indexed", 0)
            readable = indexed + counts.get("pending", 0)
            if not readable:
                return Coverage()
            embedded = indexed - min(indexed, self.vectors.unembedded_file_count())
            if self.vectors.serving_model() is None:
                embedded = 0
            return Coverage(keyword=indexed / readable, semantic=embedded / readable)

    def data_version(self) -> int:
        """A number that changes when another connection has written."""
        return int(self._connection.pragma("data_version"))

    def file_bytes(self) -> int:
        """Bytes on disk, the write-ahead log included."""
        total = 0
        for suffix in ("", "-wal"):
            with contextlib.suppress(OSError):
                total += self.path.with_name(self.path.name + suffix).stat().st_size
        return total

    def tidy(self) -> None:
        """Give freed pages back to the disk and empty the write-ahead log."""
        with db.store_errors(self.path):
            self._connection.execute("PRAGMA incremental_vacuum")
            self._connection.execute("PRAGMA optimize")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
