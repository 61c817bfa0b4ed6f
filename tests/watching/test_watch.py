from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING

import pytest

from localsearch import config
from localsearch.watching.coalesce import Coalescer
from localsearch.watching.watch import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localsearch.watching.coalesce import Burst

WAIT_S = 30.0


class Watched:
    """A folder under watch, and what was told of it."""

    def __init__(self, folder: Path, settings: config.Settings, paths: config.Paths) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self.coalescer = Coalescer()
        self.watcher = Watcher(settings, self.coalescer, paths=paths, on_note=self.notes.append)
        self.watcher.set_roots([str(folder)])

    def next_burst(self) -> Burst:
        """What was told next; fails when nothing comes."""
        give_up_s = time.monotonic() + WAIT_S
        while (due_s := self.coalescer.due_in_s()) != 0:
            assert time.monotonic() < give_up_s, "nothing was told"
            self.coalescer.wake.wait(0.05 if due_s is None else due_s)
            self.coalescer.wake.clear()
        return self.coalescer.take()

    def told_after(self, change: Callable[[], object]) -> set[str]:
        """The changed paths below the folder that are told after a change, relative to it."""
        change()
        # Told after all else, so that waiting for it is waiting for all.
        end = self.folder / "end-of-changes.txt"
        end.write_text("end")
        told: set[str] = set()
        while not {str(end), str(self.folder)} & told:
            burst = self.next_burst()
            assert not burst.everything
            told.update(burst.paths)
        return {os.path.relpath(path, self.folder) for path in told - {str(end)}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "text.txt").write_text("words")
    return folder


@pytest.fixture
def watched(folder: Path, home: config.Paths) -> Iterator[Watched]:
    watched = Watched(folder, config.Settings(), home)
    yield watched
    watched.watcher.stop()


def polling(folder: Path, home: config.Paths) -> Watched:
    settings = config.Settings(service=config.ServiceSettings(watch="polling"))
    return Watched(folder, settings, home)


def test_a_new_file_an_edit_and_a_deletion_are_told(watched: Watched) -> None:
    text = watched.folder / "text.txt"
    new = watched.folder / "sub/new.txt"
    assert watched.told_after(lambda: new.write_text("new")) == {"sub/new.txt"}
    assert watched.told_after(lambda: text.write_text("other")) == {"text.txt"}
    assert watched.told_after(text.unlink) == {"text.txt"}


def test_reading_a_file_is_no_change(watched: Watched) -> None:
    assert watched.told_after((watched.folder / "text.txt").read_text) == set()


def test_an_atomic_save_is_told_at_once(watched: Watched) -> None:
    def save() -> None:
        draft = watched.folder / ".text.txt.swp"
        draft.write_text("saved")
        draft.replace(watched.folder / "text.txt")

    assert watched.told_after(save) == {"text.txt"}


def test_both_ends_of_a_move_are_told(watched: Watched) -> None:
    (watched.folder / "sub/a.txt").write_text("a")
    watched.next_burst()
    moved = watched.told_after(lambda: (watched.folder / "sub").rename(watched.folder / "other"))
    assert moved == {"sub", "other"}
    later = watched.folder / "other/later.txt"
    assert watched.told_after(lambda: later.write_text("b")) == {"other/later.txt"}


def test_what_comes_in_and_goes_out_is_told(watched: Watched, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "deep").mkdir()
    inside = watched.folder / "inside"
    assert watched.told_after(lambda: outside.rename(inside)) == {"inside"}
    later = inside / "deep/later.txt"
    assert watched.told_after(lambda: later.write_text("b")) == {"inside/deep/later.txt"}
    assert watched.told_after(lambda: inside.rename(outside)) == {"inside"}


def test_folders_made_in_one_go_are_seen_whole(watched: Watched) -> None:
    deep = watched.folder / "a/b/c"
    deep.mkdir(parents=True)
    (deep / "deep.txt").write_text("deep")
    told = watched.told_after(lambda: None)
    assert any(each in told for each in ("a", "a/b", "a/b/c", "a/b/c/deep.txt"))


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_a_watch_that_broke_off_begins_anew(watched: Watched) -> None:
    from localsearch.watching.inotify import TellingObserver

    observer = watched.watcher._observer
    assert isinstance(observer, TellingObserver)
    watched.watcher.check()
    assert watched.notes == []
    # As an error within it would.
    observer._kernel.stop()
    observer._kernel.join()
    watched.watcher.check()
    assert "begins anew" in watched.notes[0]
    assert watched.next_burst().everything
    assert "new.txt" in watched.told_after(lambda: (watched.folder / "new.txt").write_text("x"))
    watched.watcher.check()
    assert len(watched.notes) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_a_folder_added_twice_is_no_error(watched: Watched) -> None:
    from watchdog.observers.inotify_c import CallbackId, InotifyConstants, Mask

    from localsearch.watching.inotify import TellingObserver

    observer = watched.watcher._observer
    assert isinstance(observer, TellingObserver)
    path, mask = os.fsencode(watched.folder), Mask(InotifyConstants.IN_CREATE)
    (group,) = next(iter(observer._kernel._watch_for_wd.values())).callbacks.values()
    with warnings.catch_warnings(record=True) as caught:
        for _ in range(2):
            observer._kernel.add_callback(path, mask, group, CallbackId(id(group)))
    assert caught == []


def test_what_is_left_out_is_not_told(watched: Watched) -> None:
    (watched.folder / ".git").mkdir()
    (watched.folder / "node_modules").mkdir()
    watched.told_after(lambda: (watched.folder / ".gitignore").write_text("*.log\n"))

    def change() -> None:
        (watched.folder / "noise.log").write_text("noise")
        (watched.folder / ".git/index").write_text("noise")
        (watched.folder / "node_modules/lib.js").write_text("noise")

    assert watched.told_after(change) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_no_watch_is_spent_on_what_is_left_out(folder: Path, home: config.Paths) -> None:
    from localsearch.watching.inotify import TellingObserver

    for number in range(30):
        (folder / f"node_modules/lib{number}/deep").mkdir(parents=True)
        (folder / f".git/objects/{number}").mkdir(parents=True)
    (folder / "generated/deep").mkdir(parents=True)
    rules = folder / ".gitignore"
    rules.write_text("generated/\n")
    watched = Watched(folder, config.Settings(), home)
    try:
        observer = watched.watcher._observer
        assert isinstance(observer, TellingObserver)
        # The root, `sub`, and `.git`, in which rules may come to lie.
        assert observer.watches == 3
        # What's left out no more is watched, and what's in it is told.
        watched.told_after(lambda: rules.write_text(""))
        text = folder / "generated/deep/text.txt"
        assert watched.told_after(lambda: text.write_text("x")) == {"generated/deep/text.txt"}
        # So is what gets a name that isn't left out.
        watched.told_after(lambda: (folder / "node_modules").rename(folder / "modules"))
        text = folder / "modules/lib7/deep/text.txt"
        assert watched.told_after(lambda: text.write_text("x")) == {"modules/lib7/deep/text.txt"}
        # New folders, too.
        watched.told_after(lambda: (folder / "node_modules/lib/deep").mkdir(parents=True))
        before = observer.watches
        watched.told_after(lambda: (folder / "other/deep").mkdir(parents=True))
        assert observer.watches == before + 2
    finally:
        watched.watcher.stop()


def test_new_ignore_rules_have_their_folder_looked_at(watched: Watched) -> None:
    rules = watched.folder / "sub/.gitignore"
    assert watched.told_after(lambda: rules.write_text("*.tmp")) == {"sub"}
    told = watched.told_after(lambda: (watched.folder / ".git/info").mkdir(parents=True))
    assert told == {"."}
    exclude = watched.folder / ".git/info/exclude"
    exclude.write_text("*.bak\n")
    assert watched.next_burst().paths == (str(watched.folder),)


def test_the_users_own_rules_have_everything_looked_at(
    watched: Watched, home: config.Paths
) -> None:
    home.config_dir.mkdir(parents=True)
    home.ignore_file.write_text("*.tmp\n")
    watched.watcher.check()
    assert watched.next_burst().everything


def test_a_root_that_goes_and_comes_back_is_watched_again(watched: Watched) -> None:
    away = watched.folder.rename(watched.folder.with_name("away"))
    watched.watcher.check()
    assert watched.next_burst().everything
    away.rename(watched.folder)
    watched.watcher.check()
    assert watched.next_burst().everything
    new = watched.folder / "new.txt"
    assert watched.told_after(lambda: new.write_text("new")) == {"new.txt"}


def test_another_folder_in_a_roots_place_is_watched(watched: Watched) -> None:
    watched.folder.rename(watched.folder.with_name("away"))
    watched.folder.mkdir()
    watched.watcher.check()
    assert watched.next_burst().everything
    new = watched.folder / "new.txt"
    assert watched.told_after(lambda: new.write_text("new")) == {"new.txt"}


def test_a_root_within_a_root_is_told_once(watched: Watched) -> None:
    watched.watcher.set_roots([str(watched.folder), str(watched.folder / "sub")])
    new = watched.folder / "sub/new.txt"
    assert watched.told_after(lambda: new.write_text("new")) == {"sub/new.txt"}


def test_a_root_in_what_another_leaves_out_is_watched(watched: Watched) -> None:
    own = watched.folder / "node_modules/own"
    own.mkdir(parents=True)
    watched.told_after(lambda: None)
    watched.watcher.set_roots([str(watched.folder), str(own)])
    new = own / "new.txt"
    assert watched.told_after(lambda: new.write_text("new")) == {"node_modules/own/new.txt"}


def test_a_root_taken_away_is_told_of_no_more(watched: Watched, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    watched.watcher.set_roots([str(watched.folder), str(other)])
    watched.watcher.set_roots([str(watched.folder)])
    assert watched.told_after(lambda: (other / "new.txt").write_text("new")) == set()


def test_time_that_was_missed_has_everything_looked_at(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.watcher.check()
    assert watched.coalescer.due_in_s() is None
    woken_s = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: woken_s)
    watched.watcher.check()
    assert watched.next_burst().everything


def test_polled_roots_are_looked_at_again_and_again(folder: Path, home: config.Paths) -> None:
    polled = polling(folder, home)
    try:
        assert list(polled.watcher.polled) == [str(folder)]
        assert "the settings say so" in polled.notes[0]
        for _ in range(2):
            while polled.coalescer.due_in_s() is None:
                polled.watcher.check()
            assert polled.next_burst().paths == (str(folder),)
    finally:
        polled.watcher.stop()


def test_polling_a_large_tree_takes_a_hundredth_of_the_time(
    folder: Path, home: config.Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled = polling(folder, home)
    polled.next_burst()
    polled.watcher.set_scan_time(2.0)
    now_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 190)
    polled.watcher.check()
    assert polled.coalescer.due_in_s() is None
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 210)
    polled.watcher.check()
    assert polled.coalescer.due_in_s() is not None
    polled.watcher.stop()


LIMITED = """
import sys
from pathlib import Path
from localsearch import config
from localsearch.watching.coalesce import Coalescer
from localsearch.watching.watch import Watcher
watcher = Watcher(
    config.Settings(), Coalescer(), paths=config.find_paths(), on_note=lambda text: None
)
watcher.set_roots([sys.argv[1]])
watcher.check()
print(*watcher.polled.values())
watcher.stop()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
@pytest.mark.parametrize(
    ("limit", "value"),
    [("max_inotify_watches", 3), ("max_inotify_watches", 0), ("max_inotify_instances", 0)],
)
def test_without_watches_to_be_had_it_polls(folder: Path, limit: str, value: int) -> None:
    for number in range(10):
        (folder / f"sub{number}").mkdir()
    # In a namespace of its own, the limits can be set without touching the machine's.
    set_limit = f'echo {value} > /proc/sys/user/{limit} && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", set_limit, "sh"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("user namespaces aren't allowed here")
    done = subprocess.run(
        [*command, sys.executable, "-c", LIMITED, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "watches" in done.stdout or "limit" in done.stdout
