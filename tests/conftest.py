"""What many tests need: a home of their own, a folder of files, the starter model unpacked once."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localsearch import config
from localsearch.api import Index

if TYPE_CHECKING:
    from collections.abc import Iterator

# A shell starts background jobs with Ctrl-C ignored, which the programs under test would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

FILES = {
    "garden/tomatoes.md": (
        "# Tomatoes\n\nSow in February on the window sill.\n\n"
        "## Blight\n\nA roof of foil keeps the rain off, so the leaves stay healthy.\n"
    ),
    "garden/bees.txt": "The hive was moved to the orchard in April. The queen is two years old.\n",
    "letters/heizung.txt": (
        "Sehr geehrte Frau Albers, seit November fällt in unserer Wohnung jede Nacht die Heizung"
        " aus. Bitte lassen Sie den Schaden beheben.\n"
    ),
    "notes/睡眠.txt": "睡前学的东西，第二天早上复习一遍效果最好。睡眠帮助记忆。\n",
    "code/retry.py": (
        "def with_backoff(call, attempts=5):\n"
        '    """Call again after a failure, waiting twice as long each time."""\n'
        "    return call()\n\n\n"
        "class CircuitBreaker:\n"
        "    def recordFailure(self):\n"
        "        self.failures += 1\n"
    ),
}


@pytest.fixture(scope="session")
def starter_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the real starter model in it."""
    from localsearch.models import resolve_embedder

    base = tmp_path_factory.mktemp("starter")
    paths = config.Paths(*(base / name for name in ("config", "data", "state", "models", "run")))
    resolve_embedder(paths, config.Settings())
    return paths.models_dir


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Paths:
    """A home of its own for the program, without any model."""
    monkeypatch.setenv("LOCALSEARCH_HOME", str(tmp_path / "home"))
    return config.find_paths()


@pytest.fixture
def starter_home(home: config.Paths, starter_models_dir: Path) -> config.Paths:
    """A home where the starter model is installed."""
    home.models_dir.parent.mkdir(parents=True, exist_ok=True)
    home.models_dir.symlink_to(starter_models_dir)
    return home


def write_library(folder: Path) -> Path:
    """Write a folder of a few files in several languages."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder of a few files in several languages."""
    return write_library(tmp_path / "library")


@pytest.fixture
def index(starter_home: config.Paths) -> Iterator[Index]:
    """An index with the starter model; nothing is in it yet."""
    with Index(starter_home, config.Settings()) as opened:
        yield opened


@pytest.fixture
def filled(index: Index, library: Path) -> Index:
    """An index of the library."""
    index.add_roots([str(library)])
    index.update()
    return index
