"""Volumes that come and go: their index is kept, hidden, and used again when they're back."""

from __future__ import annotations

import shutil
import threading
import time
from typing import TYPE_CHECKING

import pytest

from localsearch.scanning import mounts
from localsearch.service.service import Service
from tests.process.conftest import found
from tests.process.mounting import bound, hung_drive

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    volume = tmp_path / "volume"
    (volume / "docs").mkdir(parents=True)
    (volume / "docs/hive.txt").write_text("a hive of bees")
    return volume


def roots_online(index: Index) -> list[bool]:
    return [root.online for root in index.status().roots]


@pytest.mark.parametrize("root", ["", "docs"])
def test_a_bound_root_that_is_unmounted_is_kept_hidden(
    words: Index, volume: Path, tmp_path: Path, root: str
) -> None:
    place = tmp_path / "place"
    # What lies beneath isn't empty, as some program wrote there while nothing was mounted.
    (place / root).mkdir(parents=True)
    (place / root / "stray.txt").write_text("a stray bee")
    with bound(volume, place):
        words.add_roots([str(place / root)])
        words.update()
        assert found(words, "hive") == ["hive.txt"]
    report = words.update()
    assert report.removed == 0
    assert any("isn't mounted" in notice for notice in report.notices)
    assert found(words, "hive") == []
    assert found(words, "stray") == ["stray.txt"]
    assert roots_online(words) == [False]
    with bound(volume, place):
        report = words.update()
        assert (report.added, report.changed) == (0, 0)
        assert found(words, "hive") == ["hive.txt"]
        assert roots_online(words) == [True]


def test_a_volume_within_a_root_that_is_unmounted_is_kept_hidden(
    words: Index, volume: Path, library: Path
) -> None:
    (library / "disk").mkdir()
    with bound(volume, library / "disk"):
        words.add_roots([str(library)])
        words.update()
    report = words.update()
    assert report.removed == 0
    assert found(words, "hive") == ["bees.txt"]
    assert roots_online(words) == [True]
    # What is really deleted, beside it, goes.
    (library / "garden/bees.txt").unlink()
    assert words.update().removed == 1
    with bound(volume, library / "disk"):
        report = words.update()
        assert (report.added, report.changed) == (0, 0)
        assert found(words, "hive") == ["hive.txt"]


def test_a_missing_root_within_another_is_hidden(words: Index, library: Path) -> None:
    words.add_roots([str(library), str(library / "garden")])
    words.update()
    shutil.rmtree(library / "garden")
    assert words.update().removed == 0
    assert found(words, "hive") == []
    assert found(words, "Heizung") == ["heizung.txt"]
    assert roots_online(words) == [True, False]


def test_an_emptied_root_is_hidden_until_something_is_in_it(words: Index, volume: Path) -> None:
    words.add_roots([str(volume)])
    words.update()
    (volume / "docs").rename(volume.with_name("away"))
    assert words.update().removed == 0
    assert found(words, "hive") == []
    assert roots_online(words) == [False]
    (volume / "other.txt").write_text("something else")
    report = words.update()
    assert (report.added, report.removed) == (1, 1)
    assert roots_online(words) == [True]


def test_a_hung_drive_holds_nothing_up(
    words: Index, volume: Path, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "_PATIENCE_S", 0.5)
    place = tmp_path / "drive"
    place.mkdir()
    within = library / "within"
    within.mkdir()
    with bound(volume, place), bound(volume, within):
        words.add_roots([str(library), str(place)])
        words.update()
    assert len(found(words, "hive")) == 3
    (library / "new.txt").write_text("walnuts")
    with hung_drive(place), hung_drive(within):
        report = words.update()
        assert (report.added, report.removed) == (1, 0)
        assert any("doesn't answer" in notice for notice in report.notices)
        assert found(words, "walnuts") == ["new.txt"]
        assert found(words, "hive") == ["bees.txt"]
        assert roots_online(words) == [True, False]
    with bound(volume, place), bound(volume, within):
        report = words.update()
        assert (report.added, report.changed, report.removed) == (0, 0, 0)
        assert len(found(words, "hive")) == 3


def test_the_watcher_goes_on_beside_a_hung_drive(
    words: Index, library: Path, volume: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "_PATIENCE_S", 0.5)
    place = tmp_path / "drive"
    place.mkdir()
    with bound(volume, place):
        words.add_roots([str(library), str(place)])
        words.update()
    stop = threading.Event()
    with hung_drive(place), Service(words.paths, words.settings) as service:
        thread = threading.Thread(target=service.run, args=(stop,))
        thread.start()
        try:
            (library / "new.txt").write_text("walnuts")
            give_up_s = time.monotonic() + 60
            while found(words, "walnuts") != ["new.txt"]:
                assert time.monotonic() < give_up_s
                threading.Event().wait(0.05)
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive()
