from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from localsearch.indexing import verify
from localsearch.indexing.verify import SlowVerification, outdate_altered
from localsearch.store import Store
from localsearch.types import CancelledError

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index

LIMIT = 20_000_000


def found(index: Index, text: str) -> list[str]:
    *_, stage = index.search(index.parse(text, mode="keyword"))
    return sorted(os.path.basename(hit.path) for hit in stage.hits)


def alter_secretly(path: Path, old: str, new: str) -> None:
    """Change a file's content but neither its size nor its time."""
    status = path.stat()
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_a_full_update_finds_what_sizes_and_times_hide(filled: Index, library: Path) -> None:
    alter_secretly(library / "garden/bees.txt", "hive", "nest")
    assert filled.update().embedded_chunks == 0
    assert found(filled, "nest") == []
    report = filled.update(full=True)
    assert report.embedded_chunks == 1
    assert (found(filled, "nest"), found(filled, "hive")) == (["bees.txt"], [])
    assert filled.update(full=True).embedded_chunks == 0


def test_only_what_lies_within_is_compared(filled: Index, library: Path) -> None:
    alter_secretly(library / "garden/bees.txt", "hive", "nest")
    with Store(filled.paths.index_file) as store:
        assert outdate_altered(store, [str(library / "code")], LIMIT) == 0
        assert outdate_altered(store, [str(library / "garden/bees.txt")], LIMIT) == 1


def test_files_that_are_gone_or_change_openly_are_left_to_the_scan(
    filled: Index, library: Path
) -> None:
    (library / "garden/bees.txt").unlink()
    (library / "garden/tomatoes.md").write_text("something else")
    with Store(filled.paths.index_file) as store:
        assert outdate_altered(store, (), LIMIT) == 0


def test_it_can_be_stopped(filled: Index) -> None:
    cancel = threading.Event()
    cancel.set()
    with Store(filled.paths.index_file) as store, pytest.raises(CancelledError):
        outdate_altered(store, (), LIMIT, cancel=cancel)


def test_the_slow_one_waits_its_time_and_goes_on_where_it_was(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alter_secretly(library / "notes/睡眠.txt", "睡前", "午前")
    # One file a step, without a rest.
    monkeypatch.setattr(verify, "_STEP_S", 0.0)
    monkeypatch.setattr(verify, "_SHARE", 1e9)
    with Store(filled.paths.index_file) as store:
        assert SlowVerification(store, LIMIT, every_days=1).step() == 0
        began_s = store.verified.finished_s()
        assert began_s == pytest.approx(time.time(), abs=60)
        assert store.verified.reached() == ""
        with store.transaction():
            store.verified.set_finished(began_s - 86_401)
        altered = []
        for _ in range(5):
            # Each time the program was started anew.
            altered.append(SlowVerification(store, LIMIT, every_days=1).step())
            assert store.verified.reached() > ""
        assert altered == [0, 0, 0, 0, 1]
        SlowVerification(store, LIMIT, every_days=1).step()
        assert store.verified.finished_s() >= began_s
        assert store.verified.reached() == ""


def test_zero_days_is_never(filled: Index, library: Path) -> None:
    alter_secretly(library / "garden/bees.txt", "hive", "nest")
    with Store(filled.paths.index_file) as store:
        with store.transaction():
            store.verified.set_finished(1.0)
        assert SlowVerification(store, LIMIT, every_days=0).step() == 0


def test_in_the_background_it_leaves_most_of_the_time_to_others(filled: Index) -> None:
    with Store(filled.paths.index_file) as store:
        with store.transaction():
            store.verified.set_finished(1.0)
        verification = SlowVerification(store, LIMIT, every_days=1)
        verification.step()
        reached = store.verified.reached()
        verification.step()
        assert reached == store.verified.reached() > ""
