"""Values that hold others: what's put in can be asked for."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from localsearch.types import KnownFile, KnownFiles

PATHS = st.lists(st.sampled_from(["a", "b", "c d", "é"]), min_size=1, max_size=4).map(
    lambda parts: os.sep + os.sep.join(parts)
)


@given(st.lists(PATHS))
def test_known_files_are_found_by_path_and_by_folder(paths: list[str]) -> None:
    known = KnownFiles(KnownFile(path, at, 0, 0, 0, "indexed") for at, path in enumerate(paths))
    expected = {path: at for at, path in enumerate(paths)}
    assert {path: file.size for path, file in known.items()} == expected
    assert len(known) == len(expected)
    assert known.get(os.sep + "nowhere") is None
    folders = {os.path.dirname(path) for path in paths}
    assert {folder or os.sep for folder in known.folders()} == folders
    for folder in folders:
        within = {path for path in expected if os.path.dirname(path) == folder}
        assert {file.path for file in known.in_folder(folder).values()} == within
