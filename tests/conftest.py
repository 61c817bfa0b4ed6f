"""What many tests need: a home of their own, a folder of files, the starter model unpacked once."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, settings

from localsearch import config
from localsearch.api import Index
from tests.running import Running

if TYPE_CHECKING:
    import threading
    from collections.abc import Generator, Iterator

    from localsearch.types import Embedder

# A shell starts background jobs with Ctrl-C ignored, which the programs under test would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast a machine is, that does other things beside, is no property of the code.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Spell what was logged in UTF-8: names of files need not be, and workers can't send them."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


# Where the starter model was unpacked, once it was.
STARTER_DIRS: set[Path] = set()


@pytest.fixture(scope="session")
def starter_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the real starter model in it."""
    from localsearch.models import resolve_embedder

    base = tmp_path_factory.mktemp("starter")
    paths = config.Paths(*(base / name for name in ("config", "data", "state", "models", "run")))
    resolve_embedder(paths, config.Settings())
    STARTER_DIRS.add(paths.models_dir.resolve())
    return paths.models_dir


class OneForAll:
    """The starter model, opened once for all tests: whoever closes it leaves it to the others."""

    def __init__(self, real: Embedder) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def close(self) -> None:
        """Leave it open."""


@pytest.fixture(scope="session", autouse=True)
def one_starter_model() -> Iterator[None]:
    """Open the starter model once in this process: each time takes it a second."""
    from localsearch import models
    from localsearch.models.opening import facts_source

    really_open = models.open_embedder
    opened: dict[tuple[str, str], Embedder] = {}

    def open_once(
        paths: config.Paths,
        settings: config.Settings,
        name: str = "",
        *,
        repacked: bool | None = None,
        cancel: threading.Event | None = None,
    ) -> Embedder:
        model = models.resolve_embedder(paths, settings, name)
        if model.path.resolve().parent not in STARTER_DIRS or repacked is not None:
            return really_open(paths, settings, name, repacked=repacked, cancel=cancel)
        key = facts_source(paths, settings, name), repr(settings.models)
        if key not in opened:
            opened[key] = really_open(paths, settings, name)
        return cast("Embedder", OneForAll(opened[key]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "open_embedder", open_once)
        yield
    for embedder in opened.values():
        embedder.close()


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


@pytest.fixture
def running(filled: Index) -> Iterator[Running]:
    """A service that has brought the index of the library up to date once, and runs."""
    running = Running(filled.paths, filled.settings)
    running.until_reports(1)
    yield running
    running.end()
