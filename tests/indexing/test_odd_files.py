"""Files that can't be read, have no text, or have odd names and numbers."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from converters.registry import Conversion, convert_file
from converters.sandbox import Sandbox
from localsearch import config
from localsearch.api import Index
from localsearch.indexing import reading
from localsearch.indexing.indexer import Indexer
from localsearch.scanning.changes import scanned_file
from localsearch.store import Store
from localsearch.types import ConversionError
from tests.indexing.asking import NO_MODEL, found


def test_files_that_cannot_be_read_are_recorded_and_tried_again(
    filled: Index, library: Path
) -> None:
    bad = library / "broken.pdf"
    bad.write_bytes(b"%PDF-1.7\nnothing of the kind")
    report = filled.update()
    assert [failure.path for failure in report.failed] == [str(bad)]
    assert report.failed[0].reason
    assert found(filled, "broken", library) == ["broken.pdf"]
    assert filled.update().changed == 0
    bad.unlink()
    bad.with_suffix(".txt").write_text("mended words")
    assert filled.update().failed == ()
    assert found(filled, "mended", library) == ["broken.txt"]


def test_only_failures_of_what_was_asked_for_are_told(filled: Index, library: Path) -> None:
    broken = library / "garden/broken.pdf"
    broken.write_bytes(b"%PDF-1.4 broken")
    assert [each.path for each in filled.update().failed] == [str(broken)]
    assert filled.update([str(library / "letters")]).failed == ()
    assert [each.path for each in filled.update([str(broken)]).failed] == [str(broken)]


def test_files_without_text_are_found_by_name(filled: Index, library: Path) -> None:
    (library / "holiday-beach.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8)
    filled.update()
    assert found(filled, "holiday", library) == ["holiday-beach.jpg"]
    assert filled.status().files.skipped == 1


def test_secrets_are_not_even_found_by_name(filled: Index, library: Path) -> None:
    (library / ".env").write_text("TOKEN=abcdef")
    (library / "id_rsa").write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
    filled.update()
    assert found(filled, "TOKEN", library) == []
    assert found(filled, "id_rsa", library) == []


def test_names_with_bytes_that_are_no_text(filled: Index, library: Path) -> None:
    raw = os.fsencode(library) + b"/caf\xe9\n.txt"
    with open(raw, "w", encoding="utf-8") as file:
        file.write("unusual vocabulary")
    filled.update()
    *_, stage = filled.search(filled.parse("vocabulary", mode="keyword"))
    assert os.fsencode(stage.hits[0].path) == raw
    assert filled.update().changed == 0


def test_times_and_numbers_that_sqlite_cannot_hold_stop_nothing(
    home: config.Paths, library: Path
) -> None:
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        os.utime(library / "garden/bees.txt", (1e12, 1e12))
        assert index.update().added == 5
        report = index.update()
        assert (report.unchanged, report.changed) == (5, 0)


def test_numbers_of_any_file_system_fit() -> None:
    def numbered(inode: int) -> int:
        numbers = (0o100644, inode, 2**64 - 1, 1, 0, 0, 9, 0, 0, 0)
        return scanned_file("/a", os.stat_result(numbers, {"st_mtime_ns": 2**80})).inode

    inodes = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
    found = [numbered(inode) for inode in inodes]
    assert all(-(2**63) <= each < 2**63 for each in found)
    assert len(set(found)) == len(inodes)


def test_an_archive_may_hold_two_of_one_name(home: config.Paths, library: Path) -> None:
    with tarfile.open(library / "twice.tar", "w") as tar:
        for text in (b"the first version", b"the second version"):
            entry = tarfile.TarInfo("notes/a.txt")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    with zipfile.ZipFile(library / "cleaned.zip", "w") as archive:
        # Other numbers, as copies would be listed once.
        for number, name in enumerate(("a\x01.txt", "a\x02.txt", "a.txt")):
            archive.writestr(name, f"zipped words {number}")
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        assert not index.update().failed
        *_, stage = index.search(index.parse("version", mode="keyword"))
        assert {hit.member for hit in stage.hits} == {"notes/a.txt", "notes/a.txt (2)"}
        *_, stage = index.search(index.parse("zipped", mode="keyword"))
        assert len({hit.member for hit in stage.hits}) == 3


def refuse(*_: object, **__: object) -> NoReturn:
    raise ConversionError("reading it took too much memory", "Try again.")


def test_what_failed_is_tried_again_when_asked(
    home: config.Paths, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = library / "garden/bees.txt"
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        with monkeypatch.context() as patch:
            # As on a machine that's out of memory for a while.
            patch.setattr(Sandbox, "convert", refuse)
            index.update()
        assert str(path) in [each.path for each in index.status().failures]
        index.update([str(path)])
        assert str(path) in [each.path for each in index.status().failures]
        index.update([str(path)], full=True)
        assert str(path) not in [each.path for each in index.status().failures]
        assert len(index.status().failures) == 4


def test_nothing_is_read_ahead_of_what_ends_the_reading(home: config.Paths, library: Path) -> None:
    expected: list[list[str]] = []
    converted: list[str] = []

    def expect(paths: Iterable[str], *, ocr: bool, plugins: Sequence[str]) -> None:
        expected.append(list(paths))

    def convert(path: str, *, ocr: bool, plugins: Sequence[str]) -> Conversion:
        converted.append(path)
        return convert_file(path, ocr=ocr, plugins=plugins)

    with Index(home, NO_MODEL) as index, Store(home.index_file) as store:
        index.add_roots([str(library)])
        indexer = Indexer(store, home, NO_MODEL, None)
        indexer.find_changes()
        indexer.read_changes(convert, until=lambda: bool(converted), expect=expect)
    assert len(converted) == 1
    assert [paths[0] for paths in expected] == converted


def test_what_is_only_in_the_cloud_is_not_read_ahead(
    home: config.Paths, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = library / "garden/bees.txt"
    expected: set[str] = set()

    def expect(paths: Iterable[str], *, ocr: bool, plugins: Sequence[str]) -> None:
        expected.update(paths)

    with Index(home, NO_MODEL) as index, Store(home.index_file) as store:
        index.add_roots([str(library)])
        indexer = Indexer(store, home, NO_MODEL, None)
        indexer.find_changes()
        # It was put away between the scan and now.
        inode = away.stat().st_ino
        monkeypatch.setattr(reading, "is_placeholder", lambda status: status.st_ino == inode)
        indexer.read_changes(convert_file, expect=expect)
    assert str(away) not in expected
    assert str(library / "letters/heizung.txt") in expected
