"""The footer shows as many keys as there's room for, and always how to get help and to leave."""

from __future__ import annotations

import pytest

from tests.tui.conftest import StagedIndex
from tests.tui.driving import Driver, opened

ALWAYS = ("Open", "Pane", "Earlier", "Help", "Index", "Quit")
WIDE = ("Folder", "Copy path", "Copy passage", "Mark", "Files/passages", "Next passage", "Why")


def footer(driver: Driver) -> str:
    return driver.text.splitlines()[-1]


@pytest.mark.parametrize("pane", ["hits", "preview"])
async def test_more_keys_are_shown_where_there_is_room(index: StagedIndex, pane: str) -> None:
    async with opened(index, size=(80, 24)) as driver:
        await driver.search("tea")
        driver.main.query_one(f"#{pane}").focus()
        await driver.until(lambda: "Folder" in footer(driver))
        assert all(name in footer(driver) for name in ALWAYS)
        assert "Why" not in footer(driver)
        await driver.pilot.resize_terminal(180, 40)
        await driver.until(lambda: "Why" in footer(driver))
        assert all(name in footer(driver) for name in ALWAYS + WIDE + ("Commands",))
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: "Why" not in footer(driver))
        assert all(name in footer(driver) for name in ALWAYS)


async def test_a_key_in_the_footer_can_be_clicked(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        driver.hits.focus()
        await driver.until(lambda: "Mark" in footer(driver))
        await driver.pilot.click(offset=(footer(driver).index("Mark"), driver.app.size.height - 1))
        await driver.until(lambda: driver.hits.marked)
