from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from localsearch.rebuild import begin_anew, note_roots
from localsearch.store import Store
from localsearch.types import NoIndexError, StoreDamagedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from localsearch.api import Index

PAGE_BYTES = 16384


def found(index: Index, text: str) -> list[str]:
    *_, stage = index.search(index.parse(text, mode="keyword"))
    return sorted(os.path.basename(hit.path) for hit in stage.hits)


def all_in_the_file(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def overwrite_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(4096))


def overwrite_pages(path: Path) -> None:
    """All but the first, which tells that it's a database, and of whom."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(PAGE_BYTES)
        file.write(os.urandom(size - PAGE_BYTES))


def cut_off(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [overwrite_header, overwrite_pages, cut_off])
def test_a_damaged_index_is_kept_and_rebuilt_of_the_files(
    filled: Index, library: Path, damage: Callable[[Path], None]
) -> None:
    path = filled.paths.index_file
    filled.close()
    all_in_the_file(path)
    damage(path)
    damaged = path.read_bytes()
    with pytest.raises(StoreDamagedError) as caught:
        found(filled, "hive")
    assert "localsearch index" in caught.value.remedy
    report = filled.update()
    assert report.added == 5
    assert found(filled, "hive") == ["bees.txt"]
    assert filled.status().coverage.semantic == 1.0
    (kept,) = path.parent.glob("index.db.damaged-????-??-??")
    assert kept.read_bytes() == damaged
    assert str(kept) in report.notices[0]
    assert filled.update().added == 0


def test_adding_a_folder_to_a_damaged_index_keeps_the_others(
    filled: Index, library: Path, tmp_path: Path
) -> None:
    filled.close()
    cut_off(filled.paths.index_file)
    other = tmp_path / "other"
    other.mkdir()
    filled.add_roots([str(other)])
    assert [root.path for root in filled.status().roots] == [str(library), str(other)]
    assert "the index was damaged" in filled.why_anew()
    report = filled.update([str(other)])
    assert "the index was damaged" in report.notices[0]
    assert found(filled, "hive") == ["bees.txt"]
    assert filled.why_anew() == ""
    assert filled.update().notices == ()


def test_a_part_of_a_damaged_index_is_not_all_that_is_read_again(
    filled: Index, library: Path
) -> None:
    filled.close()
    all_in_the_file(filled.paths.index_file)
    overwrite_header(filled.paths.index_file)
    assert filled.update([str(library / "letters")]).added == 5
    filled.close()
    filled.paths.index_file.unlink()
    report = filled.update([str(library / "letters")])
    assert (report.added, report.notices[0][:18]) == (5, "the index was gone")


def test_a_reader_goes_over_to_the_new_index(filled: Index, library: Path) -> None:
    assert found(filled, "hive") == ["bees.txt"]
    (library / "garden/bees.txt").write_text("walnuts")
    with begun_anew(filled), Store(filled.paths.index_file) as store:
        assert [path for path, _, _ in store.files.roots()] == [str(library)]
    assert found(filled, "hive") == []
    filled.update()
    assert found(filled, "walnuts") == ["bees.txt"]


def begun_anew(index: Index) -> Store:
    begin_anew(index.paths, StoreDamagedError("damaged"))
    return Store(index.paths.index_file)


def test_the_roots_of_an_index_that_noted_none_are_read_from_it(
    filled: Index, library: Path
) -> None:
    filled.paths.roots_file.unlink()
    with begun_anew(filled) as store:
        assert [path for path, _, _ in store.files.roots()] == [str(library)]


def test_where_nobody_knows_the_roots_it_says_so(filled: Index) -> None:
    filled.close()
    overwrite_header(filled.paths.index_file)
    filled.paths.roots_file.unlink()
    with pytest.raises(StoreDamagedError) as caught:
        filled.update()
    assert "localsearch add" in caught.value.remedy


def test_an_index_that_was_never_begun_is_not_called_damaged(index: Index, library: Path) -> None:
    # As a first `add` leaves it that's stopped at once.
    index.paths.index_file.parent.mkdir(parents=True)
    index.paths.index_file.touch()
    with pytest.raises(NoIndexError):
        index.update()
    index.add_roots([str(library)])
    assert index.why_anew() == ""
    assert [file.name for file in index.paths.data_dir.glob("*damaged*")] == []
    assert [root.path for root in index.status().roots] == [str(library)]


def test_what_only_looks_like_damage_harms_nothing(filled: Index) -> None:
    before = filled.paths.index_file.read_bytes()
    error = StoreDamagedError("looks like it")
    error.__cause__ = apsw.ConstraintError("a fault of the program")
    with pytest.raises(StoreDamagedError, match="looks like it"):
        begin_anew(filled.paths, error)
    assert filled.paths.index_file.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="paths that aren't text are of POSIX systems")
def test_roots_of_any_name_are_noted_for_the_user_alone(filled: Index, library: Path) -> None:
    odd = os.fsdecode(bytes(library / "odd") + b"\n\xff%20 \xc3\xa9")
    os.mkdir(odd)
    filled.add_roots([odd])
    assert filled.paths.roots_file.stat().st_mode & 0o777 == 0o600
    with begun_anew(filled) as store:
        assert [path for path, _, _ in store.files.roots()] == [str(library), odd]
        with store.transaction():
            store.files.remove_root(odd)
        note_roots(filled.paths, store)
    with begun_anew(filled) as store:
        assert [path for path, _, _ in store.files.roots()] == [str(library)]


def test_an_index_that_was_moved_away_is_made_anew(filled: Index) -> None:
    filled.close()
    filled.paths.index_file.unlink()
    assert filled.update().added == 5
    assert found(filled, "hive") == ["bees.txt"]


def test_adding_a_folder_to_an_index_that_was_moved_away_keeps_the_others(
    filled: Index, library: Path, tmp_path: Path
) -> None:
    filled.close()
    filled.paths.index_file.unlink()
    other = tmp_path / "other"
    other.mkdir()
    filled.add_roots([str(other)])
    assert [root.path for root in filled.status().roots] == [str(library), str(other)]


def test_files_of_an_earlier_damage_are_never_written_over(filled: Index) -> None:
    path = filled.paths.index_file
    filled.close()
    kept = path.with_name(f"{path.name}.damaged-{time.strftime('%Y-%m-%d')}-wal")
    kept.write_bytes(b"what was kept before")
    overwrite_header(path)
    filled.update()
    assert kept.read_bytes() == b"what was kept before"
    assert len(list(path.parent.glob("index.db.damaged-*-2*"))) >= 1
