"""What can't be told now: folders that are away, closed or on a drive that is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localsearch.config import IndexSettings
from localsearch.scanning.changes import renumbered
from localsearch.scanning.listing import listed
from localsearch.scanning.mounts import Volumes
from localsearch.scanning.scan import compare, scan_roots
from localsearch.types import KnownFiles
from tests.scanning.looking import known_of, make, names, posix_only, quick_rescan, rescan, write

SCAN_AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2:]
from localsearch.config import IndexSettings
from localsearch.scanning.scan import compare, scan_roots
from localsearch.types import KnownFile, KnownFiles

root = sys.argv[1]
names = ("open/a.txt", "open/gone.txt", "closed/b.txt", "blind/c.txt")
known = KnownFiles(KnownFile(f"{root}/{n}", 1, 1, 1, 1, "indexed") for n in names)
scan = scan_roots([root], IndexSettings(), paths=None, cancel=None)
list(scan_roots([root], IndexSettings(), paths=None, cancel=None))
if os.getuid() == 0:
    os.setuid(65534)
changes = compare(scan, known, scan)
print([file.path for file in changes.changed], changes.vanished)
print(sorted(failure.path for failure in scan.unreadable))
print({failure.reason for failure in scan.unreadable})
"""


def test_an_offline_root_keeps_its_files(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "a.txt")
    write(tmp_path / "home" / "b.txt")
    known = known_of(make(tmp_path / "disk", tmp_path / "home"))
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    changes, scan = rescan(known, tmp_path / "disk", tmp_path / "home")
    assert scan.offline_roots == (str(tmp_path / "disk"),)
    assert changes.vanished == []
    assert len(changes.unchanged) == 1


def test_the_empty_folder_of_an_unmounted_volume_keeps_its_files(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "a.txt")
    write(tmp_path / "home" / "volume" / "b.txt")
    roots = (tmp_path / "disk", tmp_path / "home")
    mounted = KnownFiles(
        file._replace(device=file.device + 1) for file in known_of(make(*roots)).values()
    )
    (tmp_path / "disk" / "a.txt").unlink()
    (tmp_path / "home" / "volume" / "b.txt").unlink()
    changes, scan = rescan(mounted, *roots)
    assert changes.vanished == []
    assert scan.offline_roots == (str(tmp_path / "disk"),)
    assert scan.out_of_reach == set(mounted)


def test_an_emptied_root_keeps_its_files_and_an_emptied_folder_does_not(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "a.txt")
    write(tmp_path / "home" / "folder" / "b.txt")
    roots = (tmp_path / "disk", tmp_path / "home")
    known = known_of(make(*roots))
    (tmp_path / "disk" / "a.txt").unlink()
    (tmp_path / "home" / "folder" / "b.txt").unlink()
    changes, scan = rescan(known, *roots)
    assert changes.vanished == [str(tmp_path / "home" / "folder" / "b.txt")]
    assert scan.offline_roots == (str(tmp_path / "disk"),)


def test_files_of_a_volume_that_is_not_mounted_are_out_of_reach(tmp_path: Path) -> None:
    for name in ("home/a.txt", "home/volume/b.txt", "disk/docs/c.txt"):
        write(tmp_path / name)
    roots = (str(tmp_path / "home"), str(tmp_path / "disk" / "docs"))
    known = known_of(make(*roots))
    (tmp_path / "home" / "volume" / "b.txt").unlink()
    shutil.rmtree(tmp_path / "disk" / "docs")
    # Something was written where the volume would be.
    left = write(tmp_path / "home" / "volume" / "stray.log")
    scan = scan_roots(
        roots,
        IndexSettings(),
        paths=None,
        cancel=None,
        volumes=Volumes(
            missing=frozenset({str(tmp_path / "home" / "volume"), str(tmp_path / "disk")})
        ),
    )
    changes = compare(scan, known, scan)
    assert changes.vanished == []
    assert [file.path for file in changes.new] == [str(left)]
    assert scan.out_of_reach == {
        str(tmp_path / "home" / "volume" / "b.txt"),
        str(tmp_path / "disk" / "docs" / "c.txt"),
    }
    assert scan.offline_roots == (roots[1],)


def test_a_volume_under_another_number_is_the_same(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    before = known_of(make(tmp_path))
    other_device = KnownFiles(
        file._replace(device=file.device + 1, inode=file.inode + 1) for file in before.values()
    )
    changes = quick_rescan(other_device, tmp_path)
    assert (changes.changed, len(changes.unchanged)) == ([], 1)
    assert renumbered(changes.unchanged, other_device) == [file.ref for file in changes.unchanged]
    other_file = KnownFiles(file._replace(inode=file.inode + 1) for file in before.values())
    assert len(quick_rescan(other_file, tmp_path).changed) == 1


@posix_only
def test_a_folder_that_cannot_be_read_is_told_and_keeps_its_files() -> None:
    # No permission stops root, so as root the test scans as nobody, in a folder open to all.
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.realpath(folder)
        for name in ("open/a.txt", "closed/b.txt", "blind/c.txt"):
            write(Path(root, name))
        os.chmod(root, 0o755)
        os.chmod(f"{root}/closed", 0o000)
        os.chmod(f"{root}/blind", 0o444)
        try:
            output = subprocess.run(
                [sys.executable, "-c", SCAN_AS_NOBODY, root, *sys.path],
                check=True,
                capture_output=True,
                text=True,
                timeout=60,
            ).stdout
        finally:
            os.chmod(f"{root}/closed", 0o755)
            os.chmod(f"{root}/blind", 0o755)
    assert output.splitlines() == [
        f"['{root}/open/a.txt'] ['{root}/open/gone.txt']",
        f"['{root}/blind/c.txt', '{root}/closed']",
        "{'Permission denied'}",
    ]


def test_a_file_that_goes_away_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt")
    write(tmp_path / "b.txt")

    @contextmanager
    def list_then_lose(folder: str) -> Iterator[list[os.DirEntry[str]]]:
        with listed(folder) as entries:
            (tmp_path / "b.txt").unlink(missing_ok=True)
            yield entries

    monkeypatch.setattr("localsearch.scanning.scan.listed", list_then_lose)
    scan = make(tmp_path)
    assert names(scan) == ["a.txt"]
    assert scan.unreadable == ()


@posix_only
def test_a_link_that_takes_a_folders_place_meanwhile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    write(root / "a" / "a.txt")
    write(elsewhere / "secret.txt")

    @contextmanager
    def list_after_a_swap(folder: str) -> Iterator[list[os.DirEntry[str]]]:
        if folder == str(root / "a"):
            shutil.rmtree(folder)
            os.symlink(elsewhere, folder)
        with listed(folder) as entries:
            yield entries

    monkeypatch.setattr("localsearch.scanning.scan.listed", list_after_a_swap)
    scan = make(root)
    assert names(scan) == []
    assert scan.unreadable == ()
