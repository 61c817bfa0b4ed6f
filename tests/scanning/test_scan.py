"""The scan on real trees: what is there, what changed, and what can't be told now."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.config import IndexSettings
from localsearch.scanning import scan as scan_module
from localsearch.scanning.changes import renumbered
from localsearch.scanning.cloud import is_placeholder
from localsearch.scanning.mounts import Volumes
from localsearch.scanning.scan import IN_THE_CLOUD, Changes, Scan, ScannedFile, compare, scan_roots
from localsearch.types import CancelledError, KnownFile

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def make(
    *roots: Path | str, within: Sequence[Path] = (), index: IndexSettings | None = None
) -> Scan:
    return scan_roots(
        [str(root) for root in roots],
        index or IndexSettings(),
        paths=None,
        cancel=None,
        within=[str(path) for path in within],
    )


def known_of(files: Iterable[ScannedFile], state: str = "indexed") -> dict[str, KnownFile]:
    return {
        file.path: KnownFile(
            file.path, file.size, file.mtime_ns, file.inode, file.device, state, "text:1", 1
        )
        for file in files
    }


def rescan(known: dict[str, KnownFile], *roots: Path | str) -> tuple[Changes, Scan]:
    scan = make(*roots)
    return compare(scan, known, scan), scan


def quick_rescan(known: dict[str, KnownFile], *roots: Path) -> Changes:
    """As `rescan`, with the scan told what is known."""
    scan = scan_roots(
        [str(root) for root in roots],
        IndexSettings(),
        paths=None,
        cancel=None,
        known=known,
    )
    return compare(scan, known, scan)


def names(files: Iterable[ScannedFile]) -> list[str]:
    return sorted(os.path.basename(file.path) for file in files)


# What is there


def test_files_are_described_as_the_file_system_does(tmp_path: Path) -> None:
    path = write(tmp_path / "a" / "b.txt", "hello")
    (found,) = make(tmp_path)
    status = os.lstat(path)
    assert found.ref.path == os.path.realpath(path)
    assert (found.ref.size, found.ref.mtime_ns) == (5, status.st_mtime_ns)
    assert (found.ref.inode, found.ref.device) == (status.st_ino, status.st_dev)
    assert (found.disposition, found.reason) == ("read", "")


def test_large_files_are_found_by_name_alone(tmp_path: Path) -> None:
    write(tmp_path / "small.txt", "x" * 100)
    write(tmp_path / "large.txt", "x" * 101)
    found = {file.disposition: file for file in make(tmp_path, index=IndexSettings(100))}
    assert found["read"].path.endswith("small.txt")
    assert found["name_only"].path.endswith("large.txt")
    assert "larger than" in found["name_only"].reason


def test_nested_and_repeated_roots_give_each_file_once(tmp_path: Path) -> None:
    for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt", "node_modules/d.txt"):
        write(tmp_path / name)
    roots = [tmp_path / "sub" / "deep", tmp_path, tmp_path / "sub", tmp_path]
    assert names(make(*roots)) == ["a.txt", "b.txt", "c.txt"]
    # A root in a folder that is left out is walked for its own sake.
    roots.append(tmp_path / "node_modules")
    assert names(make(*roots)) == ["a.txt", "b.txt", "c.txt", "d.txt"]


def test_a_scan_within_an_outer_root_meets_the_roots_in_what_that_leaves_out(
    tmp_path: Path,
) -> None:
    for name in ("a.txt", "node_modules/b.txt", "node_modules/own/sub/c.txt"):
        write(tmp_path / name)
    own = tmp_path / "node_modules" / "own"
    roots = (tmp_path, own)
    for within in ([tmp_path], [tmp_path, own], [own, tmp_path, own / "sub", tmp_path / "a.txt"]):
        assert names(make(*roots, within=within)) == ["a.txt", "c.txt"]
    for within in ([own.parent], [own], [own.parent, own / "sub"], [own / "sub"]):
        assert names(make(*roots, within=within)) == ["c.txt"]


def test_a_scan_within_the_roots_obeys_the_rules_above(tmp_path: Path) -> None:
    for name in ("a.txt", "sub/b.txt", "sub/c.log", "sub/deep/d.txt", "node_modules/e.txt"):
        write(tmp_path / name)
    write(tmp_path / ".gitignore", "*.log\n")
    sub = tmp_path / "sub"
    assert names(make(tmp_path, within=[sub])) == ["b.txt", "d.txt"]
    assert names(make(tmp_path, within=[sub / "deep", sub, sub / "b.txt"])) == ["b.txt", "d.txt"]
    assert names(make(tmp_path, within=[sub / "b.txt", sub / "c.log"])) == ["b.txt"]
    assert names(make(tmp_path, within=[tmp_path / "node_modules"])) == []


def test_what_vanished_within_a_root_is_told_without_taking_the_root_for_offline(
    tmp_path: Path,
) -> None:
    write(tmp_path / "sub" / "a.txt")
    known = known_of(make(tmp_path))
    shutil.rmtree(tmp_path / "sub")
    scan = make(tmp_path, within=[tmp_path / "sub"])
    changes = compare(scan, known, scan)
    assert changes.vanished == list(known)
    assert scan.offline_roots == ()


@posix_only
def test_links_are_not_followed_and_a_linked_root_is_resolved(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "secret.txt")
    root = tmp_path / "root"
    write(root / "a.txt")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "file").symlink_to(tmp_path / "outside" / "secret.txt")
    (root / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to(root)
    assert [file.path for file in make(tmp_path / "link", root)] == [
        os.path.realpath(root / "a.txt")
    ]


@posix_only
def test_a_link_that_is_named_is_not_what_it_points_to(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "big" / "a.txt")
    (root / "big.link").symlink_to(root / "big")
    (root / "a.link").symlink_to(root / "big" / "a.txt")
    for name in ("big.link", "a.link", "big.link/a.txt"):
        assert names(make(root, within=[root / name])) == []
    # The root itself is another matter.
    linked = tmp_path / "linked"
    linked.symlink_to(root)
    for name in (".", "big", "big/a.txt"):
        assert [each.path for each in make(linked, within=[linked / name])] == [
            os.path.realpath(root / "big" / "a.txt")
        ]


@posix_only
def test_pipes_sockets_and_devices_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / ".gitignore")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.txt")
        assert names(make(tmp_path)) == ["a.txt"]
    assert not {"null", "zero", "tty"} & set(names(make("/dev")))


@posix_only
def test_odd_names_are_kept_whole(tmp_path: Path) -> None:
    odd = [b"caf\xe9.txt", b"new\nline.txt", b"n" * 251 + b".txt", b" ", b"[x].md", b"\xff"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    found = [os.fsencode(os.path.basename(file.path)) for file in make(tmp_path)]
    assert sorted(found) == sorted(odd)


@posix_only
def test_a_path_too_long_to_open_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "z.txt")
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(20):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
            Path("f.txt").write_text("x", encoding="utf-8")
    finally:
        os.chdir(here)
    scan = make(tmp_path)
    found = list(scan)
    assert any(file.path.endswith("z.txt") for file in found)
    assert len(found) > 10
    assert all(os.path.exists(file.path) for file in found)
    assert len(scan.unreadable) == 1
    assert "name too long" in scan.unreadable[0].reason.lower()
    shutil.rmtree(tmp_path)


def test_cancelling_ends_the_walk(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / str(number) / "a.txt")
    cancel = threading.Event()
    scan = scan_roots([str(tmp_path)], IndexSettings(), paths=None, cancel=cancel)
    found = iter(scan)
    next(found)
    cancel.set()
    with pytest.raises(CancelledError):
        list(found)


# In the cloud


def status(**marks: int) -> os.stat_result:
    return cast("os.stat_result", SimpleNamespace(**marks))


def test_placeholders_are_told_by_their_marks() -> None:
    assert is_placeholder(status(st_flags=0x40000000))
    assert not is_placeholder(status(st_flags=0x8000))
    for mark in (0x1000, 0x40000, 0x400000):
        assert is_placeholder(status(st_file_attributes=mark | 0x20))
    assert not is_placeholder(status(st_file_attributes=0x20))
    assert not is_placeholder(status())


def test_placeholders_are_found_by_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No file system here has such files: the marks are what is made up.
    write(tmp_path / "remote.txt")
    write(tmp_path / "local.txt", "xx")
    monkeypatch.setattr(scan_module, "_MARKS_PLACEHOLDERS", True)
    monkeypatch.setattr(scan_module, "is_placeholder", lambda status: status.st_size == 1)
    found = {os.path.basename(file.path): file for file in make(tmp_path)}
    assert found["remote.txt"].reason == IN_THE_CLOUD
    assert found["local.txt"].disposition == "read"
    # What was read before its content went away, and hasn't changed, stays as it is.
    changes, _ = rescan(known_of(found.values()), tmp_path)
    assert len(changes.unchanged) == 2


# What changed


def test_new_changed_unchanged_moved_and_vanished(tmp_path: Path) -> None:
    for name in ("same.txt", "changed.txt", "touched.txt", "replaced.txt", "old.txt", "gone.txt"):
        write(tmp_path / name, name)
    known = known_of(make(tmp_path))
    write(tmp_path / "new.txt")
    write(tmp_path / "changed.txt", "longer than before")
    os.utime(tmp_path / "touched.txt", ns=(1, 1))
    times = os.stat(tmp_path / "replaced.txt")
    write(tmp_path / "draft", "replaced.txt")
    os.utime(tmp_path / "draft", ns=(times.st_atime_ns, times.st_mtime_ns))
    os.replace(tmp_path / "draft", tmp_path / "replaced.txt")
    (tmp_path / "old.txt").rename(tmp_path / "renamed.txt")
    (tmp_path / "gone.txt").unlink()
    changes, _ = rescan(known, tmp_path)
    assert names(changes.new) == ["new.txt"]
    assert names(changes.changed) == ["changed.txt", "replaced.txt", "touched.txt"]
    assert names(changes.unchanged) == ["same.txt"]
    ((old_path, moved),) = changes.moved
    assert os.path.basename(old_path) == "old.txt"
    assert moved.path.endswith("renamed.txt")
    assert [os.path.basename(path) for path in changes.vanished] == ["gone.txt"]
    assert changes.same == []
    quick = quick_rescan(known, tmp_path)
    assert quick.same == [known[file.path] for file in changes.unchanged]
    assert quick == replace(changes, unchanged=[], same=quick.same)


@pytest.mark.parametrize(("old", "new"), [("a.txt", "a.md"), ("Makefile", "notes")])
def test_a_name_of_another_converter_is_no_mere_move(tmp_path: Path, old: str, new: str) -> None:
    write(tmp_path / old)
    known = known_of(make(tmp_path))
    (tmp_path / old).rename(tmp_path / new)
    changes, _ = rescan(known, tmp_path)
    assert changes.moved == []
    assert len(changes.new) == len(changes.vanished) == 1


def test_a_file_that_comes_under_a_rule_vanishes(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    known = known_of(make(tmp_path))
    write(tmp_path / ".ignore", "*.txt\n")
    changes, _ = rescan(known, tmp_path)
    assert changes.vanished == list(known)


def test_another_limit_of_size_changes_what_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "x" * 50)
    (found,) = make(tmp_path)
    indexed = known_of([found])
    small = make(tmp_path, index=IndexSettings(10))
    assert len(compare(small, indexed, small).changed) == 1
    never_read = {
        path: replace(file, state="name_only", chunker=0) for path, file in indexed.items()
    }
    still = make(tmp_path, index=IndexSettings(10))
    assert len(compare(still, never_read, still).unchanged) == 1
    changes, _ = rescan(never_read, tmp_path)
    assert len(changes.changed) == 1
    assert quick_rescan(never_read, tmp_path) == changes
    without_text = {path: replace(file, chunker=1) for path, file in never_read.items()}
    changes, _ = rescan(without_text, tmp_path)
    assert len(changes.unchanged) == 1
    assert quick_rescan(without_text, tmp_path).same == list(without_text.values())


@given(
    st.dictionaries(st.sampled_from([f"f{n}" for n in range(8)]), st.integers(1, 3)),
    st.dictionaries(st.sampled_from([f"f{n}" for n in range(8)]), st.integers(1, 3)),
)
def test_every_file_falls_in_one_class(before: dict[str, int], after: dict[str, int]) -> None:
    def described(files: dict[str, int]) -> Iterator[ScannedFile]:
        for name, fact in files.items():
            yield ScannedFile(f"/r/{name}", fact, fact, fact, 1)

    nothing = make()
    changes = compare(described(after), known_of(described(before)), nothing)
    seen = [file.path for file in (*changes.new, *changes.changed, *changes.unchanged)]
    seen += [file.path for _, file in changes.moved]
    assert sorted(seen) == sorted(f"/r/{name}" for name in after)
    gone = changes.vanished + [path for path, _ in changes.moved]
    assert sorted(gone) == sorted(f"/r/{name}" for name in before.keys() - after.keys())
    assert {file.path for file in changes.unchanged} == {
        f"/r/{name}" for name in before.keys() & after.keys() if before[name] == after[name]
    }


# What can't be told now


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
    mounted = {
        path: replace(file, device=file.device + 1) for path, file in known_of(make(*roots)).items()
    }
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
    other_device = {
        path: replace(file, device=file.device + 1, inode=file.inode + 1)
        for path, file in before.items()
    }
    changes = quick_rescan(other_device, tmp_path)
    assert (changes.changed, len(changes.unchanged)) == ([], 1)
    assert renumbered(changes.unchanged, other_device) == [file.ref for file in changes.unchanged]
    other_file = {path: replace(file, inode=file.inode + 1) for path, file in before.items()}
    assert len(quick_rescan(other_file, tmp_path).changed) == 1


SCAN_AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2:]
from localsearch.config import IndexSettings
from localsearch.scanning.scan import compare, scan_roots
from localsearch.types import KnownFile

root = sys.argv[1]
names = ("open/a.txt", "open/gone.txt", "closed/b.txt", "blind/c.txt")
known = {f"{root}/{n}": KnownFile(f"{root}/{n}", 1, 1, 1, 1, "indexed") for n in names}
scan = scan_roots([root], IndexSettings(), paths=None, cancel=None)
list(scan_roots([root], IndexSettings(), paths=None, cancel=None))
if os.getuid() == 0:
    os.setuid(65534)
changes = compare(scan, known, scan)
print([file.path for file in changes.changed], changes.vanished)
print(sorted(failure.path for failure in scan.unreadable))
print({failure.reason for failure in scan.unreadable})
"""


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
    listed = Scan._entries

    def list_then_lose(scan: Scan, path: str) -> list[os.DirEntry[str]]:
        entries = listed(scan, path)
        (tmp_path / "b.txt").unlink(missing_ok=True)
        return entries

    monkeypatch.setattr(Scan, "_entries", list_then_lose)
    scan = make(tmp_path)
    assert names(scan) == ["a.txt"]
    assert scan.unreadable == ()
