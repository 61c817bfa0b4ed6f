"""The index as the other rooms see it: every SQL statement lives here, named by intent."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from localsearch import db
from localsearch.store import erasing, merging
from localsearch.store.checks import Checks
from localsearch.store.documents import Documents
from localsearch.store.files import Files
from localsearch.store.filters import register_functions
from localsearch.store.matches import Matches
from localsearch.store.notes import Notes
from localsearch.store.schema import MIGRATIONS
from localsearch.store.vectors import Vectors
from localsearch.store.verified import Verified
from localsearch.types import CancelledError, Coverage, NoIndexError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from localsearch.store.code_matrix import CodeMatrix

# All tables, not just those that this connection has queried: https://sqlite.org/pragma.html
_OPTIMIZE_ALL_TABLES = 0x10002
# 16 MB.
_PAGES_A_STEP = 1000


@db.says_store_errors
class Store:
    """One connection to the index; used by one thread at a time."""

    def __init__(
        self, path: Path, *, readonly: bool = False, matrix: CodeMatrix | None = None
    ) -> None:
        if readonly and not path.exists():
            raise NoIndexError(
                "there is no index yet", "Add a folder first: localsearch add ~/Documents"
            )
        self.path = path
        self._readonly = readonly
        self._coverage: tuple[int, Coverage] | None = None
        self._connection = db.connect(path, MIGRATIONS, readonly=readonly)
        self._identity = _identity(path)
        register_functions(self._connection)
        self.checks = Checks(self._connection)
        self.files = Files(self._connection)
        self.documents = Documents(self._connection)
        self.vectors = Vectors(self._connection, matrix)
        self.matches = Matches(self._connection)
        self.verified = Verified(self._connection)
        self.notes = Notes(self._connection)

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
        if not self._readonly:
            return self._counted_coverage()
        # Counting a large index's files takes milliseconds, of each search.
        now = self.data_version()
        if self._coverage is None or self._coverage[0] != now:
            self._coverage = now, self._counted_coverage()
        return self._coverage[1]

    def _counted_coverage(self) -> Coverage:
        counts = self.files.counts()
        indexed = counts.get("indexed", 0)
        readable = indexed + counts.get("pending", 0)
        if not readable:
            return Coverage()
        embedded = indexed - min(indexed, self.vectors.unembedded_file_count())
        if self.vectors.serving_model() is None:
            embedded = 0
        return Coverage(keyword=indexed / readable, semantic=embedded / readable)

    def is_in_place(self) -> bool:
        """Whether what's open is still what lies at its path."""
        return self._identity == _identity(self.path)

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

    def learn_sizes(self) -> None:
        """Tell SQLite's planner how large the tables have become.

        With what it knew of a small index, the work that's left takes seconds a batch to find.
        """
        self._connection.execute(f"PRAGMA optimize = {_OPTIMIZE_ALL_TABLES}")

    def merge_words(self, go_on: Callable[[], bool]) -> None:
        """Bring the full text into one piece where it's in many, as long as `go_on` says so."""
        merging.merge(self._connection, go_on)

    def tidy(self) -> None:
        """Give freed pages back to the disk and empty the write-ahead log."""
        # It gives back a page for each row that's fetched.
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        self._connection.execute("PRAGMA optimize")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def erase_deleted(self) -> None:
        """Have nothing of what was deleted be left in the database's files; may take long."""
        erasing.erase_deleted(self._connection)

    def gone_terms(self, terms: Iterable[str]) -> set[str]:
        """Those of these terms that nothing in the index has any more, after `erase_deleted`."""
        return erasing.gone_terms(self._connection, terms)

    def copy_to(
        self,
        other: Store,
        *,
        cancel: threading.Event | None = None,
        once_locked: Callable[[], None] = lambda: None,
    ) -> None:
        """Put all of this in place of what the other holds, in one transaction of the other.

        Raises CancelledError, which leaves the other as it was. Whoever reads the other meanwhile
        goes on with what it held. `once_locked` runs when nobody else can write the other any more
        and nothing is copied yet: what it writes into this one is copied, too.
        """
        with other._connection.backup("main", self._connection, "main") as copying:
            # It takes the lock before it copies, here, no pages: https://sqlite.org/c3ref/backup_finish.html
            copying.step(0)
            once_locked()
            while not copying.done:
                if cancel is not None and cancel.is_set():
                    raise CancelledError("copying the index was stopped")
                copying.step(_PAGES_A_STEP)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
