"""What's forgotten is gone: from tables, the full text's own data, and the bytes of all files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.config import IndexSettings, Paths
from localsearch.scanning.gitignore import parse_rules, path_rule
from localsearch.scanning.ignore import IgnoreRules
from localsearch.store import Store
from localsearch.types import Forgotten, NoIndexError, StoreLockedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localsearch.api import Index

SECRET = "zyxomorphology"
UNIQUE_WORDS = (SECRET, "quadrilliontuple", "天罡地煞秘密")


@pytest.fixture
def secret(filled: Index, library: Path) -> Path:
    path = library / "letters/secret.txt"
    path.write_text(f"The {' '.join(UNIQUE_WORDS)} is ours alone.\n\nThe hive, too.\n")
    (library / "letters/copy.txt").write_text("The hive, too.\n")
    filled.update()
    assert found(filled, SECRET) == ["secret.txt"]
    return path


def found(index: Index, text: str) -> list[str]:
    *_, stage = index.search(index.parse(text, mode="keyword"))
    return sorted(os.path.basename(hit.path) for hit in stage.hits)


def vocabulary(index: Index) -> set[str]:
    """All terms in the full text's own data, deleted rows' included."""
    connection = apsw.Connection(str(index.paths.index_file))
    terms: set[str] = set()
    for table in ("chunks_fts", "files_fts"):
        connection.execute(f"CREATE VIRTUAL TABLE temp.v USING fts5vocab (main, {table}, instance)")
        terms |= {str(row[0]) for row in connection.execute("SELECT term FROM temp.v")}
        connection.execute("DROP TABLE temp.v")
        # A segment holds its terms with what they share with the one before left out; the first of
        # each page is whole.
        for (block,) in connection.execute(f"SELECT block FROM {table}_data"):
            terms |= {word for word in UNIQUE_WORDS if word.encode() in bytes(block)}
    connection.close()
    return terms


def vectors(index: Index) -> set[bytes]:
    connection = apsw.Connection(str(index.paths.index_file))
    rows = {bytes(row[0]) for row in connection.execute("SELECT embedding FROM vectors")}
    connection.close()
    return rows


def bytes_on_disk(index: Index) -> Iterator[tuple[Path, bytes]]:
    for folder in (index.paths.data_dir, index.paths.state_dir):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_relative_to(index.paths.models_dir):
                yield path, path.read_bytes()


def test_nothing_of_it_is_left(filled: Index, secret: Path, library: Path) -> None:
    before = vectors(filled)
    for query in (f"what is {SECRET}", "hive", "天罡地煞"):
        filled.remember(query)
    filled.save_search("mine", "kind:text")
    with filled._open_state() as state:
        state.put_rerank_scores("m", SECRET, {"p": 0.5})
    filled.paths.log_file.write_text(f"can't read {secret}: why\nall is well\n")
    assert any(SECRET.encode() in content for _, content in bytes_on_disk(filled))
    done = filled.forget([str(secret)])
    assert done == Forgotten(files=1, queries=2)
    assert found(filled, SECRET) == []
    assert found(filled, "hive") == ["bees.txt", "copy.txt"]
    assert filled.history() == ["hive"]
    assert filled.saved_searches() == {"mine": "kind:text"}
    assert vocabulary(filled).isdisjoint({SECRET, "quadrilliontuple", "天罡", "地煞"})
    gone = before - vectors(filled)
    assert gone
    for path, content in bytes_on_disk(filled):
        for word in (*UNIQUE_WORDS, "secret.txt"):
            assert word.encode() not in content, path
        assert not any(vector in content for vector in gone), path
    assert filled.paths.log_file.read_text() == "all is well\n"
    with Store(filled.paths.index_file) as store:
        assert store.checks.problems() == ()
    assert secret.exists()


def test_it_never_comes_back(filled: Index, secret: Path, library: Path) -> None:
    filled.forget([str(secret)])
    (library / ".localsearchignore").write_text("!secret.txt\n")
    filled.paths.ignore_file.write_text("!secret.txt\n")
    secret.write_text(f"{SECRET} again")
    assert filled.update().added == 0
    assert found(filled, SECRET) == []
    # Until the user wants it to.
    filled.paths.forgotten_file.unlink()
    assert filled.update().added == 1


def test_a_folder_is_forgotten_with_all_that_is_in_it(filled: Index, library: Path) -> None:
    assert filled.forget([str(library / "garden"), str(library / "code/retry.py")]).files == 3
    report = filled.update()
    assert (report.added, report.removed) == (0, 0)
    assert found(filled, "hive") == []
    assert filled.forget([str(library / "garden")]).files == 0
    assert len(filled.paths.forgotten_file.read_text().splitlines()) == 4


def test_a_root_is_removed_and_may_be_added_again(filled: Index, library: Path) -> None:
    assert filled.forget([str(library)]).files == 5
    assert filled.status().roots == ()
    assert not filled.paths.roots_file.read_text().count(library.name)
    filled.add_roots([str(library)])
    assert filled.update().added == 5


def test_a_root_that_was_forgotten_half_way_is_forgotten_whole(
    filled: Index, secret: Path, library: Path
) -> None:
    filled.remember(f"what is {SECRET}")
    with Store(filled.paths.index_file, readonly=True) as reader, reader.snapshot():
        reader.files.counts()
        with pytest.raises(StoreLockedError):
            filled.forget([str(library)])
    assert filled.forget([str(library)]).queries == 1
    assert all(SECRET.encode() not in content for _, content in bytes_on_disk(filled))
    with pytest.raises(NoIndexError):
        filled.forget([str(library)])


def test_a_folder_in_a_folder_that_stays_does_not_come_back(filled: Index, library: Path) -> None:
    filled.add_roots([str(library / "garden")])
    assert filled.forget([str(library / "garden")]).files == 2
    assert [root.path for root in filled.status().roots] == [str(library)]
    assert filled.update().added == 0


def test_what_is_in_no_root_is_told(filled: Index, tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        filled.forget([str(tmp_path / "elsewhere")])
    assert not filled.paths.forgotten_file.exists()


def test_a_slip_of_the_pen_forgets_nothing(filled: Index, secret: Path, library: Path) -> None:
    with pytest.raises(UsageError, match="nothing was forgotten") as raised:
        filled.forget([str(secret), str(library / "leters")])
    assert "leters" in raised.value.cause
    assert found(filled, SECRET) == ["secret.txt"]
    assert not filled.paths.forgotten_file.exists()
    # What's gone from the disk is still in the index.
    secret.unlink()
    assert filled.forget([str(secret)]).files == 1


def test_who_still_reads_the_old_pages_is_told_of(filled: Index, secret: Path) -> None:
    filled.remember(f"what is {SECRET}")
    with Store(filled.paths.index_file, readonly=True) as reader, reader.snapshot():
        reader.files.counts()
        with pytest.raises(StoreLockedError):
            filled.forget([str(secret)])
    assert any(SECRET.encode() in content for _, content in bytes_on_disk(filled))
    # The same again ends what was begun.
    assert filled.forget([str(secret)]).files == 0
    assert all(SECRET.encode() not in content for _, content in bytes_on_disk(filled))


def test_rules_in_another_encoding_stay_as_they_are(
    index: Index, library: Path, tmp_path: Path
) -> None:
    index.add_roots([str(library)])
    file = index.paths.forgotten_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"/home/caf\xe9\n")
    index.forget([str(library / "garden")])
    assert file.read_bytes().splitlines() == [
        b"/home/caf\xe9",
        os.fsencode(path_rule(str(library / "garden"))),
    ]


def test_the_log_keeps_what_has_a_longer_name(index: Index, library: Path) -> None:
    index.add_roots([str(library)])
    garden = str(library / "garden")
    kept = f"can't read {garden}er: why\ncan't read /mnt{garden}: why\n"
    index.paths.log_file.parent.mkdir(parents=True, exist_ok=True)
    index.paths.log_file.write_text(f"can't read {garden}/bees.txt: why\n{kept}in {garden}: why\n")
    index.forget([garden])
    assert index.paths.log_file.read_text() == kept


@pytest.mark.parametrize("is_damaged", [False, True])
def test_what_was_built_for_another_model_goes_on_without_it(
    filled: Index, secret: Path, is_damaged: bool
) -> None:
    copy = filled.paths.next_index_file
    with Store(filled.paths.index_file) as store, Store(copy) as beside:
        store.copy_to(beside)
    if is_damaged:
        copy.write_bytes(b"not a database at all, but the " + SECRET.encode())
    filled.forget([str(secret)])
    assert copy.exists() != is_damaged
    for path, content in bytes_on_disk(filled):
        assert not any(word.encode() in content for word in UNIQUE_WORDS), path
    if not is_damaged:
        with Store(copy, readonly=True) as beside:
            assert beside.files.counts()["indexed"] == 6
            assert beside.checks.problems() == ()


def test_damaged_files_that_are_kept_are_named(filled: Index, secret: Path) -> None:
    kept = filled.paths.index_file.with_name("index.db.damaged-2026-01-01")
    kept.write_bytes(b"who knows")
    assert filled.forget([str(secret)]).remains == (str(kept),)


@given(
    st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda n: n not in "./..")
)
def test_the_rule_stands_for_the_path(name: str) -> None:
    rules = parse_rules([path_rule(f"/home/ann/{name}")])
    found = rules.last_match(name, "home/ann/", False)
    assert found is not None
    assert not found.negated
    assert rules.last_match(name + "x", "home/ann/", False) is None
    assert rules.last_match(name, "home/bob/", False) is None


@pytest.mark.skipif(os.name == "nt", reason="names of any bytes are of POSIX systems")
def test_names_that_are_no_text_are_forgotten_too(home: Paths, tmp_path: Path) -> None:
    name = os.fsdecode(b"new\nline \xff[1]!")
    home.config_dir.mkdir(parents=True)
    home.forgotten_file.write_text(path_rule(str(tmp_path / name)) + "\n")
    rules = IgnoreRules([str(tmp_path)], IndexSettings(), paths=home)
    assert rules.is_ignored(str(tmp_path / name), False)
    assert not rules.is_ignored(str(tmp_path / "newline"), False)
