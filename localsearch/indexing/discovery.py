"""What differs between the folders and the index? Records what's to be read, and what's gone."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from localsearch.indexing import reader
from localsearch.indexing.indexed_paths import is_in_any
from localsearch.scanning import mounts
from localsearch.types import Progress
from localsearch.watching.coalesce import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from localsearch.indexing.run import Run
    from localsearch.scanning.scan import ScannedFile
    from localsearch.types import FileRef, Kind, KnownFile

_NAMES_BATCH = 500
_REMOVE_BATCH = 50
_TOLD_EVERY = 1000
# Of those that are looked at once more.
_MOST_PLACES = 1000


class Discovery:
    """Compares the folders with the index; what is gone is forgotten once what is new was read."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._store = run.store
        self._vanished: dict[str, KnownFile] = {}
        self._looked_again = False

    def look_again(self) -> bool:
        """Look once more at where files weren't met, before they're forgotten; whether it did."""
        lost = self._run.lost
        if self._vanished and not self._looked_again:
            # Once will do: what's moved after that, the next run meets.
            self._looked_again = True
            lost.update(self._worth_a_look())
        if not lost:
            return False
        before = self._run.counts["unchanged"]
        top = self._run.within or self._roots()
        self.scan(fold(lost, top, _MOST_PLACES))
        self._run.counts["unchanged"] = before
        lost.clear()
        return True

    def _worth_a_look(self) -> Iterator[str]:
        """Where files that weren't met may be all the same, or what tells why they aren't there.

        Only they themselves are looked for, as their folders may hold any number of others.
        """
        silent = mounts.volumes_around(self._roots(), self._store.files.mounts()).silent
        by_folder: dict[str, dict[int, KnownFile]] = {}
        for path, file in self._vanished.items():
            by_folder.setdefault(os.path.dirname(path), {})[file.inode] = file
        for folder, files in by_folder.items():
            if is_in_any(folder, silent):
                yield folder
                continue
            try:
                with os.scandir(folder) as listing:
                    entries = list(listing)
            except OSError:
                entries = []
            if not entries:
                # Emptied, gone or away, which the scan tells apart.
                yield folder
            for entry in entries:
                if entry.path in self._vanished:
                    yield entry.path
                elif (same := files.get(entry.inode())) and self._is(entry, same):
                    # Seen together they are a move.
                    yield from (entry.path, same.path)

    def _is(self, entry: os.DirEntry[str], file: KnownFile) -> bool:
        """Whether this is a file under another name, one that the run is for."""
        within = self._run.within
        if within and not is_in_any(entry.path, within):
            return False
        with contextlib.suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            return (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)
        return False

    def _roots(self) -> list[str]:
        return [path for path, _, _ in self._store.files.roots()]

    def scan(self, within: Sequence[str]) -> int:
        """Record what differs in the roots, or only in `within`; gives how many files do."""
        from localsearch.indexing.outdated import mark_outdated
        from localsearch.scanning.changes import compare, renumbered
        from localsearch.scanning.scan import scan_roots

        run, files = self._run, self._store.files
        roots = self._roots()
        known = files.known(within)
        volumes = mounts.volumes_around(roots, files.mounts())
        scan = scan_roots(
            roots,
            run.settings.index,
            paths=run.paths,
            cancel=run.cancel,
            within=within,
            known=known,
            volumes=volumes,
        )
        changes = compare(self._watched(scan), known, scan)
        run.check_cancelled()
        run.notices.extend(f"can't read {each.path}: {each.reason}" for each in scan.unreadable)
        offline = {
            root: f"{root} {why}; what was indexed of it is kept, hidden"
            for root, why in scan.offline_reasons.items()
        }
        run.notices.extend(offline.values())
        with self._store.transaction():
            files.set_out_of_reach(scan.out_of_reach, within)
            files.renumber(renumbered(changes.unchanged, known))
            if not within:
                files.set_offline_roots(scan.offline_roots)
        for start in range(0, len(changes.moved), _NAMES_BATCH):
            with self._store.transaction():
                for old_path, found in changes.moved[start : start + _NAMES_BATCH]:
                    self._move(old_path, found.ref)
        run.counts["moved"] += len(changes.moved)
        self._record(changes.new, "added")
        self._record(changes.changed, "changed")
        unchanged = [*changes.same, *(known[found.path] for found in changes.unchanged)]
        # What went to the cloud since it was read is as good as it is: reading would fetch it.
        here = [
            *changes.same,
            *(known[found.path] for found in changes.unchanged if not found.reason),
        ]
        # A copy that's built for another model answers no searches: what has to be cut anew there
        # is read before anything is embedded.
        outdated, renewable = mark_outdated(
            self._store,
            run.settings,
            run.embedder,
            here,
            leave=run.embedder is not None and not run.changing_to,
        )
        run.outdated.update(dict.fromkeys(renewable))
        run.counts["renewed"] += outdated
        run.counts["unchanged"] += len(unchanged)
        # An earlier scan may have missed what's back now.
        self._vanished = {path: self._vanished[path] for path in self._vanished.keys() - known}
        self._vanished.update((path, known[path]) for path in changes.vanished)
        if not within:
            run.offline = offline
            with self._store.transaction():
                files.note_mounts(volumes.mounted)
        gone_or_moved = len(changes.moved) + len(changes.vanished)
        return len(changes.new) + len(changes.changed) + gone_or_moved + outdated

    def remove_vanished(self) -> None:
        """Forget what's gone: after reading, so that what moved finds its vectors still there."""
        ids = [file_id for path in self._vanished if (file_id := self._store.files.id_of(path))]
        self._run.counts["removed"] += len(ids)
        for start in range(0, len(ids), _REMOVE_BATCH):
            self._run.check_cancelled()
            with self._store.transaction():
                self._store.documents.remove_files(ids[start : start + _REMOVE_BATCH])
        self._vanished.clear()
        self._looked_again = False

    def _move(self, old_path: str, ref: FileRef) -> None:
        self._store.files.move(old_path, ref)
        old_title = reader.title_of_last_resort(old_path)
        new_title = reader.title_of_last_resort(ref.path)
        file_id = self._store.files.id_of(ref.path)
        if old_title != new_title and file_id is not None:
            self._store.documents.retitle(file_id, old_title, new_title)

    def _watched(self, scan: Iterable[ScannedFile]) -> Iterator[ScannedFile]:
        """The scanned files, counted for the user to see."""
        number = 0
        for number, found in enumerate(scan, start=1):
            if number % _TOLD_EVERY == 0:
                self._run.report_progress(Progress("scanning", files_done=number))
            yield found
        if number >= _TOLD_EVERY:
            self._run.report_progress(Progress("scanning", files_done=number, files_total=number))

    def _record(self, found: Sequence[ScannedFile], count_as: str) -> None:
        from converters.registry import kind_for

        self._run.counts[count_as] += len(found)
        for start in range(0, len(found), _NAMES_BATCH):
            self._run.check_cancelled()
            with self._store.transaction():
                for each in found[start : start + _NAMES_BATCH]:
                    kind = kind_for(each.ref.path)
                    if each.disposition == "read":
                        self._store.files.upsert(each.ref, kind=kind, state="pending")
                    else:
                        self._name_only(each.ref, kind, each.reason)

    def _name_only(self, ref: FileRef, kind: Kind, reason: str) -> None:
        file_id = self._store.files.upsert(ref, kind=kind, state="name_only", reason=reason)
        self._store.documents.remove_text(file_id)
        self._run.counts["name_only"] += 1
