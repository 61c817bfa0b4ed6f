"""Which roots and files are known, and what state each file is in."""

from __future__ import annotations

import os
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from localsearch.db import says_store_errors
from localsearch.keywords import index_text
from localsearch.scanning.folder_rules import with_separator
from localsearch.terminal import without_raw_bytes
from localsearch.types import Failure, FileRef, KnownFile, KnownFiles, Remark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import apsw

    from localsearch.types import Kind

FileState = Literal["pending", "indexed", "failed", "name_only"]


def path_bytes(path: str) -> bytes:
    """A path as it is stored: the bytes of the file system."""
    return os.fsencode(path)


def below(path: str) -> tuple[bytes, bytes]:
    """The half-open range of stored paths that lie inside the folder `path`."""
    separator = path_bytes(os.sep)
    folder = path_bytes(path).rstrip(separator)
    return folder + separator, folder + bytes([separator[0] + 1])


def one_of(column: str, ids: Iterable[int] | None) -> tuple[str, tuple[str, ...]]:
    """A condition that holds for these ids, or for all where none are given, and its values."""
    if ids is None:
        return "TRUE", ()
    listed = msgspec.json.encode(list(ids)).decode()
    return f"{column} IN (SELECT value FROM json_each(?))", (listed,)


@says_store_errors
class Files:
    """Statements about roots and files."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    # Roots

    def roots(self) -> list[tuple[str, str, bool]]:
        """Every root as (path, name, online), in the order they were added."""
        rows = self._connection.execute("SELECT path, name, online FROM roots ORDER BY id")
        return [(os.fsdecode(path), name, bool(online)) for path, name, online in rows]

    def add_root(self, path: str) -> None:
        """Remember a root; its name is its last part, numbered where another has it."""
        taken = {name for _, name, _ in self.roots()}
        base = PurePath(path).name.encode("utf-8", "replace").decode() or path
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        self._connection.execute(
            "INSERT INTO roots (path, name) VALUES (?, ?) ON CONFLICT (path) DO NOTHING",
            (path_bytes(path), name),
        )

    def remove_root(self, path: str) -> None:
        """Forget a root; its files are the caller's to remove."""
        self._connection.execute("DELETE FROM roots WHERE path = ?", (path_bytes(path),))

    def roots_without_files(self) -> list[tuple[str, str]]:
        """Path and name of each root in reach of which no file is known."""
        rows = self._connection.execute("SELECT path, name FROM roots WHERE online ORDER BY id")
        holds = "SELECT EXISTS (SELECT 1 FROM files WHERE path >= ? AND path < ?)"
        roots = [(os.fsdecode(path), str(name)) for path, name in rows]
        return [root for root in roots if not self._connection.execute(holds, below(root[0])).get]

    def set_offline_roots(self, offline: Collection[str]) -> None:
        """Mark these roots as out of reach, all others as in reach."""
        for path, _, online in self.roots():
            if online == (path in offline):
                self._connection.execute(
                    "UPDATE roots SET online = ? WHERE path = ?",
                    (path not in offline, path_bytes(path)),
                )

    def set_out_of_reach(self, paths: Collection[str], within: Sequence[str] = ()) -> None:
        """Hide these files from searches; show all others again, or those that lie `within`."""
        rows: list[tuple[object, ...]] = self._connection.execute(
            "SELECT path FROM files WHERE online = 0"
        ).fetchall()
        hidden = {os.fsdecode(row[0]) for row in rows}  # type: ignore[arg-type]
        wanted = set(paths)
        inside = [with_separator(path) for path in within]
        shown = [
            path
            for path in hidden - wanted
            if not inside or any(with_separator(path).startswith(each) for each in inside)
        ]
        self._connection.executemany(
            "UPDATE files SET online = ? WHERE path = ?",
            [
                *((0, path_bytes(path)) for path in wanted - hidden),
                *((1, path_bytes(path)) for path in shown),
            ],
        )

    # Volumes

    def mounts(self) -> frozenset[str]:
        """The mount points that hold known files."""
        rows = self._connection.execute("SELECT path FROM mounts")
        return frozenset(os.fsdecode(row[0]) for row in rows)

    def note_mounts(self, mounted: Iterable[str]) -> None:
        """Remember which of these mount points hold known files; forget those that hold none."""
        holds = "EXISTS (SELECT 1 FROM files WHERE files.path >= ? AND files.path < ?)"
        for path in mounted:
            self._connection.execute(
                f"INSERT INTO mounts (path) SELECT ? WHERE {holds} ON CONFLICT (path) DO NOTHING",
                (path_bytes(path), *below(path)),
            )
        for path in self.mounts():
            self._connection.execute(
                f"DELETE FROM mounts WHERE path = ? AND NOT {holds}",
                (path_bytes(path), *below(path)),
            )

    # Files

    def known(self, within: Sequence[str] = ()) -> KnownFiles:
        """All known files, or those that lie in (or are) one of the paths."""
        columns = (
            "path, size, mtime_ns, inode, device, state, converter, chunker,"
            " content_hash IS NOT NULL"
        )
        select = f"SELECT {columns} FROM files"
        if not within:
            return KnownFiles(_known_files(self._connection.execute(select)))
        condition = "WHERE path = ? OR (path >= ? AND path < ?)"
        return KnownFiles(
            file
            for path in within
            for file in _known_files(
                self._connection.execute(f"{select} {condition}", (path_bytes(path), *below(path)))
            )
        )

    def upsert(self, ref: FileRef, *, kind: Kind, state: FileState, reason: str = "") -> int:
        """Insert or update a file's description and state; gives its id.

        What was indexed of it stays until new text replaces it.
        """
        path = path_bytes(ref.path)
        pure = PurePath(ref.path)
        extension = pure.suffix.lstrip(".").lower().encode("utf-8", "replace").decode()
        known = self._connection.execute("SELECT id FROM files WHERE path = ?", (path,)).get
        row = self._connection.execute(
            "INSERT INTO files"
            " (path, size, mtime_ns, inode, device, extension, kind, state, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,"
            " inode = excluded.inode, device = excluded.device, kind = excluded.kind,"
            " state = excluded.state, reason = excluded.reason, online = 1,"
            " chunker = iif(excluded.state = 'name_only', 0, chunker)"
            " RETURNING id",
            (path, ref.size, ref.mtime_ns, ref.inode, ref.device, extension, kind, state, reason),
        ).get
        if known is None:
            self._index_name(row, ref.path)
        return int(row)

    def _index_name(self, file_id: int, path: str) -> None:
        pure = PurePath(without_raw_bytes(path))
        self._connection.execute(
            "INSERT INTO files_fts (rowid, name, folder) VALUES (?, ?, ?)",
            (file_id, index_text(pure.name), index_text(str(pure.parent))),
        )

    def move(self, old_path: str, ref: FileRef) -> None:
        """Record that a file has another path now; its text and vectors stay."""
        file_id = self.id_of(old_path)
        if file_id is None:
            return
        extension = PurePath(ref.path).suffix.lstrip(".").lower()
        self._connection.execute(
            "UPDATE files SET path = ?, extension = ?, size = ?, mtime_ns = ?, inode = ?,"
            " device = ? WHERE id = ?",
            (
                path_bytes(ref.path),
                extension.encode("utf-8", "replace").decode(),
                ref.size,
                ref.mtime_ns,
                ref.inode,
                ref.device,
                file_id,
            ),
        )
        self._connection.execute("DELETE FROM files_fts WHERE rowid = ?", (file_id,))
        self._index_name(file_id, ref.path)

    def set_described(self, ref: FileRef) -> None:
        """Record new times and inode of a file whose content turned out the same."""
        self._connection.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, inode = ?, device = ? WHERE path = ?",
            (ref.size, ref.mtime_ns, ref.inode, ref.device, path_bytes(ref.path)),
        )

    def renumber(self, refs: Iterable[FileRef]) -> None:
        """Record the numbers by which the file system knows these files now."""
        self._connection.executemany(
            "UPDATE files SET inode = ?, device = ? WHERE path = ?",
            [(ref.inode, ref.device, path_bytes(ref.path)) for ref in refs],
        )

    def set_state(
        self,
        file_id: int,
        state: FileState,
        *,
        reason: str = "",
        content_hash: bytes | None = None,
        converter: str = "",
        chunker: int = 0,
    ) -> None:
        """Record how reading a file ended."""
        self._connection.execute(
            "UPDATE files SET state = ?, reason = ?, content_hash = ?, converter = ?, chunker = ?"
            " WHERE id = ?",
            (state, reason, content_hash, converter, chunker, file_id),
        )

    def id_of(self, path: str) -> int | None:
        """The id of a known file."""
        found = self._connection.execute(
            "SELECT id FROM files WHERE path = ?", (path_bytes(path),)
        ).get
        return None if found is None else int(found)

    def reusable_hash(self, file_id: int) -> bytes | None:
        """Hash of the content whose text is in the index; None when it must be read anew."""
        found = self._connection.execute(
            "SELECT content_hash FROM files WHERE id = ?1"
            " AND EXISTS (SELECT 1 FROM documents WHERE file_id = ?1)",
            (file_id,),
        ).get
        return found if isinstance(found, bytes) else None

    def set_same(self, file_id: int) -> None:
        """Note that a pending file's content is what's in the index already."""
        self._connection.execute(
            "UPDATE files SET state = 'indexed', reason = '' WHERE id = ?", (file_id,)
        )

    def content_hashes(self) -> dict[str, bytes]:
        """The hash of what was read of each file, by its path."""
        rows = self._connection.execute(
            "SELECT path, content_hash FROM files WHERE content_hash IS NOT NULL"
        )
        return {os.fsdecode(path): content_hash for path, content_hash in rows}

    def set_outdated(self, path: str) -> None:
        """Have a file read anew though it didn't change; what's indexed serves until then."""
        self._connection.execute(
            "UPDATE files SET state = 'pending', content_hash = NULL WHERE path = ?",
            (path_bytes(path),),
        )

    def remarked(self, remarks: Sequence[str]) -> list[str]:
        """The files with one of these remarks in the reason they failed, or in their notes."""
        said = " OR ".join("instr(f.reason, ?) OR instr(d.notes, ?)" for _ in remarks)
        rows = self._connection.execute(
            "SELECT DISTINCT f.path FROM files f LEFT JOIN documents d ON d.file_id = f.id"
            f" WHERE f.state <> 'pending' AND ({said})",
            [remark for remark in remarks for _ in range(2)],
        )
        return [os.fsdecode(row[0]) for row in rows]

    def pending(self, limit: int, only: Sequence[int] | None = None) -> list[tuple[int, FileRef]]:
        """Files that are to be read (of `only` these ids), the most recently changed first."""
        condition, ids = one_of("id", only)
        rows = self._connection.execute(
            "SELECT id, path, size, mtime_ns, inode, device FROM files"
            f" WHERE state = 'pending' AND online = 1 AND {condition}"
            " ORDER BY mtime_ns DESC LIMIT ?",
            (*ids, limit),
        )
        return [(row[0], FileRef(os.fsdecode(row[1]), *row[2:])) for row in rows]

    def pending_count(self, only: Sequence[int] | None = None) -> int:
        """Number of files that are to be read (of `only` these ids)."""
        condition, ids = one_of("id", only)
        sql = f"SELECT count(*) FROM files WHERE state = 'pending' AND online = 1 AND {condition}"
        return int(self._connection.execute(sql, ids).get)

    def ids_below(self, paths: Sequence[str]) -> list[int]:
        """Ids of the files that lie in (or are) one of the paths."""
        ids: list[int] = []
        for path in paths:
            rows = self._connection.execute(
                "SELECT id FROM files WHERE path = ? OR (path >= ? AND path < ?)",
                (path_bytes(path), *below(path)),
            )
            ids.extend(row[0] for row in rows)
        return ids

    def paths_below(self, path: str) -> list[tuple[int, str]]:
        """Ids and paths of the files that lie in a folder."""
        rows = self._connection.execute(
            "SELECT id, path FROM files WHERE path >= ? AND path < ?", below(path)
        )
        return [(file_id, os.fsdecode(name)) for file_id, name in rows]

    def counts(self) -> Mapping[str, int]:
        """Number of files by state."""
        rows = self._connection.execute("SELECT state, count(*) FROM files GROUP BY state")
        return dict(rows)

    def count_below(self, path: str) -> int:
        """Number of files in a folder."""
        found = self._connection.execute(
            "SELECT count(*) FROM files WHERE path >= ? AND path < ?", below(path)
        ).get
        return int(found)

    def failures(self) -> tuple[Failure, ...]:
        """The files that couldn't be read, with the reason."""
        rows = self._connection.execute(
            "SELECT path, reason FROM files WHERE state = 'failed' ORDER BY path"
        )
        return tuple(Failure(os.fsdecode(path), reason) for path, reason in rows)

    def remarks(self) -> tuple[Remark, ...]:
        """What the converters noted of files that were read."""
        rows = self._connection.execute(
            "SELECT f.path, d.notes FROM documents d JOIN files f ON f.id = d.file_id"
            " WHERE d.notes != '' ORDER BY f.path, d.id"
        )
        noted = ((os.fsdecode(path), line) for path, notes in rows for line in notes.split("\n"))
        return tuple(Remark(path, line) for path, line in dict.fromkeys(noted))


def _known_files(rows: Iterable[tuple[Any, ...]]) -> Iterator[KnownFile]:
    # As os.fsdecode does, which takes as long as all the rest.
    encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    known_file = KnownFile._make
    for path, *columns in rows:
        yield known_file((path.decode(encoding, errors), *columns))
