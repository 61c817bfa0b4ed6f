"""The service keeps the index current while files, folders and their index change."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.lock import writer_lock
from localsearch.service.service import Service
from localsearch.service.state import read_state
from localsearch.types import NoIndexError, StoreLockedError
from tests.running import WAIT_S, Running, passes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("alone")


def test_it_says_when_there_is_no_index(home: config.Paths) -> None:
    with Service(home) as service, pytest.raises(NoIndexError):
        service.run(threading.Event())


def test_it_says_who_else_writes(filled: Index) -> None:
    with (
        writer_lock(filled.paths.lock_file),
        Service(filled.paths) as service,
        pytest.raises(StoreLockedError, match="process"),
    ):
        service.run(threading.Event())


def test_it_begins_with_what_it_missed(filled: Index, library: Path) -> None:
    (library / "letters/missed.txt").write_text("a letter about walnuts")
    running = Running(filled.paths, filled.settings)
    try:
        running.until_reports(1)
        assert running.found("walnuts") == ["missed.txt"]
        assert running.reports[0].added == 1
    finally:
        running.end()


def test_an_edit_is_found_by_word_and_by_meaning(running: Running, library: Path) -> None:
    (library / "garden/bees.txt").write_text("The wasps have a nest under the roof.\n")
    running.until_reports(2)
    assert running.found("wasps") == ["bees.txt"]
    assert running.found("hive") == []
    assert running.reports[1].embedded_chunks == 1
    assert running.service.index.status().coverage.semantic == 1.0


@pytest.mark.parametrize("way", ["rename a draft", "keep a backup", "write in place"])
def test_each_way_to_save_is_one_update(running: Running, library: Path, way: str) -> None:
    text = library / "garden/bees.txt"
    before = passes(running)
    if way == "rename a draft":
        draft = library / "garden/.bees.txt.tmp"
        draft.write_text("walnuts")
        draft.replace(text)
    elif way == "keep a backup":
        text.rename(library / "garden/bees.txt~")
        text.write_text("walnuts")
        (library / "garden/bees.txt~").unlink()
    else:
        with text.open("w") as file:
            file.write("wal")
            file.flush()
            file.write("nuts")
    running.until_reports(2)
    assert running.found("walnuts") == ["bees.txt"]
    assert passes(running) - before == 1
    assert len(running.reports) == 2
    assert running.service.index.status().files.total == 5


def test_moved_folders_cost_no_embedding(running: Running, library: Path) -> None:
    (library / "garden").rename(library / "yard")
    running.until_reports(2)
    assert running.reports[1].moved == 2
    assert running.reports[1].embedded_chunks == 0
    assert running.found("hive") == ["bees.txt"]


def test_copies_and_deletions_at_once_cost_no_embedding(running: Running, library: Path) -> None:
    shutil.copytree(library / "garden", library / "copied")
    shutil.rmtree(library / "garden")
    running.until(lambda: len(running.found("hive")) == 1 and len(running.reports) > 1)
    assert sum(report.embedded_chunks for report in running.reports[1:]) == 0
    assert running.service.index.status().files.total == 5


def test_new_ignore_rules_hold_and_are_taken_back(running: Running, library: Path) -> None:
    rules = library / ".localsearchignore"
    rules.write_text("garden/\n")
    running.until(lambda: running.found("hive") == [])
    rules.unlink()
    running.until(lambda: running.found("hive") == ["bees.txt"])


def test_a_burst_is_two_passes_at_most(running: Running, library: Path) -> None:
    before = passes(running)
    many = library / "many"
    many.mkdir()
    for number in range(2000):
        (many / f"{number}.txt").write_text("a checkout")
    running.until(lambda: running.service.index.status().files.total == 2005)
    running.until(lambda: running.service.state().phase == "idle")
    assert passes(running) - before <= 2


def test_a_large_file_in_constant_use_is_not_read_all_the_time(
    running: Running, library: Path
) -> None:
    log = library / "chat.txt"
    log.write_text("somebody said something\n" * 100_000)
    running.until_reports(2)
    with log.open("a") as file:
        file.write("walnuts\n")
    (library / "other.txt").write_text("chestnuts")
    running.until(lambda: running.found("chestnuts") == ["other.txt"])
    assert running.found("walnuts") == []
    running.until(lambda: running.found("walnuts") == ["chat.txt"])


def test_a_root_added_meanwhile_is_indexed(running: Running, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "new.txt").write_text("walnuts")
    running.service.index.add_roots([str(other)])
    running.until(lambda: running.found("walnuts") == ["new.txt"])
    (other / "new.txt").write_text("chestnuts")
    running.until(lambda: running.found("chestnuts") == ["new.txt"])


def test_a_root_that_goes_is_hidden_and_comes_back(running: Running, library: Path) -> None:
    away = library.rename(library.with_name("unplugged"))
    running.until(lambda: running.found("hive") == [])
    assert not running.service.index.status().roots[0].online
    told = f"{library} can't be found; what was indexed of it is kept, hidden"
    running.until(lambda: told in running.notes)
    away.rename(library)
    running.until(lambda: running.found("hive") == ["bees.txt"])
    running.until(lambda: f"{library} is back" in running.notes)
    assert sum(report.embedded_chunks for report in running.reports) == 0


def test_nothing_is_indexed_while_paused(running: Running, library: Path) -> None:
    running.service.pause()
    running.until(lambda: running.service.state().phase == "paused")
    (library / "new.txt").write_text("walnuts")
    running.until(lambda: running.service.coalescer.due_in_s() == 0)
    assert running.found("walnuts") == []
    running.service.resume()
    running.until(lambda: running.found("walnuts") == ["new.txt"])


def test_a_rescan_can_be_asked_for(running: Running) -> None:
    before = passes(running)
    running.service.rescan()
    running.until(lambda: passes(running) == before + 1)
    running.until(lambda: "looked at all folders: nothing changed" in running.notes)
    assert "looking at all folders, as asked" in running.notes


def test_polled_roots_are_kept_current(filled: Index, library: Path) -> None:
    settings = config.Settings(service=config.ServiceSettings(watch="polling"))
    running = Running(filled.paths, settings)
    try:
        running.until_reports(1)
        (library / "new.txt").write_text("walnuts")
        running.until(lambda: running.found("walnuts") == ["new.txt"])
        assert running.service.state().polled == ((str(library), "the settings say so"),)
    finally:
        running.end()


def test_its_state_can_be_read_while_it_runs(running: Running) -> None:
    running.until(lambda: running.service.state().phase == "idle")
    path = running.service.paths.service_file
    running.until(lambda: read_state(path) == running.service.state())
    assert path.stat().st_mode & 0o077 == 0
    running.stop.set()
    running.thread.join(WAIT_S)
    assert read_state(path) is None


def test_a_damaged_index_is_rebuilt_while_it_runs(running: Running, library: Path) -> None:
    path = running.service.paths.index_file
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(16384)
        file.write(os.urandom(size - 16384))
    (library / "garden/bees.txt").write_text("walnuts")
    running.until(lambda: any("is kept" in note or "kept as" in note for note in running.notes))
    running.until(lambda: len(running.reports) >= 2)
    assert running.found("walnuts") == ["bees.txt"]
    assert running.found("Heizung") == ["heizung.txt"]
