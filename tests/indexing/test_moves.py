"""Moves, copies and renames cost no embedding."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from converters.registry import convert_file
from localsearch import config
from localsearch.api import Index
from localsearch.indexing.indexer import Indexer
from localsearch.store import Store
from tests.indexing.asking import NO_MODEL, found, reader


def test_moves_and_copies_embed_nothing(filled: Index, library: Path) -> None:
    (library / "garden").rename(library / "yard")
    shutil.copy(library / "letters/heizung.txt", library / "kopie.txt")
    report = filled.update()
    assert report.embedded_chunks == 0
    assert report.moved == 2
    assert found(filled, "hive orchard", library) == ["yard/bees.txt"]
    # Both are there, one of them as the other's copy.
    *_, stage = filled.search(filled.parse("Albers", mode="keyword"))
    (hit,) = stage.hits
    names = sorted(os.path.relpath(path, library) for path in (hit.path, *hit.copies))
    assert names == ["kopie.txt", "letters/heizung.txt"]
    assert reader(filled).checks.problems() == ()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_the_place_of_a_file_is_no_move(home: config.Paths, library: Path) -> None:
    bees, other = library / "garden/bees.txt", library / "other.txt"
    os.link(bees, other)
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        index.update()
        other.unlink()
        other.symlink_to(bees)
        # As the service does, which is told of the path.
        with Store(home.index_file) as store:
            indexer = Indexer(store, home, NO_MODEL, None)
            assert indexer.find_changes([str(other)]) == 1
            assert indexer.read_changes(convert_file)
        assert index.status().files.total == 5
        assert found(index, "hive", library) == ["garden/bees.txt"]


def test_a_file_that_went_has_only_itself_looked_for(filled: Index, library: Path) -> None:
    for name in ("gone.txt", "garden/other.txt"):
        (library / name).write_text(f"walnuts {name}")
    filled.update()
    (library / "gone.txt").unlink()
    (library / "new.txt").write_text("almonds")
    (library / "garden/other.txt").write_text("hazelnuts")
    (library / "garden/bees.txt").unlink()
    report = filled.update([str(library / "gone.txt")])
    assert (report.added, report.changed, report.removed) == (0, 0, 1)
    assert filled.status().files.total == 6
    assert filled.status().coverage.keyword == 1.0
    report = filled.update()
    assert (report.added, report.changed, report.removed) == (1, 1, 1)


def test_a_file_that_was_met_under_neither_name_is_looked_for(
    home: config.Paths, library: Path
) -> None:
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        index.update()
        bees = library / "garden/bees.txt"
        bees.rename(bees.with_name("wasps.txt"))
        with Store(home.index_file) as store:
            indexer = Indexer(store, home, NO_MODEL, None)
            # Its new name wasn't there yet.
            assert indexer.find_changes([str(bees)]) == 1
            assert indexer.read_changes(convert_file)
            report = indexer.finish()
        assert (report.added, report.moved, report.removed) == (0, 1, 0)
        assert found(index, "hive", library) == ["garden/wasps.txt"]


def test_a_renamed_file_takes_its_new_name_for_title(filled: Index, library: Path) -> None:
    (library / "letters/heizung.txt").rename(library / "letters/zettel.txt")
    filled.update()
    assert found(filled, "zettel", library) == ["letters/zettel.txt"]
    (library / "letters/zettel.txt").rename(library / "letters/quittung.txt")
    assert filled.update().embedded_chunks == 0
    assert found(filled, "zettel", library) == []
    *_, stage = filled.search(filled.parse("quittung", mode="keyword"))
    assert [hit.title for hit in stage.hits] == ["quittung"]
    assert reader(filled).checks.problems() == ()
