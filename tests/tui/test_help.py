"""Every key is on the page of keys."""

from __future__ import annotations

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen

from tests.tui.conftest import StagedIndex
from tests.tui.driving import opened
from tui.app import LocalsearchApp
from tui.screens.folder_picker import FolderPicker
from tui.screens.help import HelpScreen, help_tables
from tui.screens.index import IndexScreen
from tui.screens.main import MainScreen
from tui.screens.welcome import WelcomeScreen
from tui.widgets.hit_list import HitList
from tui.widgets.models import ModelPanel
from tui.widgets.preview import Preview

_NAMES = {
    "up": "↑", "down": "↓", "pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc", "slash": "/",
    "question_mark": "?", "space": "Space",
}  # fmt: skip


def shown(key: str) -> str:
    """A key as the help names it."""
    parts = key.split("+")
    last = _NAMES.get(parts[-1], parts[-1])
    if len(parts) == 1:
        return last.capitalize() if len(last) > 1 and last.islower() else last
    letter = last.upper() if parts[0] == "ctrl" else last
    return "-".join([*(part.capitalize() for part in parts[:-1]), letter])


@pytest.mark.parametrize(
    "owner",
    [LocalsearchApp, MainScreen, HitList, Preview, IndexScreen, ModelPanel, WelcomeScreen,
     FolderPicker],
)  # fmt: skip
def test_every_key_is_listed(owner: type[DOMNode]) -> None:
    words = {word for _, rows in help_tables() for name, _ in rows for word in name.split()}
    for binding in owner.BINDINGS:
        assert isinstance(binding, Binding)
        for key in binding.key.split(","):
            assert shown(key) in words, f"{key} of {owner.__name__} isn't in the help"


@pytest.mark.parametrize(
    "keys", [("f1",), ("ctrl+p",), ("alt+k",), ("ctrl+r",), ("f2", "a"), ("f2", "d"), ("alt+e",)]
)
async def test_ctrl_c_leaves_from_every_dialog(index: StagedIndex, keys: tuple[str, ...]) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        await driver.press(*keys[:-1])
        await driver.pilot.pause()
        await driver.press(keys[-1])
        await driver.until(lambda: isinstance(driver.app.screen, ModalScreen))
        await driver.press("ctrl+c")
        await driver.until(lambda: driver.app._exit)


async def test_ctrl_c_copies_what_is_selected(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        await driver.press("shift+home", "ctrl+c")
        await driver.until(lambda: driver.app.clipboard == "tea")
        assert not driver.app._exit
        await driver.press("end", "ctrl+c")
        await driver.until(lambda: driver.app._exit)


async def test_the_help_opens_from_the_index_screen(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press("f2")
        await driver.until(lambda: isinstance(driver.app.screen, IndexScreen))
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen))
        await driver.press("escape")
        await driver.until(lambda: isinstance(driver.app.screen, IndexScreen))


async def test_a_path_that_was_typed_and_selected_is_copied(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press("f2", "a")
        await driver.until(lambda: isinstance(driver.app.screen, FolderPicker))
        await driver.press(*"music", "shift+home", "ctrl+c")
        await driver.until(lambda: driver.app.clipboard == "music")
        assert not driver.app._exit
