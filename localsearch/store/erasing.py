"""How is what was deleted made to be gone from the database's file, too?

Deleting from a contentless FTS5 table leaves the terms in the file until its segments are merged
into one, whatever `secure_delete` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.types import StoreLockedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

_FULL_TEXT = ("chunks_fts", "files_fts", "beginnings_fts")


def erase_deleted(connection: apsw.Connection) -> None:
    """Rewrite the database with nothing in it but what it holds; takes long for a large one.

    Raises StoreLockedError while another connection reads what the old pages hold.
    """
    existing = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    for table in existing.intersection(_FULL_TEXT):
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    # The planner's statistics hold samples of what's in the indexes.
    connection.execute("ANALYZE")
    # In memory, a large database would take as much of it again.
    connection.execute("PRAGMA temp_store = DEFAULT")
    connection.execute("VACUUM")
    connection.execute("PRAGMA temp_store = MEMORY")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").get
    if busy:
        raise StoreLockedError(
            "another program reads the index, so that its old pages are still on the disk",
            "Close what searches, then run the command again.",
        )


def gone_terms(connection: apsw.Connection, terms: Iterable[str]) -> set[str]:
    """Those of these terms that the full text holds no more; right after `erase_deleted`."""
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words_left USING"
        " fts5vocab ('main', 'chunks_fts', 'row')"
    )
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.names_left USING"
        " fts5vocab ('main', 'files_fts', 'row')"
    )
    held = "SELECT 1 FROM words_left WHERE term = ?1 UNION SELECT 1 FROM names_left WHERE term = ?1"
    gone = {term for term in terms if connection.execute(held, (term,)).get is None}
    for table in ("words_left", "names_left"):
        connection.execute(f"DROP TABLE temp.{table}")
    return gone
