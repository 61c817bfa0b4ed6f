"""Opens the database: SQLite through apsw, with sqlite-vec, our pragmas and numbered migrations."""

from __future__ import annotations

import contextlib
import functools
import inspect
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from localsearch.config import private_dir
from localsearch.types import (
    LocalsearchError,
    StoreDamagedError,
    StoreEmptyError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import apsw

# "lsx1" in ASCII: tells our files from other SQLite databases.
APPLICATION_ID = 0x6C737831
BUSY_TIMEOUT_MS = 5000
_WRITERS_CACHE_KB = 65_536
# 64 MB, as much as the writer caches: what several files change is then written back together.
_PAGES_IN_LOG = 4000
# All of any index: what's read past it is copied, page by page, which takes twice as long.
_MMAP_BYTES = 1 << 40
# With less there's no room for the files that WAL needs beside the database.
_ROOM_BYTES = 100_000

Statements = TypeVar("Statements")


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, which say the cause and the next thing to do."""
    try:
        yield
    except Exception as error:
        ours = _as_ours(error, path)
        if ours is None:
            raise
        raise ours from error


def says_store_errors(statements: type[Statements]) -> type[Statements]:
    """Have every public method of a class of statements turn SQLite's errors into ours.

    Its objects keep their connection in `_connection`.
    """
    for name, method in list(vars(statements).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(statements, name, _saying_store_errors(method))
    return statements


def _saying_store_errors(method: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(method)
    def call(self: Any, *positional: object, **named: object) -> object:
        try:
            return method(self, *positional, **named)
        except Exception as error:
            ours = _as_ours(error, Path(self._connection.filename))
            if ours is None:
                raise
            raise ours from error

    return call


def _as_ours(error: Exception, path: Path) -> LocalsearchError | None:
    """What to say instead of this error; None for one that has nothing to do with the disk."""
    import apsw
    import msgspec

    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StoreLockedError(
            f"another program holds the index {path}",
            "Wait for it to finish, or stop it, and try again.",
        )
    # Where there's no room for the files beside it, SQLite only says that writing failed.
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and _is_full(path)):
        return StoreFullError(
            f"the disk that holds the index {path} is full",
            "Free some space and run the command again; what was indexed is kept.",
        )
    # Damage within a page shows itself as text that isn't any, as JSON that isn't, or as rows that
    # contradict each other, which ours never do.
    said_by_sqlite = (apsw.CorruptError, apsw.NotADBError, apsw.ConstraintError)
    if isinstance(error, (*said_by_sqlite, UnicodeDecodeError, msgspec.MsgspecError)):
        return StoreDamagedError(
            f"the index {path} is damaged: {error}",
            "Run `localsearch index`: it keeps the damaged file, and makes a new index of your"
            " files.",
        )
    if isinstance(error, apsw.CantOpenError | apsw.PermissionsError | apsw.ReadOnlyError):
        return StoreError(
            f"the index {path} can't be opened for writing: {error}",
            "Check the permissions of the file and of its folder.",
        )
    if isinstance(error, apsw.SQLError | apsw.TooBigError) and "too " in str(error):
        return UsageError(
            f"the query asks for too much at once: {error}", "Use fewer words and filters."
        )
    if isinstance(error, apsw.IOError):
        return StoreError(
            f"reading or writing the index {path} failed: {error}",
            "Check the disk and its free space, then run the command again.",
        )
    return None


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _ROOM_BYTES
    except OSError:
        return False


def connect(path: Path, migrations: Sequence[str], *, readonly: bool = False) -> apsw.Connection:
    """Open `path`, make it or bring it up to `migrations`, and load sqlite-vec.

    A read-only connection never creates, and reads an older file once that was migrated. Raises
    StoreError and its kinds.
    """
    import sqlite_vec

    if readonly:
        _migrate_older(path, migrations)
    else:
        private_dir(path.parent)
        if not path.exists():
            path.touch(mode=0o600)
    with store_errors(path):
        connection = _open(path, readonly=readonly)
    try:
        with store_errors(path):
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            # Before anything that writes, as the file may be somebody else's.
            _check_version(connection, path, len(migrations))
            connection.enable_load_extension(True)
            connection.load_extension(sqlite_vec.loadable_path())
            connection.enable_load_extension(False)
            if readonly:
                connection.execute("PRAGMA query_only = ON")
            else:
                # Only takes effect before the first table; larger pages suit vectors and text.
                connection.execute("PRAGMA page_size = 16384")
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                # Keys are hashes, so that each lands on another page: what one file changes in a
                # large index should fit.
                connection.execute(f"PRAGMA cache_size = -{_WRITERS_CACHE_KB}")
                connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_IN_LOG}")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA mmap_size = {_MMAP_BYTES}")
            connection.execute("PRAGMA secure_delete = ON")
            if not readonly:
                _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path, *, readonly: bool) -> apsw.Connection:
    """Open the file; to read it, also where nothing can be written beside it."""
    import apsw

    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    if not readonly:
        return connection
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        # Only a first look at the content makes the files beside it that readers of WAL need too.
        connection.pragma("user_version")
    except apsw.Error as error:
        connection.close()
        if not isinstance(
            error, apsw.IOError | apsw.FullError | apsw.CantOpenError | apsw.ReadOnlyError
        ):
            raise
    else:
        return connection
    log = path.with_name(path.name + "-wal")
    # Without a log nobody is writing; with one, its owner's files beside it serve us as well.
    changing = log.exists() and log.stat().st_size > 0
    uri = path.absolute().as_uri() + ("?mode=ro" if changing else "?immutable=1")
    return apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


@dataclass(frozen=True, slots=True)
class Builds:
    """Versions of SQLite and of sqlite-vec."""

    sqlite: str
    sqlite_vec: str


def try_builds() -> Builds:
    """Try full text and vectors in a database in memory; StoreError where they don't work."""
    import apsw
    import sqlite_vec

    remedy = "Install both again: pip install --force-reinstall apsw sqlite-vec"
    connection = apsw.Connection(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text)")
        connection.enable_load_extension(True)
        connection.load_extension(sqlite_vec.loadable_path())
        version, distance = connection.execute(
            "SELECT vec_version(), vec_distance_cosine('[1, 0]', '[0, 2]')"
        ).get
    except (apsw.Error, AttributeError, OSError) as error:
        raise StoreError(f"SQLite {apsw.sqlite_lib_version()}: {error}", remedy) from error
    finally:
        connection.close()
    # Orthogonal, exactly: 1 - 0.
    if distance != 1.0:
        raise StoreError(f"sqlite-vec {version} computes wrongly: {distance}, not 1", remedy)
    return Builds(apsw.sqlite_lib_version(), version)


def _migrate_older(path: Path, migrations: Sequence[str]) -> None:
    with store_errors(path):
        connection = _open(path, readonly=True)
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            _check_version(connection, path, len(migrations))
            version = connection.pragma("user_version")
        finally:
            connection.close()
    if version == 0:
        raise StoreEmptyError(
            f"the index {path} is empty: it was cut off, or never begun",
            "Run `localsearch index`: it makes a new one of your files.",
        )
    if version < len(migrations):
        connect(path, migrations).close()


def _check_version(connection: apsw.Connection, path: Path, newest: int) -> None:
    version = connection.pragma("user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if tables and connection.pragma("application_id") != APPLICATION_ID:
        raise StoreError(
            f"{path} is a database of another program",
            "Move it away; nothing in it was touched.",
        )
    if version > newest:
        raise StoreError(
            f"the index {path} was made by a newer version of localsearch",
            "Upgrade localsearch; the index was not touched.",
        )


def _migrate(connection: apsw.Connection, migrations: Sequence[str]) -> None:
    if connection.pragma("user_version") == len(migrations):
        return
    # One transaction a step, the version in it: an interrupted upgrade goes on where it was. The
    # version is read again inside, as another process may have been quicker.
    for number, sql in enumerate(migrations, start=1):
        with transaction(connection):
            if connection.pragma("user_version") >= number:
                continue
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(sql)
            connection.execute(f"PRAGMA user_version = {number}")


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """A write transaction that takes its lock at once.

    A read transaction that turns into a write fails when another process wrote in between.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
