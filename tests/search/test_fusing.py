from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index


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
    weights = dict(kettle.why.weights)
    assert kettle.why.vector_score is not None
    assert kettle.why.coverage is not None
    assert kettle.why.coverage_baseline is not None
    excess = max(0.0, kettle.why.coverage - kettle.why.coverage_baseline)
    wanted = kettle.why.vector_score + weights["coverage"] * excess + weights["identifier"]
    assert kettle.score == pytest.approx(wanted)
