"""Does the full text come into one piece, and stay what it is meanwhile?"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from localsearch.keywords import query_terms
from localsearch.store import Store, merging
from tests.store.making import find, put

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def always() -> bool:
    return True


def up_to(steps: int) -> Callable[[], bool]:
    """Says so many times to go on."""
    left = itertools.chain([True] * steps, itertools.repeat(False))
    return lambda: next(left)


def segments(store: Store) -> int:
    rows = store._connection.execute("SELECT count(DISTINCT segid) FROM chunks_fts_idx").get
    return int(rows)


def put_moons(store: Store) -> None:
    for number in range(30):
        put(store, f"/r/{number}.txt", *(f"moon{number} word{each} tide" for each in range(40)))
    with store.transaction():
        file_id = store.files.id_of("/r/7.txt")
        assert file_id is not None
        store.documents.remove_files([file_id])


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_it_comes_into_one_piece_even_when_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(merging, "_FEWEST_PAGES", 2)
    monkeypatch.setattr(merging, "_PAGES_A_STEP", 1)
    with Store(tmp_path / "index.db") as store:
        put_moons(store)
        assert segments(store) > 1
        store.merge_words(up_to(steps))
        assert find(store, "moon3 word5") == ["/r/3.txt"]
        put(store, "/r/new.txt", "a new moon")
        monkeypatch.setattr(merging, "_MOST_IN_OTHERS", 0)
        store.merge_words(always)
        assert segments(store) == 1
        assert find(store, "new moon") == ["/r/new.txt"]
        assert find(store, "moon3 word5") == ["/r/3.txt"]
        assert find(store, "moon7") == []
        assert store.matches.count(query_terms("tide"), "AND") == 29 * 40
        assert store.checks.problems() == ()


def test_what_is_small_or_mostly_in_one_piece_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "index.db") as store:
        put_moons(store)
        before = segments(store)
        assert before > 1
        store.merge_words(always)
        assert segments(store) == before
        monkeypatch.setattr(merging, "_FEWEST_PAGES", 2)
        monkeypatch.setattr(merging, "_MOST_IN_OTHERS", 0)
        store.merge_words(always)
        monkeypatch.setattr(merging, "_MOST_IN_OTHERS", 0.5)
        put(store, "/r/new.txt", "a new moon")
        before = segments(store)
        assert before > 1
        store.merge_words(always)
        assert segments(store) == before
