"""Files that are odd, hostile, or change under the reader: the rest is indexed, nothing breaks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localsearch.api import Index
from localsearch.store import Store
from tests.cli.program import run
from tests.process.conftest import found
from tests.process.mounting import bound, small_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")

_LONG = bool(os.environ.get("LOCALSEARCH_LONG"))
_MANY_FILES = 100_000 if _LONG else 1_500
_SWITCHES = 20 if _LONG else 6


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "library"
    library.mkdir()
    (library / "plain.txt").write_text("a quagga grazes")
    return library


def update(index: Index, library: Path) -> None:
    index.add_roots([str(library)])
    index.update()
    assert_sound(index)


def assert_sound(index: Index) -> None:
    with Store(index.paths.index_file) as store:
        assert store.checks.problems() == ()


@contextmanager
def repeated(work: Callable[[], object]) -> Iterator[None]:
    """Do something again and again meanwhile."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_pipes_sockets_devices_and_loops_of_links(words: Index, library: Path) -> None:
    os.mkfifo(library / "fifo.txt")
    (library / "loop").symlink_to(library)
    (library / "self").symlink_to("self")
    with suppress(PermissionError):
        # /dev/full, which never ends.
        os.mknod(library / "device.txt", 0o020666, os.makedev(1, 7))
    # A socket's whole path must be short.
    before = Path.cwd()
    os.chdir(library)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket.txt")
    finally:
        os.chdir(before)
    update(words, library)
    assert found(words, "quagga") == ["plain.txt"]
    assert words.status().files.total == 1


@pytest.mark.parametrize("kind", ["fifo", "device", "link"])
def test_what_takes_a_files_place_is_not_read(words: Index, library: Path, kind: str) -> None:
    update(words, library)
    place = library / "plain.txt"
    place.unlink()
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to("/dev/zero")
    else:
        with suppress(PermissionError):
            os.mknod(place, 0o020666, os.makedev(1, 5))
    (library / "other.txt").write_text("another quagga")
    words.update()
    assert found(words, "quagga") == ["other.txt"]


ODD_NAMES = [
    b"new\nline.txt",
    b"bad\xff\xfe.txt",
    "rtl\u202etxt.exe.txt".encode(),
    b"esc\x1b[31m\x1b]0;title\x07.txt",
    b"-n.txt",
    b"[slug].txt",
    b" space .txt",
    b"a" * 251 + b".txt",
]


def test_odd_names_are_indexed_and_printed_harmlessly(words: Index, library: Path) -> None:
    for number, name in enumerate(ODD_NAMES):
        with open(os.path.join(os.fsencode(library), name), "wb") as file:
            file.write(b"okapi %d" % number)
    update(words, library)
    assert found(words, "okapi") == sorted(map(os.fsdecode, ODD_NAMES))
    for arguments in (["search", "--mode", "keyword", "-n", "20", "okapi"], ["status"]):
        done = run(words.paths, *arguments)
        assert done.returncode == 0, done.stderr
        for unwanted in ("\x1b", "\x07", "\u202e"):
            assert unwanted not in done.stdout + done.stderr


def test_a_path_of_four_thousand_bytes(words: Index, library: Path) -> None:
    here = os.open(library, os.O_RDONLY)
    try:
        for _ in range(19):
            os.mkdir("d" * 205, dir_fd=here)
            deeper = os.open("d" * 205, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = deeper
        deep = os.open("deep.txt", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=here)
        os.write(deep, b"quagga far down")
        os.close(deep)
    finally:
        os.close(here)
    update(words, library)
    assert "plain.txt" in found(words, "quagga")
    assert words.update().changed == 0
    shutil.rmtree(library / ("d" * 205))


def test_a_rename_of_case_alone(words: Index, library: Path) -> None:
    update(words, library)
    (library / "plain.txt").rename(library / "PLAIN.txt")
    report = words.update()
    assert (report.moved, report.added, report.removed) == (1, 0, 0)
    assert found(words, "quagga") == ["PLAIN.txt"]


@pytest.mark.parametrize("time_s", [0, -1, 4_102_444_800, 1_000_000_000.123456789])
def test_times_of_any_age_and_clocks_set_back(words: Index, library: Path, time_s: float) -> None:
    path = library / "plain.txt"
    update(words, library)
    path.write_text("an okapi grazes")
    os.utime(path, (time_s, time_s))
    words.update()
    assert found(words, "okapi") == ["plain.txt"]
    assert words.update().changed == 0


def test_a_file_that_changes_while_it_is_read(words: Index, library: Path) -> None:
    restless = library / "restless.txt"
    numbers = iter(range(10**9))
    with repeated(lambda: restless.write_text(f"okapi {next(numbers)} " * 2000)):
        update(words, library)
        assert found(words, "quagga") == ["plain.txt"]
    restless.write_text("the last okapi")
    words.update()
    assert found(words, '"the last okapi"') == ["restless.txt"]
    assert_sound(words)


def test_a_file_that_grows_without_end(words: Index, library: Path) -> None:
    settings = replace(words.settings, index=replace(words.settings.index, max_file_bytes=500_000))
    with Index(words.paths, settings) as index, open(library / "growing.txt", "w") as growing:
        with repeated(lambda: growing.write("another line of the log\n" * 2000)):
            update(index, library)
            index.update()
        assert found(index, "quagga") == ["plain.txt"]
        growing.write("another line of the log\n" * 50_000)
        growing.flush()
        index.update()
        assert found(index, "growing") == ["growing.txt"]
        assert index.status().files.skipped == 1


def test_very_many_files_in_one_folder(words: Index, library: Path) -> None:
    many = library / "many"
    many.mkdir()
    for number in range(_MANY_FILES):
        (many / f"{number}.txt").write_text(f"okapi n{number}")
    update(words, library)
    assert found(words, f"n{_MANY_FILES - 1}") == [f"{_MANY_FILES - 1}.txt"]
    report = words.update()
    assert (report.unchanged, report.changed) == (_MANY_FILES + 1, 0)


def git(folder: Path, *arguments: str) -> None:
    settings = ("user.name=a", "user.email=a@b", "protocol.file.allow=always", "gc.auto=0")
    options = [part for each in settings for part in ("-c", each)]
    subprocess.run(["git", *options, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_branches_worktrees_and_submodules(words: Index, library: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "sub.txt").write_text("submarine")
    git(other, "add", ".")
    git(other, "commit", "-qm", "1")
    git(library, "init", "-q", "-b", "one")
    git(library, "submodule", "add", "-q", str(other), "sub")
    git(library, "add", ".")
    git(library, "commit", "-qm", "1")
    git(library, "checkout", "-qb", "two")
    (library / "plain.txt").write_text("an okapi grazes")
    git(library, "commit", "-qam", "2")
    update(words, library)
    for switch in range(_SWITCHES):
        branch, word = (("one", "quagga"), ("two", "okapi"))[switch % 2]
        git(library, "checkout", "-q", branch)
        words.update()
        assert found(words, word) == ["plain.txt"]
        assert len(found(words, "grazes")) == 1
    git(library, "worktree", "add", "-q", str(library / "tree"), "one")
    words.update()
    assert found(words, "quagga") == ["plain.txt"]
    assert found(words, "submarine") == ["sub.txt"]
    assert words.update().changed == 0
    assert_sound(words)


@pytest.mark.skipif(sys.platform != "linux", reason="needs cp -a and mounts")
def test_a_volume_back_under_other_numbers_is_read_no_more(
    words: Index, library: Path, tmp_path: Path
) -> None:
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    with small_disk(elsewhere, "4m"):
        (elsewhere / "first.log").touch()
        with small_disk(place, "4m"):
            subprocess.run(["cp", "-a", f"{library}/.", str(place)], check=True)
            words.add_roots([str(place)])
            words.update()
            first = (place / "plain.txt").stat()
        subprocess.run(["cp", "-a", f"{library}/.", str(elsewhere)], check=True)
        with bound(elsewhere, place):
            second = (place / "plain.txt").stat()
            assert first.st_dev != second.st_dev
            assert first.st_ino != second.st_ino
            report = words.update()
            assert (report.changed, report.moved, report.unchanged) == (0, 0, 1)
            # What was known by the old numbers is known by the new ones.
            (place / "plain.txt").unlink()
            assert words.update().removed == 1
