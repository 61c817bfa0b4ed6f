"""What changed? Scans of real trees, compared with what was known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.config import IndexSettings
from localsearch.scanning.scan import ScannedFile, compare
from localsearch.types import KnownFiles
from tests.scanning.looking import known_of, make, names, quick_rescan, rescan, write


def test_new_changed_unchanged_moved_and_vanished(tmp_path: Path) -> None:
    for name in ("same.txt", "changed.txt", "touched.txt", "replaced.txt", "old.txt", "gone.txt"):
        write(tmp_path / name, name)
    known = known_of(make(tmp_path))
    write(tmp_path / "new.txt")
    write(tmp_path / "changed.txt", "longer than before")
    os.utime(tmp_path / "touched.txt", ns=(1, 1))
    times = os.stat(tmp_path / "replaced.txt")
    write(tmp_path / "draft", "replaced.txt")
    os.utime(tmp_path / "draft", ns=(times.st_atime_ns, times.st_mtime_ns))
    os.replace(tmp_path / "draft", tmp_path / "replaced.txt")
    (tmp_path / "old.txt").rename(tmp_path / "renamed.txt")
    (tmp_path / "gone.txt").unlink()
    changes, _ = rescan(known, tmp_path)
    assert names(changes.new) == ["new.txt"]
    assert names(changes.changed) == ["changed.txt", "replaced.txt", "touched.txt"]
    assert names(changes.unchanged) == ["same.txt"]
    ((old_path, moved),) = changes.moved
    assert os.path.basename(old_path) == "old.txt"
    assert moved.path.endswith("renamed.txt")
    assert [os.path.basename(path) for path in changes.vanished] == ["gone.txt"]
    assert changes.same == []
    quick = quick_rescan(known, tmp_path)
    assert quick.same == [known[file.path] for file in changes.unchanged]
    assert quick == replace(changes, unchanged=[], same=quick.same)


@pytest.mark.parametrize(("old", "new"), [("a.txt", "a.md"), ("Makefile", "notes")])
def test_a_name_of_another_converter_is_no_mere_move(tmp_path: Path, old: str, new: str) -> None:
    write(tmp_path / old)
    known = known_of(make(tmp_path))
    (tmp_path / old).rename(tmp_path / new)
    changes, _ = rescan(known, tmp_path)
    assert changes.moved == []
    assert len(changes.new) == len(changes.vanished) == 1


def test_a_file_that_comes_under_a_rule_vanishes(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    known = known_of(make(tmp_path))
    write(tmp_path / ".ignore", "*.txt\n")
    changes, _ = rescan(known, tmp_path)
    assert changes.vanished == list(known)


def test_another_limit_of_size_changes_what_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "x" * 50)
    (found,) = make(tmp_path)
    indexed = known_of([found])
    small = make(tmp_path, index=IndexSettings(10))
    assert len(compare(small, indexed, small).changed) == 1
    never_read = KnownFiles(
        file._replace(state="name_only", chunker=0) for file in indexed.values()
    )
    still = make(tmp_path, index=IndexSettings(10))
    assert len(compare(still, never_read, still).unchanged) == 1
    changes, _ = rescan(never_read, tmp_path)
    assert len(changes.changed) == 1
    assert quick_rescan(never_read, tmp_path) == changes
    without_text = KnownFiles(file._replace(chunker=1) for file in never_read.values())
    changes, _ = rescan(without_text, tmp_path)
    assert len(changes.unchanged) == 1
    assert quick_rescan(without_text, tmp_path).same == list(without_text.values())


@given(
    st.dictionaries(st.sampled_from([f"f{n}" for n in range(8)]), st.integers(1, 3)),
    st.dictionaries(st.sampled_from([f"f{n}" for n in range(8)]), st.integers(1, 3)),
)
def test_every_file_falls_in_one_class(before: dict[str, int], after: dict[str, int]) -> None:
    def described(files: dict[str, int]) -> Iterator[ScannedFile]:
        for name, fact in files.items():
            yield ScannedFile(f"/r/{name}", fact, fact, fact, 1)

    nothing = make()
    changes = compare(described(after), known_of(described(before)), nothing)
    seen = [file.path for file in (*changes.new, *changes.changed, *changes.unchanged)]
    seen += [file.path for _, file in changes.moved]
    assert sorted(seen) == sorted(f"/r/{name}" for name in after)
    gone = changes.vanished + [path for path, _ in changes.moved]
    assert sorted(gone) == sorted(f"/r/{name}" for name in before.keys() - after.keys())
    assert {file.path for file in changes.unchanged} == {
        f"/r/{name}" for name in before.keys() & after.keys() if before[name] == after[name]
    }
