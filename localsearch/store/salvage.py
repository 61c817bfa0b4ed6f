"""What can still be read of a damaged index?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import apsw

if TYPE_CHECKING:
    from pathlib import Path


def salvaged_roots(path: Path) -> list[str]:
    """The roots, as far as they can be read: those of an index from before they were noted."""
    rows: list[Any] = []
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            rows.extend(connection.execute("SELECT path FROM roots ORDER BY id"))
        finally:
            connection.close()
    except (apsw.Error, UnicodeDecodeError):
        pass
    return [os.fsdecode(row[0]) for row in rows if isinstance(row[0], bytes)]
