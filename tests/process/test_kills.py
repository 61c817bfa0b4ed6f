"""kill -9 at random moments of indexing: nothing breaks, nothing written is lost, work goes on.

12 kills here, 200 with LOCALSEARCH_LONG=1.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
from typing import TYPE_CHECKING

import pytest

from localsearch import config
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.store import Store
from tests.cli.program import run, run_for

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths

_KILLS = 200 if os.environ.get("LOCALSEARCH_LONG") else 12
_MOST_KILLS = 4 * _KILLS
_FILES = 120
# From while it starts to well into embedding.
_LONGEST_LIFE_S = 2.5


@pytest.fixture
def home(home: Paths, tmp_path: Path) -> Paths:
    """A home whose model is tiny and loads at once."""
    model = tmp_path / "tiny.gguf"
    write_random_qwen3(model, pooling="last", name="tiny")
    config.change_setting(home.settings_file, "models", "embedder", str(model))
    return home


def test_nothing_is_lost_to_kills(home: Paths, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    rng = random.Random(20261123)
    for number in range(_FILES):
        _write(library, number, rng)
    assert run(home, "add", "--no-index", str(library)).returncode == 0
    seen_files = seen_vectors = 0
    endings = set()
    for number in itertools.count():
        # On a slow machine it may take more to come as far as embedding.
        if number >= _KILLS and (seen_vectors or number >= _MOST_KILLS):
            break
        endings.add(run_for(home, rng.uniform(0.1, _LONGEST_LIFE_S + 0.1 * number), "index"))
        with Store(home.index_file) as store:
            assert store.checks.problems() == ()
            serving = store.vectors.serving_model()
            files = store.files.counts().get("indexed", 0)
            vectors = store.vectors.count(serving.id) if serving is not None else 0
        assert files >= seen_files
        assert vectors >= seen_vectors
        seen_files, seen_vectors = files, vectors
        if seen_vectors and number % 3 == 2:
            # There's always something left to do; files only come, so that counts only grow.
            for more in range(15):
                _write(library, _FILES + 15 * number + more, rng)
    # Kills that met nothing at work would say nothing.
    assert -signal.SIGKILL in endings
    assert seen_files
    assert seen_vectors
    assert run(home, "index").returncode == 0
    with Store(home.index_file) as store:
        assert store.checks.problems() == ()
        assert store.coverage().semantic == 1.0
        assert store.files.counts()["indexed"] == len(os.listdir(library))


def _write(library: Path, number: int, rng: random.Random) -> None:
    # Each text is of its own, so that every file adds vectors.
    words = " ".join(f"word{rng.randrange(5000)}" for _ in range(250))
    (library / f"{number}.txt").write_text(f"File {number}. {words}")
