"""Which files' contents were compared with what was read of them, and when?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localsearch.db import says_store_errors
from localsearch.store.files import below, path_bytes
from localsearch.store.notes import Notes
from localsearch.types import FileRef

if TYPE_CHECKING:
    import apsw

_REACHED = "contents verified up to"
_FINISHED = "contents verified at"


@says_store_errors
class Verified:
    """Statements about a comparison of all files, which may go on for days, in order of paths."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._notes = Notes(connection)

    def following(
        self, after: str, limit: int, within: str = ""
    ) -> list[tuple[FileRef, bytes | None]]:
        """The next files that were read and are in reach, with the hash of what was read.

        With `within`, only those that lie in (or are) that path.
        """
        lies_within = "AND (path = ? OR (path >= ? AND path < ?))" if within else ""
        rows = self._connection.execute(
            "SELECT path, size, mtime_ns, inode, device, content_hash FROM files"
            f" WHERE path > ? AND state = 'indexed' AND online = 1 {lies_within}"
            " ORDER BY path LIMIT ?",
            (path_bytes(after), *((path_bytes(within), *below(within)) if within else ()), limit),
        )
        return [(FileRef(os.fsdecode(row[0]), *row[1:5]), row[5]) for row in rows]

    def reached(self) -> str:
        """The last path of the comparison under way; "" where none is."""
        return os.fsdecode(bytes.fromhex(self._notes.get(_REACHED)))

    def finished_s(self) -> float:
        """When all files were last compared, or the index began, in seconds since 1970."""
        return float(self._notes.get(_FINISHED) or 0.0)

    def set_reached(self, path: str) -> None:
        """Remember how far the comparison is; the transaction is the caller's."""
        self._notes.put(_REACHED, path_bytes(path).hex())

    def set_finished(self, at_s: float) -> None:
        """Remember that all files were compared; the transaction is the caller's."""
        self._notes.put(_REACHED, "")
        self._notes.put(_FINISHED, repr(at_s))
