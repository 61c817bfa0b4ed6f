"""Folders that come, go, are away, or lie in one another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.types import Progress, UsageError
from tests.indexing.asking import NO_MODEL, found, reader


def test_a_missing_root_keeps_its_index_hidden(filled: Index, library: Path) -> None:
    away = library.rename(library.with_name("unplugged"))
    report = filled.update()
    assert report.removed == 0
    assert any("can't be found" in notice for notice in report.notices)
    assert found(filled, "hive", library) == []
    assert not filled.status().roots[0].online
    away.rename(library)
    report = filled.update()
    assert report.embedded_chunks == 0
    assert found(filled, "hive", library) == ["garden/bees.txt"]


def test_nested_roots_hold_each_file_once(filled: Index, library: Path) -> None:
    filled.add_roots([str(library / "garden")])
    report = filled.update()
    assert (report.added, report.embedded_chunks) == (0, 0)
    assert filled.status().files.total == 5
    assert filled.remove_root(str(library)) == 3
    assert found(filled, "hive", library) == ["garden/bees.txt"]
    assert found(filled, "Albers", library) == []
    assert filled.remove_root(str(library / "garden")) == 2
    assert reader(filled).checks.problems() == ()


def test_removing_the_inner_root_keeps_the_outer_ones_files(filled: Index, library: Path) -> None:
    filled.add_roots([str(library / "garden")])
    assert filled.remove_root(str(library / "garden")) == 0
    assert filled.status().files.total == 5


def test_a_root_in_what_the_outer_one_leaves_out_comes_and_goes_alone(
    filled: Index, library: Path
) -> None:
    own = library / "node_modules" / "own"
    own.mkdir(parents=True)
    (own / "readme.md").write_text("Zeppelins need helium.")
    filled.add_roots([str(own)])
    assert filled.update([str(library), str(own)]).added == 1
    # Bringing the outer one up to date takes nothing from it.
    assert filled.update([str(library)]).removed == 0
    assert filled.update([str(own.parent)]).removed == 0
    assert found(filled, "helium", library) == ["node_modules/own/readme.md"]
    assert filled.remove_root(str(own)) == 1
    assert found(filled, "helium", library) == []
    assert filled.status().files.total == 5
    assert reader(filled).checks.problems() == ()


def test_a_named_path_that_is_left_out_is_said(filled: Index, library: Path) -> None:
    (library / ".env").write_text("TOKEN=1")
    report = filled.update([str(library / ".env"), str(library / "garden")])
    assert report.notices == (f"{library / '.env'} isn't indexed: likely a secret: *.env",)


def test_a_path_that_is_nowhere_is_refused(filled: Index, library: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        filled.update([str(library / "letters/mistyped.txt")])
    (library / "garden/bees.txt").unlink()
    assert filled.update([str(library / "garden/bees.txt")]).removed == 1


def test_a_disk_that_goes_away_while_it_is_read_takes_nothing(
    home: config.Paths, library: Path, tmp_path: Path
) -> None:
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        index.update()
        for path in library.rglob("*.*"):
            os.utime(path, ns=(1, 1))
            path.write_text(path.read_text() + "\nmore words")

        def unplug(progress: Progress) -> None:
            if progress.files_done == 1 and library.exists():
                library.rename(tmp_path / "unplugged")

        report = index.update(progress=unplug)
        assert report.removed == 0
        assert index.status().files.total == 5
        assert any(str(library) in each for each in report.notices)
        (tmp_path / "unplugged").rename(library)
        index.update()
        assert len(found(index, "more words", library)) == 5
        assert reader(index).checks.problems() == ()


def test_texts_on_a_disk_that_is_away_are_not_given(
    home: config.Paths, library: Path, tmp_path: Path
) -> None:
    path = str(library / "garden/bees.txt")
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        index.update()
        assert index.passages_of(path)
        library.rename(tmp_path / "away")
        index.update()
        assert not index.passages_of(path)
