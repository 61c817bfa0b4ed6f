from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.types import Mode, Stage


@pytest.fixture
def notes(index: Index, tmp_path: Path) -> Index:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in {
        "ledger.txt": "The blue ledger lies in the drawer of the harbour office.",
        "boats.txt": "Boats of all colours: green, blue and white ones.",
        "lighthouse ledger.txt": "Prices of paint, brushes and rope, year by year.",
        "lamp.txt": "The lighthouse has a new lamp. Its ledger is with the keeper.",
        "leuchtturm.txt": "Der Leuchtturm (lighthouse) wird jedes Jahr gestrichen.",
    }.items():
        (folder / name).write_text(text)
    index.add_roots([str(folder)])
    index.update()
    return index


def search(index: Index, text: str, mode: Mode = "hybrid") -> tuple[Stage, list[str]]:
    """The last stage and the names of its files."""
    *_, stage = index.search(index.parse(text, mode=mode))
    return stage, [PurePath(hit.path).name for hit in stage.hits]


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_a_quoted_phrase_is_enough_beside_words_that_no_passage_holds(
    notes: Index, mode: Mode
) -> None:
    stage, names = search(notes, '"blue ledger" submarine', mode)
    assert names == ["ledger.txt"]
    assert stage.hits[0].why.keyword_rank == 1
    assert not stage.notice


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_so_is_a_phrase_that_many_hold_beside_a_word_that_others_do(
    index: Index, tmp_path: Path, mode: Mode
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(60):
        text = "the harbour master knows" if number < 25 else "it was said in the harbour"
        (folder / f"{number}.txt").write_text(f"Of {text} in the year {number}.")
    (folder / "lunch.txt").write_text("Lunch is at noon.")
    index.add_roots([str(folder)])
    index.update()
    stage, names = search(index, '"harbour master" lunch', mode)
    assert len(names) == 10
    assert all("harbour master" in hit.text for hit in stage.hits)
    assert all(hit.why.keyword_rank for hit in stage.hits)
    assert not stage.notice


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
def test_filters_alone_list_files_in_every_mode(notes: Index, mode: Mode) -> None:
    stage, names = search(notes, "ext:txt path:notes", mode)
    assert len(names) == 5
    assert not stage.nothing_relevant


def test_a_file_is_found_by_its_name_within_a_language(notes: Index) -> None:
    _, anywhere = search(notes, "lighthouse ledger")
    assert anywhere[0] == "lighthouse ledger.txt"
    stage, names = search(notes, "lighthouse ledger lang:en")
    assert names[0] == "lighthouse ledger.txt"
    assert stage.hits[0].why.name_match
    assert "leuchtturm.txt" not in names


def test_what_no_word_is_asked_of_has_no_rank_by_words(notes: Index) -> None:
    stage, names = search(notes, "??? ext:txt")
    assert len(names) == 5
    assert all(hit.why.keyword_rank is None for hit in stage.hits)
    assert "nearest in meaning" in stage.notice
    assert len(search(notes, "??? ext:txt", "keyword")[1]) == 5
