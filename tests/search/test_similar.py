"""What else says this: other files, other languages, copies listed once."""

from __future__ import annotations

import threading
import zipfile
from typing import TYPE_CHECKING

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.search.copies import is_copy
from localsearch.search.similar import MOST_COMPARED
from localsearch.types import (
    CancelledError,
    NoIndexError,
    SemanticUnavailableError,
    UsageError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index

BLIGHT = (
    "Late blight spreads in wet weather. Keep the leaves of the tomatoes dry with a roof of foil, "
    "water only the roots, and take off leaves with brown spots at once.\n"
)
BLIGHT_IN_SPANISH = (
    "El mildiu se extiende con el tiempo húmedo. Mantén secas las hojas de los tomates con un techo"
    " de plástico, riega solo las raíces y quita enseguida las hojas con manchas.\n"
)


@pytest.fixture
def index_of(index: Index, library: Path) -> Index:
    """The library with some more that say the same."""
    (library / "blight.txt").write_text(BLIGHT)
    (library / "copy.txt").write_text(BLIGHT.replace(". ", ".\n").replace("at once", "quickly"))
    (library / "second copy.txt").write_text(BLIGHT.upper())
    (library / "mildiu.txt").write_text(BLIGHT_IN_SPANISH)
    lines = (f"Line {number} is about the number {number}.\n\n" for number in range(1, 4))
    (library / "numbers.md").write_text("# Numbers\n\n" + "".join(lines))
    index.add_roots([str(library)])
    index.update()
    return index


def test_copies_are_one_and_a_translation_follows(index_of: Index, library: Path) -> None:
    stage = index_of.similar(str(library / "blight.txt"))
    first, *rest = stage.hits
    assert {first.path, *first.copies} == {
        str(library / each) for each in ("copy.txt", "second copy.txt")
    }
    assert first.same_text
    translation = next(hit for hit in rest if hit.path == str(library / "mildiu.txt"))
    assert (translation.same_text, translation.copies) == (False, ())
    # Only what says it in the same language may come between.
    assert rest.index(translation) <= 1
    assert stage.final
    assert stage.mode == "semantic"
    assert [hit.why.vector_score for hit in stage.hits] == [hit.score for hit in stage.hits]
    assert sorted((hit.score for hit in stage.hits), reverse=True) == [h.score for h in stage.hits]


def test_its_own_passages_are_left_out(index_of: Index, library: Path) -> None:
    path = str(library / "garden/tomatoes.md")
    found = index_of.similar(path, passages=True, limit=50)
    assert found.hits
    assert path not in {hit.path for hit in found.hits}


def test_each_file_once_unless_passages_are_wanted(index_of: Index, library: Path) -> None:
    path = str(library / "garden/bees.txt")
    paths = [hit.path for hit in index_of.similar(path, limit=50).hits]
    assert len(paths) == len(set(paths))
    every = [hit.path for hit in index_of.similar(path, limit=50, passages=True).hits]
    assert set(every) == set(paths)
    assert len(every) >= len(paths)


def test_a_heading_alone_is_like_nothing(index_of: Index, library: Path) -> None:
    stage = index_of.similar(str(library / "garden/tomatoes.md"), passages=True, limit=50)
    assert "Numbers" not in {hit.text.strip("# \n") for hit in stage.hits}


@pytest.mark.parametrize("place", [1, 4, 5, 7])
def test_a_line_names_its_passage(index_of: Index, library: Path, place: int) -> None:
    path = str(library / "garden/tomatoes.md")
    asked = index_of.similar(path, place=place, limit=3)
    assert asked.hits
    if place >= 5:
        # What blight is about, not the sowing.
        paths = {
            str(library / each)
            for each in ("blight.txt", "copy.txt", "mildiu.txt", "second copy.txt")
        }
        assert asked.hits[0].path in paths


def test_a_line_beyond_the_end_is_a_usage_error(index_of: Index, library: Path) -> None:
    for place in (0, 500):
        with pytest.raises(UsageError, match="no text at"):
            index_of.similar(str(library / "garden/bees.txt"), place=place)


def test_within(index_of: Index, library: Path) -> None:
    found = index_of.similar(str(library / "blight.txt"), within=[str(library / "letters")])
    assert [hit.path for hit in found.hits] == [str(library / "letters/heizung.txt")]


def test_a_file_outside_the_index(index_of: Index, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Not indexed.")
    with pytest.raises(NoIndexError, match=f"in no indexed folder\n.*add {tmp_path}$"):
        index_of.similar(str(other))


def test_a_file_in_an_archive(index_of: Index, library: Path) -> None:
    with zipfile.ZipFile(library / "notes.zip", "w") as archive:
        archive.writestr("garden/blight.txt", BLIGHT)
        archive.writestr("stars.txt", "The moons of Jupiter go round it in a few days.")
    index_of.update()
    found = index_of.similar(f"{library / 'notes.zip'}!/garden/blight.txt", limit=1)
    assert found.hits[0].same_text
    with pytest.raises(UsageError, match="has no text at 99"):
        index_of.similar(f"{library / 'notes.zip'}!/garden/blight.txt", place=99)
    with pytest.raises(NoIndexError, match="Check the spelling"):
        index_of.similar(f"{library / 'notes.zip'}!/garden")


def test_a_file_without_indexed_text_says_why(index_of: Index, library: Path) -> None:
    for name, text in (("new.txt", "Just written."), (".env", "A=1")):
        (library / name).write_text(text)
        with pytest.raises(NoIndexError, match="unless it's of those that are left out"):
            index_of.similar(str(library / name))
    (library / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (library / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    index_of.update()
    with pytest.raises(NoIndexError, match=r"no text was found in .*photo\.jpg"):
        index_of.similar(str(library / "photo.jpg"))
    with pytest.raises(NoIndexError, match=r"couldn't be read\n.*status"):
        index_of.similar(str(library / "broken.pdf"))
    with pytest.raises(NoIndexError, match="is a folder"):
        index_of.similar(str(library / "garden"))


def test_a_file_that_is_not_embedded_yet(index_of: Index, library: Path) -> None:
    connection = apsw.Connection(str(index_of.paths.index_file))
    connection.execute("DELETE FROM vectors")
    connection.close()
    with pytest.raises(SemanticUnavailableError, match="isn't embedded yet"):
        index_of.similar(str(library / "blight.txt"))


def test_a_long_file_says_how_much_was_compared(index_of: Index, library: Path) -> None:
    words = ("tide", "harbour", "lantern", "orchard", "violin", "glacier")
    sections = (
        f"## Part {number}\n\n" + f"The {words[number % 6]} of day {number}. " * 12 + "\n\n"
        for number in range(40)
    )
    (library / "long.md").write_text("".join(sections))
    index_of.update()
    passages = index_of.passages_of(str(library / "long.md"))
    assert len(passages) > MOST_COMPARED
    stage = index_of.similar(str(library / "long.md"))
    assert f"{MOST_COMPARED} of its {len(passages)} passages" in stage.notice
    assert index_of.similar(str(library / "blight.txt")).notice == ""


def test_it_can_be_stopped(index_of: Index, library: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        index_of.similar(str(library / "blight.txt"), cancel=cancel)


def test_an_index_of_one_file_has_nothing_similar(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "only.txt").write_text(BLIGHT)
    index.add_roots([str(folder)])
    index.update()
    stage = index.similar(str(folder / "only.txt"))
    assert stage.hits == ()
    assert stage.nothing_relevant


@given(st.text(min_size=3, max_size=300), st.text(min_size=3, max_size=300))
def test_being_copies_goes_both_ways(text: str, other: str) -> None:
    assert is_copy(text, other) == is_copy(other, text)


@given(st.lists(st.text("abcdefgh", min_size=3, max_size=8), min_size=2, max_size=40))
def test_layout_and_case_make_no_other_text(words: list[str]) -> None:
    assert is_copy(" ".join(words), " ".join(words).upper().replace(" ", "\n"))


def test_a_part_is_no_copy_of_the_whole() -> None:
    assert not is_copy(BLIGHT, BLIGHT + "The queen of the hive is two years old. " * 5)
    assert not is_copy(BLIGHT, BLIGHT_IN_SPANISH)
