"""The colours fit the terminal: its own where it has few, none where none are wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localsearch.config import TuiSettings
from tests.tui.conftest import StagedIndex
from tests.tui.driving import opened
from tui.themes import DARK, FEW_COLOURS, LIGHT, default_theme


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"COLORTERM": "truecolor", "TERM": "xterm"}, DARK.name),
        ({"TERM": "xterm-256color"}, DARK.name),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, LIGHT.name),
        ({"TERM": "linux"}, FEW_COLOURS),
        ({"TERM": "rxvt-16color"}, FEW_COLOURS),
    ],
)
def test_the_theme_fits_the_terminal(environment: dict[str, str], theme: str) -> None:
    assert default_theme(environment) == theme


async def test_a_theme_that_is_not_known_is_said(index: StagedIndex) -> None:
    index.settings = replace(index.settings, tui=TuiSettings(theme="nope"))
    async with opened(index) as driver:
        await driver.until(lambda: "There is no theme nope" in driver.text)


async def test_nothing_is_coloured_where_no_colour_is_wanted(
    index: StagedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(index) as driver:
        await driver.search("tea")
        for keys in ((), ("alt+k",), ("escape", "f2"), ("3",), ("escape", "f1")):
            await driver.press(*keys)
            await driver.pilot.pause()
            styles = [
                segment.style
                for strip in driver.app.screen._compositor.render_strips()
                for segment in strip
                if segment.style is not None
            ]
            assert all(style.color is None or style.color.is_default for style in styles)
            assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
            # What's chosen is still told from the rest.
            assert any(style.bold for style in styles)


async def test_without_colours_a_heavy_border_tells_where_the_keys_go(
    index: StagedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(index) as driver:
        await driver.search("tea")
        assert driver.text.startswith(" ┏")
        driver.preview.focus()
        await driver.until(lambda: "┏━ retry.py" in driver.text or "┏━ tea.md" in driver.text)
        assert driver.text.startswith(" ╭")
