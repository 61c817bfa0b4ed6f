"""A whole run: what is read, embedded, kept and said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localsearch import config
from localsearch.api import Index
from localsearch.engine.lazy import LazyEmbedder
from localsearch.indexing import discovery
from localsearch.indexing.indexer import Indexer
from localsearch.store import Store, beginnings, codes
from localsearch.types import Progress
from tests.indexing.asking import NO_MODEL, found, reader
from tests.stopping import update_until


def test_a_folder_is_indexed_whole(filled: Index) -> None:
    status = filled.status()
    assert status.files.indexed == status.files.total == 5
    assert status.coverage.keyword == status.coverage.semantic == 1.0
    assert reader(filled).checks.problems() == ()


def test_a_second_run_reads_and_embeds_nothing(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real_open = os.open

    def watching(path: object, *rest: int, **more: int) -> int:
        opened.append(str(path))
        return real_open(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", watching)
    report = filled.update()
    assert report.unchanged == 5
    assert (report.added, report.changed, report.removed, report.embedded_chunks) == (0, 0, 0, 0)
    # Folders are opened to be listed.
    assert not [
        each for each in opened if each.startswith(str(library)) and not Path(each).is_dir()
    ]


def test_a_run_codes_the_vectors_of_an_index_that_lost_its_codes(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an upgrade leaves it, which drops codes of another form."""
    assert not reader(filled).vectors.lacks_codes()
    monkeypatch.setattr(codes, "CODED_FROM_NUMBERS", 1)
    assert reader(filled).vectors.lacks_codes()
    assert filled.update().embedded_chunks == 0
    assert not reader(filled).vectors.lacks_codes()
    assert reader(filled).checks.problems() == ()
    assert found(filled, "foil", library) == ["garden/tomatoes.md"]


def test_a_run_indexes_beginnings_that_an_older_version_did_not(filled: Index) -> None:
    with Store(filled.paths.index_file) as store, store.transaction():
        store._connection.execute("DELETE FROM beginnings_fts")
    store = reader(filled)
    assert not beginnings.are_complete(store._connection)
    filled.update()
    assert beginnings.are_complete(store._connection)
    assert store.checks.problems() == ()


def test_what_an_older_version_did_not_index_waits_for_what_is_urgent(filled: Index) -> None:
    with Store(filled.paths.index_file) as store:
        with store.transaction():
            store._connection.execute("DELETE FROM beginnings_fts")
        indexer = Indexer(store, filled.paths, filled.settings, None)
        indexer.finish(until=lambda: True)
        assert not beginnings.are_complete(store._connection)
        indexer.finish()
        assert beginnings.are_complete(store._connection)


def test_touching_a_file_embeds_nothing(filled: Index, library: Path) -> None:
    os.utime(library / "garden/bees.txt", ns=(1, 1))
    report = filled.update()
    assert report.changed == 1
    assert report.embedded_chunks == 0
    assert report.chunks == 0


def test_only_what_changed_is_embedded(filled: Index, library: Path) -> None:
    path = library / "garden/tomatoes.md"
    path.write_text(path.read_text().replace("foil", "glass"))
    report = filled.update()
    assert report.changed == 1
    assert report.embedded_chunks == 1
    assert found(filled, "glass", library) == ["garden/tomatoes.md"]
    assert found(filled, "foil", library) == []
    assert reader(filled).checks.problems() == ()


def test_a_run_without_work_loads_no_model(filled: Index) -> None:
    with Index(filled.paths, filled.settings) as again:
        again.update()
        (embedder,) = again._embedders.values()
        assert isinstance(embedder, LazyEmbedder)
        assert not embedder.is_loaded
        assert embedder.fingerprint
        assert again.status().coverage.semantic == 1.0


def test_deleted_files_go_and_their_vectors_too(filled: Index, library: Path) -> None:
    (library / "garden/bees.txt").unlink()
    report = filled.update()
    assert report.removed == 1
    assert found(filled, "hive", library) == []
    assert reader(filled).checks.problems() == ()


def test_stopped_work_goes_on(index: Index, library: Path) -> None:
    index.add_roots([str(library)])
    update_until(index, "embedding")
    assert index.status().coverage.keyword == 1.0
    assert index.status().coverage.semantic == 0.0
    assert found(index, "hive", library) == ["garden/bees.txt"]
    report = index.update()
    assert report.unchanged == 5
    assert index.status().coverage.semantic == 1.0
    assert reader(index).checks.problems() == ()


def test_only_what_was_asked_for_is_read_and_embedded(index: Index, library: Path) -> None:
    index.add_roots([str(library)])
    # Read and not embedded is what lies in there, and the rest isn't even known.
    update_until(index, "embedding", [str(library / "letters")])
    told: list[Progress] = []
    report = index.update([str(library / "garden/bees.txt")], progress=told.append)
    assert report.embedded_chunks == 1
    assert {each.current for each in told if each.current} == {str(library / "garden/bees.txt")}
    assert max(each.chunks_total for each in told) == 1
    assert index.update().embedded_chunks > 1
    assert index.status().coverage.semantic == 1.0
    assert reader(index).checks.problems() == ()


def test_without_a_model_everything_is_found_by_word(
    home: config.Paths, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localsearch.engine.starter.find_starter_weights", lambda: None)
    with Index(home, config.Settings()) as index:
        index.add_roots([str(library)])
        report = index.update()
        assert any("by meaning is off" in notice for notice in report.notices)
        assert found(index, "hive", library) == ["garden/bees.txt"]
        assert index.status().coverage.semantic == 0.0


def test_a_model_that_is_not_there_leaves_its_predecessor_serving(
    filled: Index, library: Path
) -> None:
    (library / "new.txt").write_text("A zeppelin.")
    with Index(filled.paths, NO_MODEL) as index:
        report = index.update()
        assert any("nothing was embedded" in notice for notice in report.notices)
        *_, last = index.search(index.parse("bees", mode="semantic"))
        assert last.hits


def test_progress_names_phases_and_adds_up(index: Index, library: Path) -> None:
    index.add_roots([str(library)])
    seen: list[Progress] = []
    index.update(progress=seen.append)
    phases = [progress.phase for progress in seen]
    assert "reading" in phases
    assert "embedding" in phases
    assert phases[-1] == "done"
    for progress in seen:
        assert progress.files_done <= progress.files_total or progress.phase == "scanning"
        assert progress.tokens_done <= progress.tokens_total


def test_the_listing_says_how_much_it_found(
    home: config.Paths, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "_TOLD_EVERY", 2)
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        seen: list[Progress] = []
        index.update(progress=seen.append)
    listed = [(each.files_done, each.files_total) for each in seen if each.phase == "scanning"]
    assert listed == [(2, 0), (4, 0), (5, 5)]


def test_what_is_deleted_while_others_are_read_goes(home: config.Paths, library: Path) -> None:
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])

        def delete(progress: Progress) -> None:
            if progress.phase == "reading":
                (library / "garden/bees.txt").unlink(missing_ok=True)

        index.update(progress=delete)
        assert index.status().files.total == 4
        assert index.status().coverage.keyword == 1.0
