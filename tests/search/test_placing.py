from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from localsearch.api import Index
    from localsearch.types import Hit


@pytest.fixture
def archived(index: Index, tmp_path: Path) -> Index:
    """An index of a folder with an archive in it."""
    folder = tmp_path / "papers"
    folder.mkdir()
    with zipfile.ZipFile(folder / "bundle.zip", "w") as archive:
        archive.writestr("boiler-warranty.txt", "The warranty of the boiler ends in March.")
        archive.writestr("garden.md", "# Garden\n\nThe tomatoes need water twice a day.")
    (folder / "car.txt").write_text("Notes about the car and its insurance.")
    index.add_roots([str(folder)])
    index.update()
    return index


def members(index: Index, text: str) -> list[str]:
    *_, stage = index.search(index.parse(text))
    return [hit.member for hit in stage.hits if hit.path.endswith(".zip")]


def test_what_an_archive_holds_stands_before_its_list_of_names(archived: Index) -> None:
    assert members(archived, "boiler warranty")[:2] == ["boiler-warranty.txt", ""]


def test_an_archive_that_is_asked_for_by_name_stands_first(archived: Index) -> None:
    assert members(archived, "bundle")[0] == ""


def test_what_holds_an_identifier_of_the_query_is_on_the_first_page(
    index: Index, tmp_path: Path
) -> None:
    folder = tmp_path / "garten"
    folder.mkdir()
    for number, when in enumerate(("früh", "abends", "täglich", "selten", "montags", "nachts") * 2):
        text = f"Im trockenen Sommer gießt man Tomaten {when}, {number + 2} l Wasser je Pflanze."
        (folder / f"{number}.txt").write_text(text)
    (folder / "kettle.txt").write_text("Guarantee of the electric kettle, number ZQ7714.")
    index.add_roots([str(folder)])
    index.update()
    *_, stage = index.search(index.parse("how often to water tomatoes in a dry summer, ZQ7714"))
    kettle = next(hit for hit in stage.hits if hit.path.endswith("kettle.txt"))
    assert kettle.why.fused_rank == 10
    assert "identifier" in dict(kettle.why.weights)


def search(index: Index, text: str) -> list[tuple[str, Hit]]:
    """The names of the files found, best first, with their hits."""
    *_, stage = index.search(index.parse(text))
    return [(hit.path.rpartition("/")[2], hit) for hit in stage.hits]


ALIKE = ("zqodt", "zqods", "zqsrt", "zqeml", "zqtex", "zqxlsx", "zqrtf")


@pytest.fixture
def alike(index: Index, tmp_path: Path) -> Index:
    """An index of notes with made-up words that are much alike, each in one file of them."""
    folder = tmp_path / "notes"
    folder.mkdir()
    around = "The sea was calm, the wind from the west, and we wrote letters all day long. " * 8
    for name in ALIKE:
        (folder / f"{name[2:]}.txt").write_text(f"{around}Then a {name}narwhal came. {around}")
        (folder / f"all-but-{name[2:]}.txt").write_text(f"{name}narwha {name}narwals {name}")
    (folder / "day.txt").write_text(f"{around}鲸鱼来了。 {around}")
    for number in range(8):
        (folder / f"whale{number}.txt").write_text(f"鲸是大的动物，住在海里。 Whales {number}.")
    index.add_roots([str(folder)])
    index.update()
    return index


def test_what_is_in_a_few_texts_is_rare_however_many_copies_they_have(alike: Index) -> None:
    (root,) = (root.path for root in alike.status().roots)
    text = (Path(root) / "eml.txt").read_text()
    for number in range(5):
        (Path(root) / f"copy{number}.txt").write_text(text)
    alike.update()
    (_, hit), *_ = search(alike, "zqemlnarwhal")
    assert "zqemlnarwhal" in hit.text


def test_a_word_is_known_as_rare_only_where_all_that_hold_it_are_seen(
    index: Index, tmp_path: Path
) -> None:
    for number in range(48):
        (tmp_path / f"{number}.txt").write_text(f"Catalogue catalogue catalogues {number}.")
    for number in range(30):
        (tmp_path / f"pet{number}.txt").write_text(f"Our cat {number} slept in the garden all day.")
    index.add_roots([str(tmp_path)])
    index.update()
    query = replace(index.parse("cat"), prefix_last=True)
    *_, stage = index.search(query)
    assert all("rare_word" not in dict(hit.why.weights) for hit in stage.hits)


def test_the_only_file_with_the_word_comes_first(alike: Index) -> None:
    lifted = 0
    for word, file in (
        *((f"{name}narwhal", f"{name[2:]}.txt") for name in ALIKE),
        ("ZQODTNARWHAL", "odt.txt"),
        ("(zqodsnarwhal)?", "ods.txt"),
        ("鲸鱼", "day.txt"),
    ):
        (first, hit), *_ = search(alike, word)
        assert first == file
        lifted += "rare_word" in dict(hit.why.weights)
    assert lifted


@pytest.mark.parametrize("text", ["whales", "all", "what is a zqodtnarwhal", "zqo", "zqodtnarw"])
def test_what_many_files_hold_or_more_words_ask_for_is_lifted_by_nothing(
    alike: Index, text: str
) -> None:
    assert all("rare_word" not in dict(hit.why.weights) for _, hit in search(alike, text))
