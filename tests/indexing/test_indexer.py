from __future__ import annotations

import dataclasses
import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from converters.registry import convert_file
from localsearch import config
from localsearch.api import Index
from localsearch.engine.lazy import LazyEmbedder
from localsearch.indexing import reading
from localsearch.indexing.indexer import Indexer
from localsearch.scanning.changes import scanned_file
from localsearch.store import Store
from localsearch.types import Progress, UsageError
from tests.stopping import update_until

NO_MODEL = config.Settings(models=config.ModelSettings(embedder="/no/such/model.gguf"))

SMALL = dataclasses.replace(NO_MODEL, converters=config.ConverterSettings(timeout_s=1e-9))


def reader(index: Index) -> Store:
    """A look into the tables."""
    return index._reader()


def found(index: Index, text: str, folder: Path) -> list[str]:
    *_, stage = index.search(index.parse(text, mode="keyword"))
    paths = dict.fromkeys(path for hit in stage.hits for path in (hit.path, *hit.copies))
    return [os.path.relpath(path, folder) for path in paths]


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
    assert not [path for path in opened if path.startswith(str(library))]


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


def test_what_is_only_in_the_cloud_is_not_read_ahead(
    home: config.Paths, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = library / "garden/bees.txt"
    expected: set[str] = set()

    def expect(path: str, *, ocr: bool, plugins: Sequence[str]) -> None:
        expected.add(path)

    with Index(home, NO_MODEL) as index, Store(home.index_file) as store:
        index.add_roots([str(library)])
        indexer = Indexer(store, home, NO_MODEL, None)
        indexer.find_changes()
        # It was put away between the scan and now.
        inode = away.stat().st_ino
        monkeypatch.setattr(reading, "is_placeholder", lambda status: status.st_ino == inode)
        indexer.read_changes(convert_file, expect=expect)
    assert str(away) not in expected
    assert str(library / "letters/heizung.txt") in expected


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


def test_files_that_cannot_be_read_are_recorded_and_tried_again(
    filled: Index, library: Path
) -> None:
    bad = library / "broken.pdf"
    bad.write_bytes(b"%PDF-1.7\nnothing of the kind")
    report = filled.update()
    assert [failure.path for failure in report.failed] == [str(bad)]
    assert report.failed[0].reason
    assert found(filled, "broken", library) == ["broken.pdf"]
    assert filled.update().changed == 0
    bad.unlink()
    bad.with_suffix(".txt").write_text("mended words")
    assert filled.update().failed == ()
    assert found(filled, "mended", library) == ["broken.txt"]


def test_only_failures_of_what_was_asked_for_are_told(filled: Index, library: Path) -> None:
    broken = library / "garden/broken.pdf"
    broken.write_bytes(b"%PDF-1.4 broken")
    assert [each.path for each in filled.update().failed] == [str(broken)]
    assert filled.update([str(library / "letters")]).failed == ()
    assert [each.path for each in filled.update([str(broken)]).failed] == [str(broken)]


def test_files_without_text_are_found_by_name(filled: Index, library: Path) -> None:
    (library / "holiday-beach.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8)
    filled.update()
    assert found(filled, "holiday", library) == ["holiday-beach.jpg"]
    assert filled.status().files.skipped == 1


def test_secrets_are_not_even_found_by_name(filled: Index, library: Path) -> None:
    (library / ".env").write_text("TOKEN=abcdef")
    (library / "id_rsa").write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
    filled.update()
    assert found(filled, "TOKEN", library) == []
    assert found(filled, "id_rsa", library) == []


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


def test_a_path_that_is_nowhere_is_refused(filled: Index, library: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        filled.update([str(library / "letters/mistyped.txt")])
    (library / "garden/bees.txt").unlink()
    assert filled.update([str(library / "garden/bees.txt")]).removed == 1


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


def test_names_with_bytes_that_are_no_text(filled: Index, library: Path) -> None:
    raw = os.fsencode(library) + b"/caf\xe9\n.txt"
    with open(raw, "w", encoding="utf-8") as file:
        file.write("unusual vocabulary")
    filled.update()
    *_, stage = filled.search(filled.parse("vocabulary", mode="keyword"))
    assert os.fsencode(stage.hits[0].path) == raw
    assert filled.update().changed == 0


def test_times_and_numbers_that_sqlite_cannot_hold_stop_nothing(
    home: config.Paths, library: Path
) -> None:
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        os.utime(library / "garden/bees.txt", (1e12, 1e12))
        assert index.update().added == 5
        report = index.update()
        assert (report.unchanged, report.changed) == (5, 0)


def test_numbers_of_any_file_system_fit() -> None:
    def numbered(inode: int) -> int:
        numbers = (0o100644, inode, 2**64 - 1, 1, 0, 0, 9, 0, 0, 0)
        return scanned_file("/a", os.stat_result(numbers, {"st_mtime_ns": 2**80})).inode

    inodes = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
    found = [numbered(inode) for inode in inodes]
    assert all(-(2**63) <= each < 2**63 for each in found)
    assert len(set(found)) == len(inodes)


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


def test_what_is_deleted_while_others_are_read_goes(home: config.Paths, library: Path) -> None:
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])

        def delete(progress: Progress) -> None:
            if progress.phase == "reading":
                (library / "garden/bees.txt").unlink(missing_ok=True)

        index.update(progress=delete)
        assert index.status().files.total == 4
        assert index.status().coverage.keyword == 1.0


def test_an_archive_may_hold_two_of_one_name(home: config.Paths, library: Path) -> None:
    with tarfile.open(library / "twice.tar", "w") as tar:
        for text in (b"the first version", b"the second version"):
            entry = tarfile.TarInfo("notes/a.txt")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    with zipfile.ZipFile(library / "cleaned.zip", "w") as archive:
        # Other numbers, as copies would be listed once.
        for number, name in enumerate(("a\x01.txt", "a\x02.txt", "a.txt")):
            archive.writestr(name, f"zipped words {number}")
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        assert not index.update().failed
        *_, stage = index.search(index.parse("version", mode="keyword"))
        assert {hit.member for hit in stage.hits} == {"notes/a.txt", "notes/a.txt (2)"}
        *_, stage = index.search(index.parse("zipped", mode="keyword"))
        assert len({hit.member for hit in stage.hits}) == 3


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


def test_what_failed_is_tried_again_when_asked(
    home: config.Paths, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = library / "garden/bees.txt"
    with Index(home, NO_MODEL) as index:
        index.add_roots([str(library)])
        with monkeypatch.context() as patch:
            # Too little for any file, as on a machine that's out of memory.
            patch.setattr(index, "settings", SMALL)
            index.update()
        assert str(path) in [each.path for each in index.status().failures]
        index.update([str(path)])
        assert str(path) in [each.path for each in index.status().failures]
        index.update([str(path)], full=True)
        assert str(path) not in [each.path for each in index.status().failures]
        assert len(index.status().failures) == 4
