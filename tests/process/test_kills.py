"""kill -9 at random moments of work, while files come, move and change.

Nothing breaks, nothing committed is lost or embedded again, and work goes on by itself.

25 kills here, 200 with LOCALSEARCH_LONG=1. Both programs that write are killed, in turns.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from localsearch import config
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.store import Store
from tests.cli.program import environment, run

if TYPE_CHECKING:
    from localsearch.config import Paths

_KILLS = 200 if os.environ.get("LOCALSEARCH_LONG") else 25
_FILES = 60
_FILES_BEFORE_A_KILL = 4
_CHANGES_DURING_A_LIFE = 6
# Of the time that work takes on this machine: from while it starts to its end.
_SHORTEST_LIFE, _LONGEST_LIFE = 0.15, 1.2
# Before it's known: the first start of all has more to do.
_FIRST_KILLS = 3
_FIRST_LIFE_S = 1.0
# What the model computes at once, a page of text at most, is all that a kill may cost.
_MOST_IN_HAND_TOKENS = 512
# After the last kill much may be left, and the machine busy; but something must be done in so long.
_STILL_S = 300.0
_TELLING = Path(__file__).with_name("telling.py")


@pytest.fixture
def home(home: Paths, tmp_path: Path) -> Paths:
    """A home whose model is tiny and loads at once."""
    model = tmp_path / "tiny.gguf"
    write_random_qwen3(model, pooling="last", name="tiny")
    config.change_setting(home.settings_file, "models", "embedder", str(model))
    # The tests beside this one shouldn't make it wait.
    config.change_setting(home.settings_file, "service", "pause_under_load", False)
    return home


class Library:
    """A folder that's never at rest: files come and move, and one is rewritten all the time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._rng = random.Random(20261123)
        self._count = 0
        self.add(_FILES)

    def add(self, count: int) -> None:
        """Write so many more; each has words of its own, so that it adds vectors."""
        for _ in range(count):
            self._count += 1
            (self.folder / f"{self._count}.txt").write_text(f"n{self._count} {self._words(200)}")

    def change(self) -> None:
        """Add a file, move one, and rewrite the restless one."""
        self.add(1)
        name = self._rng.choice(sorted(os.listdir(self.folder)))
        if name != "restless.txt":
            (self.folder / name).rename(self.folder / f"m{name}")
        (self.folder / "restless.txt").write_text(self._words(20))

    def moment(self) -> float:
        """When the next program is killed, where 1 is the time that it would take."""
        return self._rng.uniform(_SHORTEST_LIFE, _LONGEST_LIFE)

    def _words(self, count: int) -> str:
        return " ".join(f"word{self._rng.randrange(5000)}" for _ in range(count))


@dataclass(frozen=True)
class Committed:
    """What's in the index for good: contents of files, and keys of vectors and of passages.

    All but the restless file's. `states` are those of all files, for messages.
    """

    contents: dict[bytes, str]
    vectors: frozenset[str]
    chunks: frozenset[str]
    states: dict[str, str]

    @classmethod
    def read(cls, index_file: Path) -> Committed:
        """As it stands now; the index is checked, too."""
        with Store(index_file) as store:
            assert store.checks.problems() == ()
        connection = apsw.Connection(str(index_file), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            files = [
                (os.path.basename(os.fsdecode(path)), content, state)
                for path, content, state in connection.execute(
                    "SELECT path, content_hash, state FROM files"
                )
            ]
            of_lasting = (
                "SELECT hex(c.embedding_key) FROM chunks c JOIN documents d ON d.id = c.document_id"
                " JOIN files f ON f.id = d.file_id WHERE CAST(f.path AS TEXT)"
                " NOT LIKE '%restless.txt'"
            )
            chunks = {str(row[0]).lower() for row in connection.execute(of_lasting)}
            keys = connection.execute("SELECT hex(embedding_key) FROM vectors")
            return cls(
                {
                    content: name
                    for name, content, state in files
                    if state == "indexed" and name != "restless.txt"
                },
                frozenset(str(row[0]).lower() for row in keys) & chunks,
                frozenset(chunks),
                {name: state for name, _, state in files},
            )
        finally:
            connection.close()


def killed_after(home: Paths, life_s: float, library: Library, told: Path, command: str) -> int:
    """Run the program while the library changes, kill it, and give how it ended."""
    with subprocess.Popen(
        [sys.executable, str(_TELLING), str(told), command],
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        for _ in range(_CHANGES_DURING_A_LIFE):
            try:
                return process.wait(life_s / _CHANGES_DURING_A_LIFE)
            except subprocess.TimeoutExpired:
                library.change()
        process.kill()
        return process.wait()


def assert_nothing_lost(library: Library, before: Committed, after: Committed) -> None:
    """Whatever a file is called now, its content and its vectors stay once they're there."""
    lost = before.contents.keys() - after.contents.keys()
    names = {before.contents[content] for content in lost}
    assert not lost, {
        name: state
        for name, state in [*before.states.items(), *after.states.items()]
        if name.lstrip("m") in {each.lstrip("m") for each in names}
    } | {name: "on disk" for name in os.listdir(library.folder) if name.lstrip("m") in names}
    assert before.vectors <= after.vectors


def assert_nothing_twice(told: Path, before: Committed, after: Committed) -> None:
    """Only what the model had in hand may have been for nothing, and nothing was known."""
    lines = [line.split() for line in told.read_text().splitlines()] if told.exists() else []
    assert all(int(line[0]) <= _MOST_IN_HAND_TOKENS for line in lines)
    batches = [[key for key in line[1:] if key in after.chunks] for line in lines]
    keys = [key for batch in batches for key in batch]
    assert len(keys) == len(set(keys))
    assert before.vectors.isdisjoint(keys)
    finished = {key for batch in batches[:-1] for key in batch}
    assert finished <= after.vectors


def test_nothing_is_lost_to_kills(home: Paths, tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    assert run(home, "add", "--no-index", str(library.folder)).returncode == 0
    before = Committed.read(home.index_file)
    endings = []
    kills_in_embedding = 0
    takes_s = _FIRST_LIFE_S
    for number in range(_KILLS):
        if number == _FIRST_KILLS:
            takes_s = time_of_work_s(home, library)
            before = Committed.read(home.index_file)
        library.add(_FILES_BEFORE_A_KILL)
        told = tmp_path / f"told{number}"
        command = ("index", "watch")[number % 2]
        endings.append(killed_after(home, library.moment() * takes_s, library, told, command))
        after = Committed.read(home.index_file)
        assert_nothing_lost(library, before, after)
        assert_nothing_twice(told, before, after)
        kills_in_embedding += told.exists() and told.stat().st_size > 0 and endings[-1] != 0
        before = after
    assert set(endings) <= {0, -signal.SIGKILL}
    # Kills that met nothing at work would say nothing.
    assert endings.count(-signal.SIGKILL) > _KILLS / 2
    assert kills_in_embedding
    finish_by_itself(home, library, tmp_path / "told")
    after = Committed.read(home.index_file)
    assert_nothing_lost(library, before, after)
    assert_nothing_twice(tmp_path / "told", before, after)


def time_of_work_s(home: Paths, library: Library) -> float:
    """How long a run takes here and now that isn't killed and isn't the first."""
    assert run(home, "index").returncode == 0
    library.add(_FILES_BEFORE_A_KILL + _CHANGES_DURING_A_LIFE)
    began_s = time.monotonic()
    assert run(home, "index").returncode == 0
    return time.monotonic() - began_s


def finish_by_itself(home: Paths, library: Library, told: Path) -> None:
    """The watcher, started once more, does all that's left without being asked."""
    with subprocess.Popen(
        [sys.executable, str(_TELLING), str(told), "watch"],
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        done_bytes, at_s = 0, time.monotonic()
        try:
            while not is_whole(home, len(os.listdir(library.folder))):
                assert process.poll() is None
                if told.exists() and told.stat().st_size > done_bytes:
                    done_bytes, at_s = told.stat().st_size, time.monotonic()
                assert time.monotonic() < at_s + _STILL_S
                threading.Event().wait(0.5)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(_STILL_S) == 0


def is_whole(home: Paths, files: int) -> bool:
    with Store(home.index_file, readonly=True) as store:
        return store.files.counts() == {"indexed": files} and store.coverage().semantic == 1.0
