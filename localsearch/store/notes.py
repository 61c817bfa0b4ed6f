"""What does the index remember about itself, by name?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.db import says_store_errors

if TYPE_CHECKING:
    import apsw


@says_store_errors
class Notes:
    """Statements about short texts by name; "" is what a name has that was never set."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str:
        """The text of that name."""
        found = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).get
        return "" if found is None else str(found)

    def put(self, name: str, value: str) -> None:
        """Set the text of that name; the transaction is the caller's."""
        self._connection.execute(
            "INSERT INTO meta (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )
