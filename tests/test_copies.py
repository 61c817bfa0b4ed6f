from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localsearch.copies import is_copy

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.types import Mode

LETTER = (
    "The committee met on Tuesday evening in the old boathouse and agreed, after a long debate"
    " about the harbour wall, to repaint the lighthouse before the herring fleet comes home."
)


@pytest.fixture
def shelf(index: Index, tmp_path: Path) -> Path:
    """An indexed folder: a letter, a copy, one rewrapped, others like it."""
    folder = tmp_path / "shelf"
    (folder / "old").mkdir(parents=True)
    (folder / "letter.txt").write_text(LETTER)
    (folder / "old" / "letter.txt").write_text(LETTER)
    (folder / "old" / "wrapped.txt").write_text(LETTER.replace(", ", ",\n").replace("old", "OLD"))
    (folder / "march.txt").write_text("Invoice 3 for rent, payable to the harbour office at once.")
    (folder / "april.txt").write_text("Invoice 4 for rent, payable to the harbour office at once.")
    index.add_roots([str(folder)])
    index.update()
    return folder


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
def test_copies_are_listed_once_with_their_places(index: Index, shelf: Path, mode: Mode) -> None:
    *_, stage = index.search(index.parse("committee repaint lighthouse", mode=mode))
    letters = {str(shelf / name) for name in ("letter.txt", "old/letter.txt", "old/wrapped.txt")}
    first, *others = stage.hits
    assert {first.path, *first.copies} == letters
    assert not letters.intersection(hit.path for hit in others)


def test_what_differs_in_a_number_is_no_copy(index: Index, shelf: Path) -> None:
    *_, stage = index.search(index.parse("invoice rent", mode="keyword"))
    assert {hit.path for hit in stage.hits} == {str(shelf / "march.txt"), str(shelf / "april.txt")}
    assert not any(hit.copies for hit in stage.hits)


def test_a_copy_asked_for_by_its_name_stands_for_the_others(index: Index, shelf: Path) -> None:
    *_, stage = index.search(index.parse("wrapped"))
    assert stage.hits[0].path == str(shelf / "old" / "wrapped.txt")


def test_other_words_are_no_copy() -> None:
    assert is_copy(LETTER, LETTER.upper())
    assert not is_copy(LETTER, LETTER[:90])
    assert not is_copy(LETTER, "The committee didn't meet, and the lighthouse stays as it is." * 2)
