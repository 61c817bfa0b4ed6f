"""Opens the database: SQLite through apsw, with sqlite-vec, our pragmas and numbered migrations."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.types import (
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import apsw

# "lsx1" in ASCII: tells our files from other SQLite databases.
APPLICATION_ID = 0x6C737831
BUSY_TIMEOUT_MS = 5000


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, which say the cause and the next thing to do."""
    import apsw

    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreLockedError(
            f"another program holds the index {path}",
            "Wait for it to finish, or stop it, and try again.",
        ) from error
    except apsw.FullError as error:
        raise StoreFullError(
            f"the disk that holds the index {path} is full",
            "Free some space and run the command again; what was indexed is kept.",
        ) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamagedError(
            f"the index {path} is damaged: {error}",
            "Move that file away and add your folders again (localsearch add FOLDER): it is"
            " rebuilt from your files.",
        ) from error
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.ReadOnlyError) as error:
        raise StoreError(
            f"the index {path} can't be opened for writing: {error}",
            "Check the permissions of the file and of its folder.",
        ) from error
    except apsw.IOError as error:
        raise StoreError(
            f"reading or writing the index {path} failed: {error}",
            "Check the disk and its free space, then run the command again.",
        ) from error


def connect(path: Path, migrations: Sequence[str], *, readonly: bool = False) -> apsw.Connection:
    """Open `path`, make it or bring it up to `migrations`, and load sqlite-vec.

    A read-only connection never creates, and reads an older file once that was migrated. Raises
    StoreError and its kinds.
    """
    import apsw
    import sqlite_vec

    if readonly:
        _migrate_older(path, migrations)
    else:
        private_dir(path.parent)
        if not path.exists():
            path.touch(mode=0o600)
    flags = apsw.SQLITE_OPEN_READWRITE
    with store_errors(path):
        connection = apsw.Connection(str(path), flags=flags)
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
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA mmap_size = 1073741824")
            connection.execute("PRAGMA secure_delete = ON")
            if not readonly:
                _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate_older(path: Path, migrations: Sequence[str]) -> None:
    import apsw

    with store_errors(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            _check_version(connection, path, len(migrations))
            version = connection.pragma("user_version")
        finally:
            connection.close()
    if version == 0:
        raise StoreDamagedError(
            f"the index {path} is empty: it was cut off, or never begun",
            "Add your folders again: localsearch add FOLDER",
        )
    if version < len(migrations):
        connect(path, migrations).close()


def _check_version(connection: apsw.Connection, path: Path, newest: int) -> None:
    version = connection.pragma("user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if tables and connection.pragma("application_id") != APPLICATION_ID:
        raise StoreDamagedError(
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
