"""Filters by chips, earlier and saved searches."""

from __future__ import annotations

from textual.widgets import OptionList

from tests.tui.conftest import StagedIndex
from tests.tui.driving import opened
from tui.screens.pick import PickScreen


async def test_a_chip_writes_the_query(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        await driver.press("alt+k")
        await driver.until(lambda: isinstance(driver.app.screen, PickScreen))
        await driver.press(*"source", "enter")
        await driver.until(lambda: driver.main.query_input.value.strip() == "tea kind:code")
        await driver.until(lambda: driver.names == ["retry.py"])
        assert "code ×" in driver.text


async def test_a_chip_is_pressed_and_cleared_with_the_mouse(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea kind:code")
        assert driver.names == ["retry.py"]
        chip = driver.main.query_one("#chip-kind")
        await driver.pilot.click(chip, offset=(chip.size.width - 2, 0))
        await driver.until(lambda: driver.main.query_input.value == "tea")
        await driver.pilot.click("#chip-date")
        await driver.until(lambda: isinstance(driver.app.screen, PickScreen))
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is driver.main)
        assert driver.main.query_input.value == "tea"


async def test_folders_offered_are_the_indexed_ones_and_those_of_the_hits(
    index: StagedIndex,
) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.press("alt+d")
        await driver.until(lambda: isinstance(driver.app.screen, PickScreen))
        options = driver.app.screen.query_one(OptionList)
        labels = [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]
        assert any(label.startswith("library") for label in labels)
        assert any(label.startswith("notes") for label in labels)
        await driver.press(*"tables", "enter")
        await driver.until(lambda: driver.names == ["tides.txt"])


async def test_searches_are_saved_recalled_and_forgotten(index: StagedIndex) -> None:
    index.remember("black tea")
    async with opened(index) as driver:
        await driver.search("green tea")
        await driver.press("ctrl+s")
        await driver.until(lambda: index.saved_searches() == {"green tea": "green tea"})
        await driver.search("")
        await driver.press("ctrl+r")
        await driver.until(lambda: isinstance(driver.app.screen, PickScreen))
        await driver.until(lambda: "★ green tea" in driver.text and "black tea" in driver.text)
        await driver.press(*"green", "enter")
        await driver.until(lambda: driver.main.query_input.value == "green tea")
        await driver.press("ctrl+s")
        await driver.until(lambda: not index.saved_searches())


async def test_an_earlier_search_completes_what_is_typed(index: StagedIndex) -> None:
    index.remember("green tea at noon")
    async with opened(index) as driver:
        await driver.until(lambda: not driver.searching)
        await driver.press(*"green")
        await driver.until(lambda: "green tea at noon" in driver.text)
        await driver.press("right")
        await driver.until(lambda: driver.main.query_input.value == "green tea at noon")


async def test_no_searches_yet_says_when_there_will_be(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press("ctrl+r")
        await driver.until(lambda: "No searches yet" in driver.text)


async def test_the_chips_are_one_stop_of_tab(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        stops = []
        for _ in range(4):
            await driver.press("tab")
            assert driver.app.focused is not None
            stops.append(driver.app.focused.id)
        assert stops == ["chip-kind", "hits", "preview", "query"]
        await driver.press("tab", "right", "right")
        assert driver.app.focused is driver.main.query_one("#chip-language")
        await driver.press("left", "left", "left")
        assert driver.app.focused is driver.main.query_one("#chip-kind")
        await driver.press("right", "shift+tab")
        assert driver.app.focused is driver.main.query_input
