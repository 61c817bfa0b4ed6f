"""The speed of a model is measured on this machine, and remembered."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from localsearch.api import Index
from localsearch.models.speed import known_speeds, measure_speed, note_speed
from localsearch.types import CancelledError


def test_too_little_work_says_nothing(tmp_path: Path) -> None:
    state_file = tmp_path / "state.db"
    note_speed(state_file, "e5", 500, 0.2)
    assert known_speeds(state_file) == {}
    note_speed(state_file, "e5", 5000, 2.0)
    note_speed(state_file, "e5", 6000, 2.0)
    assert known_speeds(state_file) == {"e5": 3000.0}


def test_trying_a_model_remembers_its_speed(index: Index) -> None:
    name = index.open_embedder().name
    speed = measure_speed(index.paths, index.settings, name, "embedder", cancel=threading.Event())
    assert speed > 10
    assert known_speeds(index.paths.state_file) == {name: pytest.approx(speed)}


def test_a_trial_can_be_stopped(index: Index) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        name = index.open_embedder().name
        measure_speed(index.paths, index.settings, name, "embedder", cancel=cancel)
    assert known_speeds(index.paths.state_file) == {}


def test_indexing_measures_the_model_even_when_it_is_stopped(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    words = ("tide", "moon", "harbour", "kettle", "orchard", "lantern", "violin", "granite")
    for number in range(400):
        text = " ".join(f"{word} {number}" for word in words * 12)
        (folder / f"{number}.txt").write_text(text)
    index.add_roots([str(folder)])
    cancel = threading.Event()

    def stop_when_told(progress: object) -> None:
        rate = getattr(progress, "tokens_done", 0)
        if rate > 10_000:
            cancel.set()

    with pytest.raises(CancelledError):
        index.update(progress=stop_when_told, cancel=cancel)
    assert known_speeds(index.paths.state_file)[index.open_embedder().name] > 10
