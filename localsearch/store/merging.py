"""Is the full text mostly in one piece, so that a word is found at one place?

FTS5 writes what comes into segments, and merges a few of them from time to time. In a large index
that leaves dozens, each to be looked at for every word: how common those of a question are takes
three times as long to tell as in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.db import transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

_FULL_TEXT = ("chunks_fts", "files_fts", "beginnings_fts")
# 8 MB; with less it makes no difference.
_FEWEST_PAGES = 2000
# Merged again when as much has come as there is, each row is rewritten a few times at most.
_MOST_IN_OTHERS = 0.5
# 4 MB a transaction.
_PAGES_A_STEP = 1000
# https://sqlite.org/fts5.html#the_merge_command
_NOTHING_DONE = 2


def merge(connection: apsw.Connection, go_on: Callable[[], bool]) -> None:
    """Merge each full-text index that's in many pieces, a transaction a step while `go_on` says so.

    What a step has merged stays so; a later call does the rest.
    """
    for table in _FULL_TEXT:
        # Below zero it takes in all segments, of whatever size.
        pages = -_PAGES_A_STEP
        merging = _is_scattered(connection, table)
        while merging and go_on():
            before = connection.total_changes()
            with transaction(connection):
                connection.execute(
                    f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (pages,)
                )
            merging = connection.total_changes() - before >= _NOTHING_DONE
            pages = _PAGES_A_STEP


def _is_scattered(connection: apsw.Connection, table: str) -> bool:
    # A row for almost each page.
    rows = connection.execute(f"SELECT count(*) FROM {table}_idx GROUP BY segid")
    sizes = [int(row[0]) for row in rows]
    total = sum(sizes)
    return total >= _FEWEST_PAGES and total - max(sizes) > _MOST_IN_OTHERS * total
