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
