"""What is there? The scan on real trees."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from localsearch.config import IndexSettings
from localsearch.scanning import scan as scan_module
from localsearch.scanning.cloud import is_placeholder
from localsearch.scanning.scan import IN_THE_CLOUD, compare, scan_roots
from localsearch.types import CancelledError
from tests.scanning.looking import known_of, make, names, posix_only, rescan, write


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
