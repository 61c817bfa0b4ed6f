"""Pictures of every screen, light and dark, small and large; changes of them are reviewed.

`pytest tests/tui/test_snapshots.py --snapshot-update` takes them anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.tui.conftest import StagedIndex, make_library
from tests.tui.driving import Driver
from tests.tui.making import NOW_S
from tui.app import LocalsearchApp

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
        for field in app.screen.query(Input):
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
