"""kill -9 while the model changes: the index answers by meaning throughout, and the change ends."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING

from localsearch import config
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.store import Store
from tests.cli.program import run, run_for

if TYPE_CHECKING:
    from pathlib import Path

_LONG = bool(os.environ.get("LOCALSEARCH_LONG"))
_KILLS = 100 if _LONG else 5
_FILES = 60
# Of the time that indexing all of it takes on this machine.
_SHORTEST_LIFE, _LONGEST_LIFE = 0.1, 0.9
# What is left after the last kill.
_WAIT_S = 1800.0 if _LONG else 300.0


def test_a_killed_change_of_model_leaves_an_index_that_answers(
    home: config.Paths, tmp_path: Path
) -> None:
    models = ["first", "second"]
    for number, name in enumerate(models):
        path = tmp_path / f"{name}.gguf"
        write_random_qwen3(path, pooling="last", name=name, seed=number)
        assert run(home, "models", "add", str(path)).returncode == 0
    library = tmp_path / "library"
    library.mkdir()
    rng = random.Random(20261123)
    for number in range(_FILES):
        words = " ".join(f"word{rng.randrange(5000)}" for _ in range(400))
        (library / f"{number}.txt").write_text(f"File {number}. {words}")
    config.change_setting(home.settings_file, "models", "embedder", models[0])
    began_s = time.monotonic()
    assert run(home, "add", str(library)).returncode == 0
    takes_s = time.monotonic() - began_s
    endings = set()
    turns = 0
    for number in range(_KILLS):
        next_model = models[(turns + 1) % 2]
        config.change_setting(home.settings_file, "models", "embedder", next_model)
        endings.add(run_for(home, rng.uniform(_SHORTEST_LIFE, _LONGEST_LIFE) * takes_s, "index"))
        with Store(home.index_file) as store:
            assert store.checks.problems() == ()
            assert store.coverage().semantic == 1.0
            serving = store.vectors.serving_model()
        assert serving is not None
        if serving.name == next_model:
            turns += 1
        if number % 4 == 0:
            answer = run(home, "search", "word7", "--mode", "semantic", "--json")
            assert len(json.loads(answer.stdout)["results"]) > 0
    # Kills that met nothing at work would say nothing.
    assert -signal.SIGKILL in endings
    # What each life did was kept: changes came to their end, though none was left in peace.
    assert turns or not _LONG
    assert run(home, "index", timeout_s=_WAIT_S).returncode == 0
    status = json.loads(run(home, "status", "--json").stdout)
    assert status["coverage"]["semantic"] == 1.0
    assert status["model_change"] is None
    assert not home.next_index_file.exists()
