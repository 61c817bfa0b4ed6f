"""What the service does first, and what it waits for."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.service.giving_way import GivingWay
from localsearch.store import Store
from tests.running import Running

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("alone")


def test_edits_are_found_by_word_while_a_backlog_is_embedded(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Made slow, so that the backlog lasts as long as the test.
    embedder = filled.open_embedder()
    real_embed = type(embedder).embed_documents
    held = threading.Event()

    def slowly(self: object, texts: list[str], **more: object) -> object:
        held.wait(0.3)
        return real_embed(self, texts, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(embedder), "embed_documents", slowly)
    for number in range(150):
        (library / f"backlog{number}.txt").write_text(f"backlog number {number}")
    running = Running(filled.paths, filled.settings)
    try:
        running.until(lambda: running.service.state().phase == "embedding")
        (library / "edit.txt").write_text("walnuts")
        running.until(lambda: running.found("walnuts") == ["edit.txt"])
        assert running.reports == []
        assert running.service.index.status().coverage.semantic < 1.0
        held.set()
        running.until_reports(1)
        assert running.service.index.status().coverage.semantic == 1.0
        # Nothing was embedded twice for the interruption.
        assert running.reports[0].embedded_chunks == 151
    finally:
        held.set()
        running.end()


def test_without_anything_to_embed_no_model_is_loaded(filled: Index) -> None:
    running = Running(filled.paths, filled.settings)
    try:
        running.until_reports(1)
        embedder = running.service.index.open_embedder()
        assert not embedder.is_loaded  # type: ignore[attr-defined]
    finally:
        running.end()


def test_an_edit_is_found_by_word_before_the_model_is_there(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Loading takes as long as the test wants it to.
    may_load = threading.Event()
    real_load = Index._load_embedder

    def slowly(self: Index, *asked: object) -> object:
        may_load.wait(60)
        return real_load(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Index, "_load_embedder", slowly)
    running = Running(filled.paths, filled.settings)
    try:
        running.until_reports(1)
        (library / "edit.txt").write_text("walnuts")
        running.until(lambda: running.found("walnuts") == ["edit.txt"])
        assert not running.service.index.open_embedder().is_loaded  # type: ignore[attr-defined]
        assert not may_load.is_set()
        may_load.set()
        running.until_reports(2)
        assert running.service.index.status().coverage.semantic == 1.0
    finally:
        may_load.set()
        running.end()


def test_contents_are_compared_now_and_then(filled: Index, library: Path) -> None:
    bees = library / "garden/bees.txt"
    status = bees.stat()
    bees.write_text(bees.read_text().replace("hive", "nest"))
    os.utime(bees, ns=(status.st_atime_ns, status.st_mtime_ns))
    with Store(filled.paths.index_file) as store, store.transaction():
        store.verified.set_finished(1.0)
    running = Running(filled.paths, filled.settings)
    try:
        running.until(lambda: running.found("nest") == ["bees.txt"])
    finally:
        running.end()


def test_on_a_low_battery_words_are_indexed_and_nothing_is_embedded(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localsearch.service.politeness.battery_percent", lambda: 12.0)
    (library / "garden/bees.txt").write_text("walnuts")
    running = Running(filled.paths, filled.settings)
    try:
        running.until(lambda: running.service.state().waiting == "the battery is at 12 %")
        assert running.found("walnuts") == ["bees.txt"]
        assert running.service.index.status().coverage.semantic < 1.0
    finally:
        running.end()


def test_while_others_need_the_machine_it_goes_on_slowly(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localsearch.service.politeness.OthersLoad.__call__", lambda _: 1.0)
    monkeypatch.setattr("localsearch.service.politeness._LOAD_EVERY_S", 0.0)
    monkeypatch.setattr("localsearch.service.politeness._REST_TIMES", 0.5)
    for number in range(15):
        (library / f"{number}.txt").write_text(f"walnuts {number} " * 40)
    running = Running(filled.paths, filled.settings)
    try:
        running.until(lambda: "other programs" in running.service.state().waiting)
        running.until_reports(1)
        assert running.service.index.status().coverage.semantic == 1.0
    finally:
        running.end()


def test_loading_the_model_is_nothing_to_rest_from(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading_s = 3.0
    rested_s = []
    real_load, real_rest = Index._load_embedder, GivingWay.rest_after

    def slowly(self: Index, *asked: object) -> object:
        threading.Event().wait(loading_s)
        return real_load(self, *asked)  # type: ignore[arg-type]

    def note(self: GivingWay, worked_s: float, *, more: bool) -> None:
        rested_s.append(worked_s)
        real_rest(self, worked_s, more=more)

    monkeypatch.setattr(Index, "_load_embedder", slowly)
    monkeypatch.setattr(GivingWay, "rest_after", note)
    (library / "new.txt").write_text("walnuts")
    running = Running(filled.paths, filled.settings)
    try:
        running.until_reports(1)
        assert running.service.index.status().coverage.semantic == 1.0
        assert 0 < max(rested_s) < loading_s
    finally:
        running.end()


def test_changed_settings_hold_at_once(running: Running, library: Path) -> None:
    file = running.service.paths.settings_file
    (library / ".hidden.txt").write_text("walnuts")
    config.change_setting(file, "index", "hidden_files", True)
    running.until(lambda: running.found("walnuts") == [".hidden.txt"])
    file.write_text("[index]\nhidden_fils = true\n")
    running.until(lambda: any("stay as they were" in note for note in running.notes))
    assert running.found("walnuts") == [".hidden.txt"]


def test_another_model_is_taken_up_at_once(running: Running, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    write_random_qwen3(model, pooling="last", name="tiny")
    config.change_setting(running.service.paths.settings_file, "models", "embedder", str(model))
    running.until(lambda: any(report.embedded_chunks == 7 for report in running.reports[1:]))
    status = running.service.index.status()
    assert status.model is not None
    assert status.model.usable
    assert status.coverage.semantic == 1.0


def test_a_newly_chosen_model_takes_over_while_the_service_runs(
    filled: Index, library: Path, tmp_path: Path
) -> None:
    model = tmp_path / "other.gguf"
    write_random_qwen3(model, pooling="last", name="other")
    settings = config.Settings(models=config.ModelSettings(embedder=str(model)))
    running = Running(filled.paths, settings)
    try:
        running.until(lambda: _model_of(filled) == "other")
        assert any("until then the old one serves" in note for note in running.notes)
        (library / "letters/new.txt").write_text("a letter about walnuts")
        running.until(lambda: running.found("walnuts") == ["new.txt"])
        running.until(lambda: filled.status().coverage.semantic == 1.0)
        assert not filled.paths.next_index_file.exists()
    finally:
        running.end()


def test_processes_that_read_are_ended_when_idle_and_none_is_left_behind(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Idle at every look.
    monkeypatch.setattr("localsearch.service.reading_process._IDLE_S", 0.0)
    others = psutil.Process().children()
    for name in ("a", "b", "c"):
        (library / f"{name}.txt").write_text(f"walnuts {name}")
    running = Running(filled.paths, filled.settings)
    try:
        running.until_reports(1)
        assert running.found("walnuts") == ["a.txt", "b.txt", "c.txt"]
    finally:
        running.end()
    assert [each for each in psutil.Process().children() if each not in others] == []


def test_what_changed_is_not_lost_when_the_system_runs_short(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localsearch.service.keeper._FIRST_RETRY_S", 0.05)
    running = Running(filled.paths, filled.settings)
    try:
        running.until_reports(1)
        with monkeypatch.context() as short:

            def run_short(*_: object) -> None:
                short.undo()
                raise OSError(errno.EMFILE, "no more files")

            short.setattr("localsearch.scanning.mounts.volumes_around", run_short)
            (library / "edit.txt").write_text("walnuts")
            running.until(lambda: any("no more files" in note for note in running.notes))
        running.until(lambda: running.found("walnuts") == ["edit.txt"])
    finally:
        running.end()


def _model_of(index: Index) -> str:
    model = index.status().model
    assert model is not None
    return model.name
