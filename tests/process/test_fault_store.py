"""What can happen to the index, its disk, its models and its programs, done for real."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localsearch import config, db
from localsearch.api import Index
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.service.service import Service
from localsearch.store import Store
from localsearch.types import StoreFullError, StoreLockedError
from tests.cli.program import PROGRAM, environment, run
from tests.process.conftest import found
from tests.process.mounting import mount, small_disk

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT_S = 60.0


def assert_sound(index: Index) -> None:
    with Store(index.paths.index_file) as store:
        assert store.checks.problems() == ()


def write_texts(folder: Path, count: int, words_each: int) -> None:
    folder.mkdir(exist_ok=True)
    rng = random.Random(20261123)
    for number in range(count):
        text = " ".join(f"w{rng.randrange(99_999)}" for _ in range(words_each))
        (folder / f"{number}.txt").write_text(f"quagga n{number} {text}")


def until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < give_up_s
        threading.Event().wait(0.05)


def test_a_disk_that_fills_up_loses_nothing(
    home: config.Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_texts(tmp_path / "library", 60, 600)
    disk = tmp_path / "disk"
    with small_disk(disk, "1600k"):
        monkeypatch.setenv("LOCALSEARCH_HOME", str(disk))
        paths = config.find_paths()
        config.change_setting(paths.settings_file, "models", "embedder", "/nowhere/none.gguf")
        with Index(paths, config.load_settings(paths.settings_file)) as index:
            index.add_roots([str(tmp_path / "library")])
            with pytest.raises(StoreFullError, match="full"):
                index.update()
            done = index.status().files.indexed
            assert 0 < done < 60
            assert len(found(index, "quagga")) == done
            mount(disk, "-o", "remount,size=50m")
            index.update()
            assert index.status().files.indexed == 60
            assert_sound(index)


# In a process of its own, as the locks of one process don't hold against itself.
HOLD_THE_DATABASE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_another_program_holds_the_database(
    words: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 200)
    write_texts(tmp_path / "library", 2, 5)
    words.add_roots([str(tmp_path / "library")])
    words.update()
    (tmp_path / "library/new.txt").write_text("an okapi")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_DATABASE, str(words.paths.index_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreLockedError, match="another program"):
            words.update()
        assert len(found(words, "quagga")) == 2
        other.communicate()
    words.update()
    assert found(words, "okapi") == ["new.txt"]
    assert_sound(words)


def test_an_index_of_a_newer_version_is_refused_untouched(words: Index, tmp_path: Path) -> None:
    write_texts(tmp_path / "library", 2, 5)
    words.add_roots([str(tmp_path / "library")])
    words.update()
    words.close()
    path = words.paths.index_file
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    before = path.read_bytes()
    for command in (["search", "quagga"], ["index"], ["status"], ["watch"]):
        done = run(words.paths, *command)
        assert done.returncode == 4, done.stderr
        assert "Upgrade localsearch" in done.stderr
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.glob("index.db*")] == ["index.db"]


# What the index of version 1 in data/ was made of, by the program of that time, in /library.
OLD_LIBRARY = {
    "notes/bees.md": "# Bees\n\nThe hive was moved to the orchard in April. The queen is two years"
    " old.\n\n## Honey\n\nTwelve jars in July.\n",
    "letter.txt": "Sehr geehrte Frau Albers, seit November fällt jede Nacht die Heizung aus.\n",
    "睡眠.txt": "睡前学的东西，第二天早上复习一遍效果最好。\n",
    "retry.py": "def with_backoff(call, attempts=5):\n"
    '    """Call again after a failure."""\n    return call()\n',
    "zeros.bin": "\0" * 3000,
}
OLD_TIME_S = 1_793_534_400


def test_an_index_of_the_first_version_is_brought_up_to_date(tiny: Index, tmp_path: Path) -> None:
    library = tmp_path / "library"
    for name, text in OLD_LIBRARY.items():
        path = library / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (OLD_TIME_S, OLD_TIME_S))
    packed = Path(__file__).with_name("data") / "index_of_version_1.db.gz"
    file = tiny.paths.index_file
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    for table in ("roots", "files"):
        change = f"UPDATE {table} SET path = CAST(? || substr(path, 9) AS BLOB)"
        connection.execute(change, (os.fsencode(library),))
    # As if the same files lay on another volume.
    connection.execute("UPDATE files SET device = 1")
    connection.commit()
    connection.close()
    # What was indexed then is found before anything is read anew, also by who only reads.
    assert found(tiny, "hive") == ["bees.md"]
    assert found(tiny, "复习") == ["睡眠.txt"]
    report = tiny.update()
    assert (report.added, report.removed) == (0, 0)
    assert found(tiny, "with_backoff") == ["retry.py"]
    status = tiny.status()
    assert (status.files.indexed, status.files.total) == (4, 5)
    assert status.coverage.semantic == 1.0
    assert status.roots[0].online
    assert_sound(tiny)
    assert tiny.update().changed == 0


def test_a_model_that_goes_and_comes_back_under_a_running_service(
    tiny: Index, tiny_model: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    write_texts(library, 3, 20)
    tiny.add_roots([str(library)])
    tiny.update()
    away = tiny_model.rename(tmp_path / "away.gguf")
    # With so short a time, it's loaded for each round of work.
    models = replace(tiny.settings.models, idle_unload_s=0.01)
    settings = replace(tiny.settings, models=models)
    stop = threading.Event()
    with Service(tiny.paths, settings) as service:
        thread = threading.Thread(target=service.run, args=(stop,))
        thread.start()
        try:
            (library / "new.txt").write_text("an okapi")
            until(lambda: found(tiny, "okapi") == ["new.txt"])
            # Something else in its place is no model either.
            tiny_model.write_bytes(b"GGUF" + os.urandom(5000))
            (library / "newer.txt").write_text("a gnu")
            until(lambda: found(tiny, "gnu") == ["newer.txt"])
            assert tiny.status().coverage.semantic < 1.0
            shutil.copy(away, tiny_model)
            service.rescan()
            (library / "newest.txt").write_text("a kudu")
            until(lambda: tiny.status().coverage.semantic == 1.0)
        finally:
            stop.set()
            thread.join(WAIT_S)
    assert_sound(tiny)


def test_a_model_that_is_swapped_under_a_running_service(
    tiny: Index, tiny_model: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    write_texts(library, 3, 20)
    tiny.add_roots([str(library)])
    tiny.update()

    def serving() -> str:
        with Store(tiny.paths.index_file, readonly=True) as store:
            model = store.vectors.serving_model()
        return model.fingerprint if model else ""

    before = serving()
    models = replace(tiny.settings.models, idle_unload_s=0.01)
    stop = threading.Event()
    with Service(tiny.paths, replace(tiny.settings, models=models)) as service:
        thread = threading.Thread(target=service.run, args=(stop,))
        thread.start()
        try:
            until(lambda: service.state().phase == "idle")
            write_random_qwen3(tmp_path / "other.gguf", pooling="last", name="other", seed=7)
            (tmp_path / "other.gguf").replace(tiny_model)
            (library / "new.txt").write_text("an okapi")
            until(lambda: found(tiny, "okapi") == ["new.txt"])
            until(lambda: serving() != before)
            until(lambda: tiny.status().coverage.semantic == 1.0)
        finally:
            stop.set()
            thread.join(WAIT_S)
    assert_sound(tiny)


def test_another_model_in_the_same_file_has_everything_embedded_again(
    tiny: Index, tiny_model: Path, tmp_path: Path
) -> None:
    write_texts(tmp_path / "library", 3, 20)
    tiny.add_roots([str(tmp_path / "library")])
    assert tiny.update().embedded_chunks == 3
    tiny.close()
    write_random_qwen3(tiny_model, pooling="last", name="other", seed=7)
    with Index(tiny.paths, tiny.settings) as index:
        report = index.update()
        assert report.embedded_chunks == 3
        assert any("the model changed" in notice for notice in report.notices)
        assert index.status().coverage.semantic == 1.0
    assert_sound(tiny)


def test_several_programs_at_once(tiny: Index, tmp_path: Path) -> None:
    write_texts(tmp_path / "library", 60, 60)
    tiny.add_roots([str(tmp_path / "library")])
    other = tmp_path / "other"
    write_texts(other, 2, 5)
    started = [
        subprocess.Popen(
            [PROGRAM, *arguments],
            env=environment(tiny.paths),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for arguments in (["index"], ["index"], ["add", "--no-index", str(other)], ["status"])
    ]
    ended = [(process.communicate(timeout=WAIT_S)[1], process.returncode) for process in started]
    for said, code in ended:
        assert "Traceback" not in said
        assert code in (0, 4), said
    assert 0 in {code for _, code in ended[:2]}
    tiny.update()
    assert tiny.status().files.indexed == 62
    assert tiny.status().coverage.semantic == 1.0
    assert_sound(tiny)


@pytest.mark.skipif(os.name == "nt", reason="these signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGSTOP])
def test_signals_while_indexing(tiny: Index, tmp_path: Path, number: signal.Signals) -> None:
    write_texts(tmp_path / "library", 80, 40)
    tiny.add_roots([str(tmp_path / "library")])
    with subprocess.Popen(
        [PROGRAM, "index"],
        env=environment(tiny.paths),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: tiny.status().files.indexed > 0 or process.poll() is not None)
        process.send_signal(number)
        if number == signal.SIGSTOP:
            # Others go on meanwhile.
            assert found(tiny, "quagga")
            process.send_signal(signal.SIGCONT)
        said = process.communicate(timeout=WAIT_S)[1]
    assert "Traceback" not in said
    assert_sound(tiny)
    tiny.update()
    assert tiny.status().files.indexed == 80
    assert tiny.status().coverage.semantic == 1.0
