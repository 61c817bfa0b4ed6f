from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

import pytest

from localsearch import log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localsearch.api import Index

logger = logging.getLogger("localsearch.test")


def test_it_is_private_and_of_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "state/lsx.log"
    with log.open_log(path):
        logger.info("can't read %s", "/a\n2026-01-01 fake\x1b[31m\udcff")
    (line,) = path.read_text().splitlines()
    assert line.endswith(f" {os.getpid()} INFO can't read /a␤2026-01-01 fake\ufffd")
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600
    logger.warning("later, nobody writes it")
    assert len(path.read_text().splitlines()) == 1


def test_it_is_turned_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_MAX_BYTES", 1000)
    path = tmp_path / "lsx.log"
    with log.open_log(path):
        for number in range(200):
            logger.info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["lsx.log", "lsx.log.1", "lsx.log.2", "lsx.log.3"]
    assert all(file.stat().st_size <= 1000 for file in files)
    if os.name != "nt":
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)


@pytest.fixture
def as_before() -> Iterator[None]:
    there, propagate = list(log.logger.handlers), log.logger.propagate
    yield
    for handler in {*log.logger.handlers} - {*there}:
        log.logger.removeHandler(handler)
        handler.close()
    log.logger.propagate = propagate


@pytest.mark.usefixtures("as_before")
def test_faults_of_the_screen_are_written_once_whoever_writes_the_index(tmp_path: Path) -> None:
    path = tmp_path / "state/lsx.log"
    log.log_faults(path)
    logger.info("of no interest")
    logger.warning("nobody writes it")
    with log.open_log(path):
        logger.info("an index is written here")
        logger.warning("and here's a fault")
    # What another process does that holds the writer's lock.
    path.rename(tmp_path / "lsx.log.1")
    path.touch()
    logger.error("after it was turned over")
    before = (tmp_path / "lsx.log.1").read_text().splitlines()
    assert [line.rsplit(" ", 1)[-1] for line in before] == ["it", "here", "fault"]
    (after,) = path.read_text().splitlines()
    assert after.endswith("ERROR after it was turned over")
    assert (tmp_path / "lsx.log.1").stat().st_mode & 0o777 == 0o600 or os.name == "nt"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that's always full")
def test_a_full_disk_stops_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lsx.log"
    path.symlink_to("/dev/full")
    with log.open_log(path):
        logger.info("a line")
    (tmp_path / "file").touch()
    with log.open_log(tmp_path / "file/lsx.log"):
        logger.info("a line")
    assert capfd.readouterr().err == ""


def test_warnings_are_shown_too(tmp_path: Path) -> None:
    with log.open_log(tmp_path / "lsx.log"):
        assert logging.lastResort in log.logger.handlers
    assert log.logger.handlers == []
    assert sys.stderr is not None


def test_indexing_says_what_it_did_and_nothing_of_the_contents(
    filled: Index, library: Path
) -> None:
    (library / "broken.pdf").write_bytes(b"%PDF-1.7\nxylophonist")
    filled.update()
    text = filled.paths.log_file.read_text()
    assert "1 new, 0 changed" in text
    assert "hive" not in text
    assert "xylophonist" not in text
    assert filled.status().log_path == str(filled.paths.log_file)
