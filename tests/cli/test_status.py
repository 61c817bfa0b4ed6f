"""What `status` says of a model that's on its way, and who is told to go on with it."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.models.speed import note_speed
from localsearch.service.state import write_state
from localsearch.types import CancelledError, Progress, ServiceState
from tests.cli.program import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def changing(filled: Index, tmp_path: Path) -> config.Paths:
    """A home whose change to another model was stopped as it began."""
    write_random_qwen3(tmp_path / "other.gguf", pooling="last", name="other")
    paths = filled.paths
    config.change_setting(paths.settings_file, "models", "embedder", str(tmp_path / "other.gguf"))
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.changing_to:
            cancel.set()

    with (
        Index(paths, config.load_settings(paths.settings_file)) as index,
        pytest.raises(CancelledError),
    ):
        index.update(progress=stop, cancel=cancel)
    return paths


def test_a_change_that_was_stopped_names_who_goes_on(changing: config.Paths) -> None:
    said = run(changing, "status").stdout
    assert "changing to other: 0 of " in said
    assert "; `localsearch index` goes on" in said


def test_a_change_that_runs_says_how_long_it_takes(changing: config.Paths) -> None:
    now_s = time.time()
    progress = Progress("embedding", eta_s=240.0, changing_to="other")
    state = ServiceState(os.getpid(), now_s, now_s, "embedding", 1, progress)
    write_state(changing.service_file, state)
    said = run(changing, "status").stdout
    assert "passages, about 4 min left" in said
    assert "`localsearch index` goes on" not in said
    # Between two batches, and while files are read, the service itself has no figure.
    write_state(changing.service_file, replace(state, progress=None))
    assert "left" not in run(changing, "status").stdout
    note_speed(changing.state_file, "other", 1, 60)
    said = run(changing, "status").stdout
    assert re.search(r"passages, about [\d.]+ (min|h) left", said), said
    said = run(changing, "models", "use", "multilingual-e5-small").stderr
    assert "the running `localsearch watch` builds vectors of this one" in said


def test_what_was_read_in_part_is_named_with_what_is_lacking(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    parts = "".join(f"--x\r\n\r\npart {number}\r\n" for number in range(1_500))
    head = "Subject: many\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    (folder / "many.eml").write_text(f"{head}{parts}--x--\r\n")
    (folder / "plain.txt").write_text("All of this is read.")
    index.add_roots([str(folder)])
    index.update()
    (path, text) = next((each.path, each.text) for each in index.remarks())
    assert path == str(folder / "many.eml")
    assert "1,000" in text
    said = run(index.paths, "status").stdout
    assert f"Read, but\n  {path}: {text}" in said
    assert "plain.txt" not in said
    assert json.loads(run(index.paths, "status", "--json").stdout)["remarks"] == [
        {"path": path, "text": text}
    ]
