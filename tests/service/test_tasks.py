"""What others ask of the one that writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localsearch.api import Index
from localsearch.service.service import Service
from localsearch.types import LocalsearchError, StoreLockedError, UsageError
from tests.running import Running

if TYPE_CHECKING:
    from pathlib import Path


def test_a_root_is_removed_by_the_one_that_writes(
    running: Running, library: Path, tmp_path: Path
) -> None:
    with Index(running.service.paths, running.service.settings) as other:
        with pytest.raises(UsageError, match="not an indexed folder"):
            other.remove_root(str(tmp_path))
        assert other.remove_root(str(library)) == 5
        assert other.status().roots == ()
    running.until(lambda: running.found("hive") == [])


def test_paths_are_forgotten_by_the_one_that_writes(running: Running, library: Path) -> None:
    with Index(running.service.paths, running.service.settings) as other:
        assert other.forget([str(library / "garden")]).files == 2
    (library / "garden/bees.txt").write_text("walnuts in the garden")
    (library / "letters/new.txt").write_text("walnuts in a letter")
    running.until(lambda: running.found("walnuts") == ["new.txt"])


def test_what_the_system_refuses_the_writer_is_told_to_who_asked(
    running: Running, library: Path
) -> None:
    running.service.paths.forgotten_file.mkdir(parents=True)
    with Index(running.service.paths, running.service.settings) as other:
        with pytest.raises(LocalsearchError, match=r"directory.*forgotten"):
            other.forget([str(library / "garden")])
        running.service.paths.forgotten_file.rmdir()
        assert other.forget([str(library / "garden")]).files == 2


def test_who_waits_for_the_writer_is_told_of_its_end(filled: Index) -> None:
    with Service(filled.paths, filled.settings) as service, pytest.raises(StoreLockedError):
        service.forget([str(filled.paths.data_dir)])
