"""Searches while the service runs: answered by its model, and without it once it's gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from localsearch.engine.random_qwen3 import write_random_qwen3
from tests.cli.program import PROGRAM, environment, run
from tests.conftest import write_library

if TYPE_CHECKING:
    from collections.abc import Iterator


# The program, and at its end whether it had to have the engine for itself.
TELLING = """
import sys
from localsearch.cli import main
try:
    main()
finally:
    print("engine" if "llama_cpp" in sys.modules else "none", file=sys.stderr)
"""


@pytest.fixture
def home(starter_models_dir: Path) -> Iterator[Path]:
    """A home with a library in it, on a path short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="ls") as folder:
        base = Path(folder)
        (model,) = starter_models_dir.glob("*.gguf")
        (base / "own.gguf").symlink_to(model)
        (base / "config").mkdir()
        settings = f'[models]\nembedder = "{base}/own.gguf"\n'
        (base / "config/settings.toml").write_text(settings)
        library = write_library(base / "library")
        assert run(base, "add", str(library)).returncode == 0
        yield base


def test_the_service_answers_with_its_own_model(home: Path) -> None:
    service = subprocess.Popen(
        [PROGRAM, "watch"], env=environment(home), stderr=subprocess.PIPE, text=True
    )
    try:
        deadline_s = time.monotonic() + 60
        while run(home, "watch", "--rescan").returncode != 0:
            assert time.monotonic() < deadline_s
            threading.Event().wait(0.05)
        assert search(home)["results"]
        (home / "own.gguf").unlink()
        # No other process could load a model now.
        answer = search(home)
        assert any(hit["why"]["vector_rank"] for hit in answer["results"])
        assert "Search by meaning is off" not in answer["notice"]
        assert run(home, "pause").stderr == "paused\n"
        stated = json.loads(run(home, "status", "--json").stdout)["service"]
        assert (stated["running"], stated["pid"]) == (True, service.pid)
        assert f"(process {service.pid})" in run(home, "status").stdout
        second = run(home, "watch")
        assert second.returncode == 4
        assert f"process {service.pid}" in second.stderr
    finally:
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=30)
    assert service.returncode == 0, said
    assert json.loads(run(home, "status", "--json").stdout)["service"] == {"running": False}
    assert "Traceback" not in said
    assert "Search by meaning is off" in search(home)["notice"]
    assert run(home, "watch", "--pause").returncode == 2


def test_lines_are_embedded_and_judged_by_the_services_models(home: Path) -> None:
    write_random_qwen3(home / "judge.gguf", head="cls")
    with (home / "config/settings.toml").open("a") as settings:
        settings.write(f'reranker = "{home}/judge.gguf"\n')

    def told(*arguments: str) -> tuple[list[Any], str]:
        text = "".join(f"line {number}\n" for number in range(300))
        command = ("-c", TELLING, *arguments)
        done = run(home, *command, program=sys.executable, input=text, stdin=None)
        assert done.returncode == 0, done.stderr
        given = [json.loads(line) for line in done.stdout.splitlines()]
        if arguments[0] == "rerank":
            given = [each["score"] for each in given]
        return given, done.stderr.strip()

    asked = (("embed",), ("embed", "--query"), ("rerank", "--query", "honey"))
    here = [told(*each) for each in asked]
    assert [engine for _, engine in here] == ["engine"] * 3
    with subprocess.Popen(
        [PROGRAM, "watch"], env=environment(home), stderr=subprocess.DEVNULL
    ) as service:
        try:
            deadline_s = time.monotonic() + 60
            while run(home, "watch", "--rescan").returncode != 0:
                assert time.monotonic() < deadline_s
                threading.Event().wait(0.05)
            there = [told(*each) for each in asked]
        finally:
            service.send_signal(signal.SIGTERM)
    assert [engine for _, engine in there] == ["none"] * 3
    for (mine, _), (its, _) in zip(here, there, strict=True):
        assert len(its) == 300
        assert np.allclose(mine, its, atol=2e-3)


def is_answered_by_the_service(home: Path) -> bool:
    done = run(home, "-c", TELLING, "search", "insects that make honey", program=sys.executable)
    assert done.returncode == 0, done.stderr
    return done.stderr.split()[-1] == "none"


def search(home: Path) -> dict[str, Any]:
    done = run(home, "search", "--json", "insects that make honey")
    assert done.returncode in (0, 1), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_service_that_stands_still_is_not_waited_for(home: Path) -> None:
    command = [PROGRAM, "watch"]
    with subprocess.Popen(command, env=environment(home), stderr=subprocess.DEVNULL) as it:
        try:
            deadline_s = time.monotonic() + 60
            while not (home / "run/service.sock").exists():
                assert time.monotonic() < deadline_s
                threading.Event().wait(0.05)
            os.kill(it.pid, signal.SIGSTOP)
            began_s = time.monotonic()
            assert run(home, "search", "--mode", "keyword", "hive").returncode == 0
            # It gets two seconds to say that it's there.
            assert time.monotonic() - began_s < 20
        finally:
            os.kill(it.pid, signal.SIGCONT)
            it.terminate()
