"""Whatever stands behind `path:`, it's a pattern or none, and never an error."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localsearch.query.globs import path_pattern


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("src/**", "home/ann/src/a/b.py", True),
        ("src", "home/ann/src/a/b.py", True),
        ("*.txt", "home/ann/a.txt", True),
        ("*.txt", "home/ann/a.text", False),
        ("/home/ann", "home/ann/a.txt", True),
        ("/ann", "home/ann/a.txt", False),
    ],
)
def test_globs_are_those_of_gitignore_at_any_depth(glob: str, path: str, fits: bool) -> None:
    pattern = path_pattern(glob)
    assert pattern is not None
    assert (pattern.match(path) is not None) == fits


@pytest.mark.parametrize("glob", ["[z-a]", "foo\\"])
def test_what_means_nothing_is_no_pattern(glob: str) -> None:
    assert path_pattern(glob) is None


@given(
    st.one_of(
        st.text(st.sampled_from("[]!^-\\*?/a~z. #{}()+|$\n"), max_size=12), st.text(max_size=20)
    )
)
@example("[[:alpha:]")
@example("~\x00")
def test_no_glob_raises(glob: str) -> None:
    pattern = path_pattern(glob)
    if pattern is not None:
        pattern.match("home/ann/a.txt")


@pytest.mark.parametrize("stars", [4, 10, 60])
def test_many_stars_take_no_time(stars: int) -> None:
    pattern = path_pattern("*a" * stars + "b")
    assert pattern is not None
    began_s = time.process_time()
    assert not pattern.match("folder/" + "a" * 200)
    assert time.process_time() - began_s < 0.5
    assert path_pattern("**/" * 10 + "a") is None
