"""A small library with its real index (by word), in a home of its own, at a fixed time."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.search.nearest import mark_nearest
from localsearch.types import CancelledError, Hit, Query, Stage, Status, Timings, Why
from tests.topics import ByTopic
from tests.tui.making import DAY_NS, NOW_S

_TIDES = "\n".join(f"Line {number} of the tide tables." for number in range(1, 401))
FILES = {
    "notes/tea.md": (
        "# Tea\n\nNotes on **tea** from everywhere.\n\n## Green tea\n\n"
        "Steep the green tea for two minutes at 70 °C.\n\n- sencha\n- longjing\n\n"
        "## Black tea\n\nBlack tea takes four minutes in boiling water.\n"
    ),
    "notes/garden.txt": (
        "The hive was moved to the orchard in April.\n"
        "Water the tomatoes in the evening, never the leaves.\n"
    ),
    "notes/睡眠.txt": "睡前学的东西，第二天早上复习一遍效果最好。睡眠帮助记忆。\n",
    "notes/الشاي.txt": "الشاي الأخضر بالنعناع يقدم ساخنا بعد العشاء.\n",
    "code/retry.py": (
        '"""Call again after a failure."""\n\n\ndef with_backoff(call, attempts=5):\n'
        '    """Wait twice as long each time; drink tea meanwhile."""\n'
        "    for attempt in range(attempts):\n        call(attempt)\n"
    ),
    "tables/tides.txt": f"{_TIDES}\nHigh water at noon: time for tea.\n{_TIDES}\n",
    "shopping/prices.txt": "Prices by weight.\n\nGreen tea 4.20\nBlack tea 3.10\n",
}


def make_library(folder: Path) -> None:
    """Write the files, each with a time of its own."""
    for age_days, (name, text) in enumerate(FILES.items(), 2):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        mtime_ns = int(NOW_S * 1e9) - age_days**3 * DAY_NS
        os.utime(path, ns=(mtime_ns, mtime_ns))


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home folder, with a library in it; paths are shown with ~."""
    home = tmp_path / "ada"
    make_library(home / "library")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("VISUAL", "EDITOR", "DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def paths(user_home: Path, monkeypatch: pytest.MonkeyPatch) -> config.Paths:
    """Where the program keeps its own files."""
    monkeypatch.setenv("LOCALSEARCH_HOME", str(user_home / ".localsearch"))
    return config.find_paths()


# Names no file, so that these tests search by word and load nothing.
NO_MODEL = config.Settings(models=config.ModelSettings(embedder="/no/such/model.gguf"))


class StagedIndex(Index):
    """The real index, whose full searches go through stages that a test lets happen.

    `script` reorders the hits by word, one permutation a stage, and makes them hits `by_meaning`;
    without `by_vectors` nothing is embedded yet;
    `deaf` searches don't listen to `cancel`, as a model deep in its work may not. Sentences are
    marked when `reading` allows it.
    """

    def __init__(self, paths: config.Paths) -> None:
        super().__init__(paths, NO_MODEL)
        self.script: list[list[int]] = []
        self.deaf = self.by_meaning = False
        self.by_vectors = True
        self.reading = threading.Semaphore(0)
        self.asked: list[str] = []
        self.aborted: list[str] = []
        self.step = threading.Semaphore(0)
        self.failure: Exception | None = None

    def status(self) -> Status:
        """As it is, but for a size that depends on the version of SQLite."""
        return dataclasses.replace(super().status(), db_bytes=1_250_000)

    def search(self, query: Query, *, cancel: threading.Event | None = None) -> Iterator[Stage]:
        if self.failure is not None:
            raise self.failure
        last = None
        for stage in super().search(query, cancel=cancel):
            # Fixed, so that pictures of screens are always the same.
            last = dataclasses.replace(stage, timings_ms=Timings(total=12.0))
            if query.mode == "keyword" or not self.script:
                yield last
        if query.mode == "keyword" or not self.script:
            return
        self.asked.append(query.text)
        assert last is not None
        if self.by_vectors:
            # As though all had vectors.
            coverage = dataclasses.replace(last.coverage, semantic=1.0)
            last = dataclasses.replace(last, coverage=coverage)
        yield dataclasses.replace(last, final=False)
        for number, order in enumerate(self.script, 1):
            while not self.step.acquire(timeout=0.01):
                if cancel is not None and cancel.is_set() and not self.deaf:
                    self.aborted.append(query.text)
                    raise CancelledError
            hits = tuple(last.hits[at] for at in order)
            if self.by_meaning:
                hits = tuple(
                    dataclasses.replace(hit, highlights=(), why=Why(vector_rank=rank))
                    for rank, hit in enumerate(hits, 1)
                )
            yield dataclasses.replace(
                last,
                name="hybrid" if number == 1 else "reranked",
                hits=hits,
                reranked=0 if number == 1 else len(hits),
                final=number == len(self.script),
            )

    def mark_nearest(
        self, query: Query, hits: Sequence[Hit], *, cancel: threading.Event | None = None
    ) -> Iterator[Hit]:
        for found in mark_nearest(ByTopic(), query.text, hits, cancel=cancel):
            while not self.reading.acquire(timeout=0.01):
                if cancel is not None and cancel.is_set():
                    self.aborted.append(f"sentences of {query.text}")
                    raise CancelledError
            yield found


@pytest.fixture
def empty_index(paths: config.Paths) -> Iterator[StagedIndex]:
    """An index that has no folder yet."""
    with StagedIndex(paths) as opened:
        yield opened


@pytest.fixture
def index(empty_index: StagedIndex, user_home: Path) -> StagedIndex:
    """The index of the library, complete."""
    empty_index.add_roots([str(user_home / "library")])
    empty_index.update()
    return empty_index
