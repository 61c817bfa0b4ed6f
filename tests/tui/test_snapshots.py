"""Pictures of every screen, light and dark, small and large; changes of them are reviewed.

`pytest tests/tui/test_snapshots.py --snapshot-update` takes them anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from localsearch.models.speed import note_speed
from tests.tui.conftest import StagedIndex, make_library
from tests.tui.driving import Driver
from tests.tui.making import NOW_S
from tui.app import LocalsearchApp
from tui.screens.folder_picker import FolderPicker
from tui.screens.index import IndexScreen

Compare = Callable[..., bool]
Scene = Callable[[Driver], Awaitable[None]]

THEMES = ("localsearch-dark", "localsearch-light")
SIZES = ((80, 24), (120, 40))
everywhere = [
    pytest.mark.parametrize("theme", THEMES),
    pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"]),
]


def in_every_look(test: Callable[..., None]) -> Callable[..., None]:
    for mark in everywhere:
        test = mark(test)
    return test


def matches(
    snap_compare: Compare, index: StagedIndex, scene: Scene, size: tuple[int, int], theme: str
) -> bool:
    """Whether the app looks as it did, after `scene` in it."""
    app = LocalsearchApp(index, keep_index=False, now_s=lambda: NOW_S)

    async def play(pilot: Pilot[int]) -> None:
        app.theme = theme
        # A screen opened while a new theme's styles are worked out may be drawn without them.
        await pilot.pause()
        driver = Driver(app, pilot)
        await driver.until(lambda: app.keeper.state.status or len(app.screen_stack) > 2)
        await scene(driver)
        for screen in app.screen_stack:
            for field in screen.query(Input):
                field.cursor_blink = False
        await pilot.pause()

    same = snap_compare(app, terminal_size=size, run_before=play)
    assert app.lanes.stop(10)
    return same


@in_every_look
def test_results(
    snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str
) -> None:
    async def scene(driver: Driver) -> None:
        await driver.search("tea")
        await driver.press("down", "down")
        await driver.until(lambda: not driver.searching)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_index(
    snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str
) -> None:
    async def scene(driver: Driver) -> None:
        await driver.press("f2")
        await driver.until(lambda: "~/library" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_welcome(
    snap_compare: Compare,
    empty_index: StagedIndex,
    user_home: Path,
    size: tuple[int, int],
    theme: str,
) -> None:
    make_library(user_home / "Documents")
    make_library(user_home / "Notes")

    async def scene(driver: Driver) -> None:
        await driver.until(lambda: driver.text.count("7 files,") == 2)
        await driver.until(
            lambda: all(
                worker.is_finished or worker.group == "begin" for worker in driver.app.workers
            )
        )
        # What's installed on the machine of the test is no part of the picture.
        note = driver.app.screen.query_one("#models-note", Static)
        note.update("In use: multilingual-e5-small; no reranker.")

    assert matches(snap_compare, empty_index, scene, size, theme)


@in_every_look
def test_failures(
    snap_compare: Compare,
    index: StagedIndex,
    user_home: Path,
    size: tuple[int, int],
    theme: str,
) -> None:
    (user_home / "library" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    index.update()

    async def scene(driver: Driver) -> None:
        await driver.press("f2", "2")
        await driver.until(lambda: "broken.pdf" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_models(
    snap_compare: Compare,
    index: StagedIndex,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    theme: str,
) -> None:
    # What this machine is and has is no part of the picture.
    monkeypatch.setattr("localsearch.models.listing.machine_memory_bytes", lambda: 8_000_000_000)
    monkeypatch.setattr("localsearch.models.listing.starter_is_available", lambda: False)
    note_speed(index.paths.state_file, "Qwen3-Embedding-0.6B", 4_460, 10.0)

    async def scene(driver: Driver) -> None:
        await driver.press("f2", "3", "down")
        await driver.until(lambda: "446 tokens/s here" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_folder_picker(
    snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str
) -> None:
    async def scene(driver: Driver) -> None:
        await driver.press("f2")
        await driver.until(lambda: isinstance(driver.app.screen, IndexScreen))
        await driver.press("a")
        await driver.until(lambda: isinstance(driver.app.screen, FolderPicker))
        driver.app.screen.query_one(Input).value = "~/library/"
        await driver.until(lambda: "▸ library" in driver.text and "~/library/code" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_why(snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str) -> None:
    async def scene(driver: Driver) -> None:
        await driver.search("tea")
        await driver.until(lambda: not driver.searching and "tea.md" in driver.text)
        await driver.press("alt+e")
        await driver.until(lambda: "Why it's here" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_searches(
    snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str
) -> None:
    index.save_search("green tea", "green tea")
    index.remember("high water")

    async def scene(driver: Driver) -> None:
        await driver.press("ctrl+r")
        await driver.until(lambda: "high water" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_a_sentence_is_marked(
    snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str
) -> None:
    index.script, index.by_meaning = [[0, 1, 2]], True
    index.step.release()
    index.reading.release(20)

    async def scene(driver: Driver) -> None:
        await driver.search("tea")
        await driver.until(lambda: driver.hits.highlighted and driver.hits.highlighted.nearest)
        await driver.until(lambda: not driver.busy)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_help(snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str) -> None:
    async def scene(driver: Driver) -> None:
        await driver.search("tea")
        await driver.press("f1")
        await driver.until(lambda: "Anywhere" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


@in_every_look
def test_filter(
    snap_compare: Compare, index: StagedIndex, size: tuple[int, int], theme: str
) -> None:
    async def scene(driver: Driver) -> None:
        await driver.search("tea kind:code")
        await driver.press("alt+k")
        await driver.until(lambda: "Any kind" in driver.text)

    assert matches(snap_compare, index, scene, size, theme)


def test_wide_and_right_to_left_characters_align(snap_compare: Compare, index: StagedIndex) -> None:
    async def scene(driver: Driver) -> None:
        await driver.search("睡眠 OR الشاي 睡眠")

    assert matches(snap_compare, index, scene, (100, 30), THEMES[0])


def test_nothing_found(snap_compare: Compare, index: StagedIndex) -> None:
    async def scene(driver: Driver) -> None:
        await driver.search("xylophone")

    assert matches(snap_compare, index, scene, (100, 30), THEMES[0])


def test_sixteen_colours(snap_compare: Compare, index: StagedIndex) -> None:
    async def scene(driver: Driver) -> None:
        await driver.search("tea")
        await driver.press("down")
        await driver.until(lambda: not driver.searching)

    assert matches(snap_compare, index, scene, (100, 30), "ansi-dark")


def test_no_colour(
    snap_compare: Compare, index: StagedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scene(driver: Driver) -> None:
        await driver.search("tea")
        await driver.press("down")
        await driver.until(lambda: not driver.searching)

    assert matches(snap_compare, index, scene, (100, 30), THEMES[0])
