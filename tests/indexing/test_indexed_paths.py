"""Paths that users name are found in the index whichever way they lead there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localsearch.indexing.indexed_paths import (
    as_indexed,
    is_inside,
    require_in_root,
    require_searchable,
)
from localsearch.types import NoIndexError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "root"
    (root / "inner").mkdir(parents=True)
    return root


def test_a_folder_holds_itself_and_what_is_in_it_only() -> None:
    assert is_inside("/a", "/a")
    assert is_inside("/a/b", "/a")
    assert is_inside("/a", "/")
    assert not is_inside("/ab", "/a")
    assert not is_inside("/a", "/a/b")


def test_links_are_followed_to_what_is_indexed(root: Path) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    within = root / "shortcut"
    within.symlink_to(root / "inner")
    for given, meant in (
        (link, root),
        (link / "inner", root / "inner"),
        (within, root / "inner"),
        (root.parent, root.parent),
        (root / "not there", root / "not there"),
    ):
        assert as_indexed(str(given), [str(root)]) == str(meant)


def test_what_is_in_no_indexed_folder_is_told_from_what_is_not_there(root: Path) -> None:
    roots = [str(root)]
    assert require_in_root(str(root / "inner"), roots) == str(root / "inner")
    with pytest.raises(NoIndexError, match="in no indexed folder"):
        require_in_root(str(root.parent), roots)
    with pytest.raises(UsageError, match="there is no file or folder"):
        require_in_root(str(root.parent / "nowhere"), roots)


def test_above_indexed_folders_can_be_searched(root: Path) -> None:
    require_searchable(str(root.parent), [str(root)])
    with pytest.raises(NoIndexError):
        require_searchable(str(root.parent), [])
