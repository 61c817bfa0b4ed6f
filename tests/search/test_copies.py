from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localsearch.search.copies import is_copy, same_words

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
    (folder / "old" / "wrapped.txt").write_text(LETTER.replace(", ", "\n").replace("old", "OLD"))
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


def test_what_differs_in_a_word_or_a_number_is_no_copy(index: Index, shelf: Path) -> None:
    *_, stage = index.search(index.parse("invoice rent", mode="keyword"))
    assert {hit.path for hit in stage.hits} == {str(shelf / "march.txt"), str(shelf / "april.txt")}
    assert not any(hit.copies for hit in stage.hits)
    assert same_words(LETTER) != same_words(LETTER.replace("agreed", "declined"))
    assert same_words("三月的收据") != same_words("四月的收据")


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_files_found_by_their_name_are_all_listed(index: Index, shelf: Path, mode: Mode) -> None:
    named = {str(shelf / "letter.txt"), str(shelf / "old" / "letter.txt")}
    *_, stage = index.search(index.parse("letter", mode=mode))
    assert named <= {hit.path for hit in stage.hits}


def test_a_list_of_files_shows_all(index: Index, shelf: Path) -> None:
    *_, stage = index.search(index.parse("after:1970"))
    assert {hit.path for hit in stage.hits} == {str(each) for each in shelf.rglob("*.txt")}


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
def test_copies_leave_room_for_what_else_there_is(index: Index, tmp_path: Path, mode: Mode) -> None:
    folder = tmp_path / "licences"
    for number in range(120):
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "a.txt").write_text("This software comes without any warranty.")
    (folder / "note.txt").write_text("The shop refused the warranty for my software as I was late.")
    index.add_roots([str(folder)])
    index.update()
    *_, stage = index.search(index.parse("software warranty", mode=mode))
    assert len(stage.hits) == 2
    assert str(folder / "note.txt") in {hit.path for hit in stage.hits}


def test_passages_of_one_file_stand_for_themselves(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "twice"
    folder.mkdir()
    (folder / "log.md").write_text(f"# Monday\n\n{LETTER}\n\n# Friday\n\n{LETTER}\n")
    index.add_roots([str(folder)])
    index.update()
    *_, stage = index.search(index.parse("committee lighthouse", passages=True))
    assert {hit.locator.heading for hit in stage.hits} == {("Monday",), ("Friday",)}


def test_other_words_are_no_copy() -> None:
    assert is_copy(LETTER, LETTER.upper())
    assert not is_copy(LETTER, LETTER[:90])
    assert not is_copy(LETTER, "The committee didn't meet, and the lighthouse stays as it is." * 2)


def test_a_named_file_stands_for_its_copies_and_is_none_of_another(
    index: Index, shelf: Path
) -> None:
    (shelf / "lighthouse ledger.txt").write_text(LETTER)
    (shelf / "ledger of the lighthouse.txt").write_text(LETTER)
    index.update()
    *_, stage = index.search(index.parse("lighthouse ledger"))
    with_letter = [hit for hit in stage.hits if same_words(hit.text) == same_words(LETTER)]
    listed = {hit.path for hit in with_letter}
    named = {
        str(shelf / f"{each}.txt") for each in ("lighthouse ledger", "ledger of the lighthouse")
    }
    assert listed == named
    assert not any(listed.intersection(hit.copies) for hit in with_letter)
    places = {str(shelf / each) for each in ("letter.txt", "old/letter.txt", "old/wrapped.txt")}
    assert {path for hit in with_letter for path in hit.copies} == places


def test_a_banner_of_marks_makes_no_other_text(index: Index, tmp_path: Path) -> None:
    for name, banner in (("a", "=" * 120), ("b", "=" * 60), ("c", "-" * 110)):
        (tmp_path / f"{name}.txt").write_text(f"{banner}\n{LETTER}")
    index.add_roots([str(tmp_path)])
    index.update()
    *_, stage = index.search(index.parse("committee repaint lighthouse"))
    assert [len(hit.copies) for hit in stage.hits] == [2]


def test_ranks_count_what_is_listed(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    for number in range(120):
        (folder / f"{number}.txt").write_text(LETTER)
    (folder / "other.txt").write_text(
        "The committee of the sailing club met once, long ago, and never agreed on anything that"
        " would be of interest to the harbour or to whoever keeps the minutes of such evenings."
    )
    index.add_roots([str(folder)])
    index.update()
    *_, stage = index.search(index.parse("committee agreed"))
    ranks = [(hit.why.keyword_rank, hit.why.vector_rank) for hit in stage.hits]
    assert sorted(ranks) == [(1, 1), (2, 2)]
