"""The first run asks, says what it does, and leads to a search in seconds."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, SelectionList

from localsearch.types import Embedder, IndexReport, ModelError
from tests.tui.conftest import StagedIndex, make_library
from tests.tui.driving import Driver, opened
from tui.folder_sizes import FolderSize, folders_at_hand, suggested_folders
from tui.screens.folder_picker import FolderPicker
from tui.screens.welcome import WelcomeScreen


@pytest.fixture
def documents(user_home: Path) -> Path:
    make_library(user_home / "Documents")
    (user_home / "Documents" / "node_modules").mkdir()
    (user_home / "Documents" / "node_modules" / "x.js").write_text("x")
    return user_home / "Documents"


def test_only_folders_that_exist_are_suggested(documents: Path, user_home: Path) -> None:
    (user_home / "src").mkdir()
    assert suggested_folders() == (str(documents), str(user_home / "src"))
    assert suggested_folders(str(documents / "notes")) == (str(documents), str(user_home / "src"))


def test_where_nobody_has_made_the_usual_folders_what_is_at_hand_is_offered(
    user_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, gone = user_home / "letters", user_home / "gone"
    work.mkdir()
    assert suggested_folders() == ()
    for here, offered in (
        (work, (str(work), str(user_home))),
        (user_home, (str(user_home),)),
        (tmp_path, (str(user_home),)),
        (Path("/"), (str(user_home),)),
    ):
        monkeypatch.chdir(here)
        assert folders_at_hand() == offered
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert folders_at_hand() == (str(user_home),)
    monkeypatch.chdir(user_home)


async def test_files_of_a_folder_in_a_chosen_one_are_counted_once(
    empty_index: StagedIndex, user_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(user_home / "library")
    async with opened(empty_index) as driver:
        await driver.until(lambda: "1 folder, 7 files." in driver.text)
        await driver.press("down", "space")
        screen = driver.app.screen
        await driver.until(lambda: len(screen.query_one(SelectionList).selected) == 2)
        await driver.until(lambda: "1 folder, 7 files." in driver.text)


async def test_all_of_home_is_offered_and_not_chosen(
    empty_index: StagedIndex, user_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(user_home)
    async with opened(empty_index) as driver:
        await driver.until(lambda: "Start" in driver.text)
        screen = driver.app.screen
        assert screen.query_one("#start", Button).disabled
        await driver.press("space")
        await driver.until(lambda: not screen.query_one("#start", Button).disabled)


async def test_from_nothing_to_a_search(empty_index: StagedIndex, documents: Path) -> None:
    async with opened(empty_index) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        assert "Nothing ever leaves this machine" in " ".join(driver.text.split())
        # Counted by the index's own rules: node_modules is left out.
        await driver.until(lambda: "7 files" in driver.text)
        assert driver.app.screen.query_one(SelectionList).selected == [str(documents)]
        await driver.press("ctrl+s")
        await driver.until(lambda: driver.app.screen is driver.main)
        await driver.until(lambda: driver.app.keeper.state.report)
        await driver.search("sencha")
        assert driver.names == ["tea.md"]


async def test_nothing_chosen_starts_nothing(empty_index: StagedIndex, documents: Path) -> None:
    async with opened(empty_index) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        await driver.press("space")
        await driver.until(lambda: "Choose one at least" in driver.text)
        assert driver.app.screen.query_one("#start", Button).disabled


async def test_a_suggested_folder_may_be_picked_like_any_other(
    empty_index: StagedIndex, documents: Path, user_home: Path
) -> None:
    (user_home / "src").mkdir()
    async with opened(empty_index) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        welcome = driver.app.screen
        assert welcome.query_one(SelectionList).selected == [str(documents)]
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, FolderPicker))
        driver.app.screen.dismiss(str(user_home / "src"))
        await driver.until(lambda: driver.app.screen is welcome)
        both = [str(documents), str(user_home / "src")]
        await driver.until(lambda: sorted(welcome.query_one(SelectionList).selected) == both)


async def test_what_is_chosen_shows_without_colours(
    empty_index: StagedIndex, documents: Path, user_home: Path
) -> None:
    (user_home / "Notes").mkdir()
    async with opened(empty_index) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        await driver.until(lambda: "▐✓▌ ~/Documents" in driver.text)
        assert "▐ ▌ ~/Notes" in driver.text
        await driver.press("down", "space")
        await driver.until(lambda: "▐✓▌ ~/Notes" in driver.text)


async def test_models_that_fit_this_machine_are_offered(
    empty_index: StagedIndex, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(driver: Driver) -> str:
        return " ".join(driver.text.split())

    for memory, offered in ((64_000_000_000, True), (600_000_000, False)):
        monkeypatch.setattr("localsearch.models.listing.machine_memory_bytes", lambda m=memory: m)
        async with opened(empty_index) as driver:
            await driver.until(lambda: "reranker" in said(driver) or "installed" in said(driver))
            assert ("can run Qwen3-Embedding-0.6B (639 MB)" in said(driver)) is offered


async def test_later_says_how_to_begin(empty_index: StagedIndex, documents: Path) -> None:
    async with opened(empty_index) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is driver.main)
        await driver.until(lambda: "F2" in driver.text and "add" in driver.text)


async def test_sizes_are_told_as_they_grow(empty_index: StagedIndex, documents: Path) -> None:
    import threading

    from tui.folder_sizes import measure

    told: list[FolderSize] = []
    measure(empty_index, [str(documents)], threading.Event(), told.append)
    assert told[-1].done
    assert told[-1].files == 7
    assert told[-1].size > 10_000


async def test_after_the_start_it_says_that_files_are_being_read(
    empty_index: StagedIndex, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    update = empty_index.update

    def wait_and_update(*args: Any, **options: Any) -> IndexReport:
        assert goes_on.wait(20)
        return update(*args, **options)

    monkeypatch.setattr(empty_index, "update", wait_and_update)
    async with opened(empty_index) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        await driver.press("ctrl+s")
        await driver.until(lambda: driver.app.screen is driver.main)
        await driver.until(lambda: "being read" in driver.text and "getting ready" in driver.text)
        assert "No folders" not in driver.text
        await driver.search("sencha")
        await driver.until(lambda: "still being learnt" in driver.text)
        assert "models list" not in driver.text
        goes_on.set()
        await driver.until(lambda: driver.names == ["tea.md"])


async def test_the_model_is_made_ready_while_the_user_chooses(
    empty_index: StagedIndex, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens: list[str] = []

    def open_embedder() -> Embedder:
        opens.append("embedder")
        raise ModelError("it's broken", "Get another.")

    monkeypatch.setattr(empty_index, "open_embedder", open_embedder)
    async with opened(empty_index) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        await driver.until(lambda: opens)
        await driver.until(lambda: not driver.app.lanes.models.busy)
        assert "broken" not in driver.text


async def test_in_a_low_window_the_button_that_starts_is_seen(
    empty_index: StagedIndex, documents: Path, user_home: Path
) -> None:
    for name in ("src", "notes", "Downloads", "Desktop"):
        (user_home / name).mkdir()
    async with opened(empty_index, size=(80, 24)) as driver:
        await driver.until(lambda: isinstance(driver.app.screen, WelcomeScreen))
        await driver.until(lambda: "finds more" in driver.text or "In use" in driver.text)
        start = driver.app.screen.query_one("#start", Button)
        assert driver.app.screen.region.contains_region(start.region)
        assert "Start" in driver.text.splitlines()[start.region.y]
