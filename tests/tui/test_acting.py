"""What can be done with a hit: open it where it matched, copy, mark, show its folder."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets._toast import Toast

from localsearch.types import LocalsearchError
from tests.tui.conftest import StagedIndex
from tests.tui.driving import Driver, opened

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses shell scripts as programs")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH; programs put there write down what they were asked."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def make_program(folder: Path, name: str, status: int = 0) -> Path:
    log = folder / f"{name}.log"
    program = folder / name
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {log}\nexit {status}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return log


def suspended(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app did with the terminal: a test has none to hand over."""
    steps: list[str] = []

    @contextlib.contextmanager
    def suspend() -> Iterator[None]:
        steps.append("aside")
        yield
        steps.append("back")

    monkeypatch.setattr(driver.app, "suspend", suspend)
    return steps


async def test_enter_opens_the_editor_at_the_line(
    index: StagedIndex, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = make_program(programs, "vim")
    monkeypatch.setenv("EDITOR", "vim")
    async with opened(index) as driver:
        steps = suspended(driver, monkeypatch)
        await driver.search("attempts")
        hit = driver.hits.highlighted
        assert hit is not None
        await driver.press("enter")
        await driver.until(lambda: steps == ["aside", "back"])
        assert log.read_text().split() == [f"+{hit.locator.line_start}", hit.path]


async def test_an_editor_with_a_window_leaves_the_terminal_alone(
    index: StagedIndex, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = make_program(programs, "code")
    monkeypatch.setenv("EDITOR", "code")
    async with opened(index) as driver:
        steps = suspended(driver, monkeypatch)
        await driver.search("attempts")
        await driver.press("enter")
        await driver.until(lambda: log.exists() and log.read_text().count("\n") == 2)
        assert log.read_text().startswith("--goto\n")
        assert not steps


async def test_what_is_opened_is_remembered(
    index: StagedIndex, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program(programs, "code")
    monkeypatch.setenv("EDITOR", "code")
    async with opened(index) as driver:
        await driver.search("attempts")
        assert index.history() == []
        await driver.press("enter")
        await driver.until(lambda: index.history() == ["attempts"])


async def test_a_program_that_is_missing_is_named(
    index: StagedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "no-such-editor-anywhere")
    async with opened(index) as driver:
        suspended(driver, monkeypatch)
        await driver.search("attempts")
        await driver.press("enter")
        await driver.until(lambda: "no-such-editor-anywhere" in driver.text)


async def test_a_terminal_that_cannot_be_handed_over_is_said(
    index: StagedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "vim")
    async with opened(index) as driver:
        await driver.search("attempts")
        await driver.press("enter")
        # The test's own terminal can't be handed over either.
        await driver.until(lambda: "can't be handed" in driver.text)


async def test_a_file_that_is_gone_is_said_to_be(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("attempts")
        hit = driver.hits.highlighted
        assert hit is not None
        os.unlink(hit.path)
        await driver.press("enter")
        await driver.until(lambda: "no longer there" in driver.text)


async def test_what_is_said_leaves_room_and_goes_when_bidden(index: StagedIndex) -> None:
    async with opened(index, size=(80, 24)) as driver:
        await driver.search("tea")
        Path(driver.hits.hits[0].path).unlink()
        await driver.press("enter")
        await driver.until(lambda: "is no longer there" in driver.text)
        toast = driver.app.screen.query_one(Toast)
        assert toast.outer_size.height <= 3
        await driver.press("escape")
        await driver.until(lambda: "is no longer there" not in driver.text)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40)])
async def test_a_long_error_is_said_whole(index: StagedIndex, size: tuple[int, int]) -> None:
    error = LocalsearchError(
        "Qwen3-Embedding-0.6B-F16 can't be downloaded. Hugging Face (http://127.0.0.1:9) can't be "
        "reached: [Errno 111] Connection refused. ModelScope (https://www.modelscope.cn) can't be "
        "reached: [Errno -2] Name or service not known.",
        "Try again later: what has arrived is kept. Or fetch Qwen3-Embedding-0.6B-f16.gguf from "
        "Qwen/Qwen3-Embedding-0.6B-GGUF on another machine and bring it: "
        "`localsearch models add Qwen3-Embedding-0.6B-f16.gguf`.",
    )
    async with opened(index, size=size) as driver:
        await driver.until(lambda: driver.names)
        driver.app.show_error(error)
        await driver.until(lambda: "Qwen3-Embedding-0.6B-F16" in driver.text)
        assert ".gguf`." in driver.text


async def test_the_folder_opens(index: StagedIndex, programs: Path) -> None:
    log = make_program(programs, "open" if sys.platform == "darwin" else "xdg-open")
    async with opened(index) as driver:
        await driver.search("attempts")
        await driver.press("alt+o")
        await driver.until(lambda: log.exists() and "code" in log.read_text())


async def test_an_opener_that_fails_is_said_to(index: StagedIndex, programs: Path) -> None:
    make_program(programs, "open" if sys.platform == "darwin" else "xdg-open", status=3)
    async with opened(index) as driver:
        await driver.search("attempts")
        await driver.press("alt+o")
        await driver.until(lambda: "couldn't open" in driver.text)


async def test_path_and_passage_are_copied(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tomatoes")
        hit = driver.hits.highlighted
        assert hit is not None
        await driver.press("alt+y")
        await driver.until(lambda: driver.app.clipboard == hit.path)
        driver.hits.focus()
        await driver.press("Y")
        await driver.until(lambda: driver.app.clipboard == hit.text)


async def test_marked_hits_go_together(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        driver.hits.focus()
        await driver.press("space", "space", "y")
        await driver.until(lambda: driver.app.clipboard.count("\n") == 1)
        first, second = driver.hits.hits[:2]
        assert driver.app.clipboard == f"{first.path}\n{second.path}"
        assert "●" in driver.text
        await driver.press("escape")
        assert not driver.hits.marked


async def test_letters_in_the_input_are_letters(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        await driver.press(*" oyg?/")
        assert driver.main.query_input.value == "tea oyg?/"


async def test_a_click_highlights_and_two_open(
    index: StagedIndex, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = make_program(programs, "code")
    monkeypatch.setenv("EDITOR", "code")
    async with opened(index) as driver:
        await driver.search("tea")
        target = driver.names.index("retry.py")
        row = (20, target * 5 + 1)
        await driver.pilot.click("#hits", offset=row)
        await driver.until(lambda: driver.current == "retry.py")
        assert not log.exists()
        await driver.pilot.click("#hits", offset=row, times=2)
        await driver.until(lambda: log.exists() and "retry.py" in log.read_text())


async def test_why_a_hit_is_there(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        await driver.press("alt+e")
        await driver.until(lambda: "By word" in driver.text)
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is driver.main)


async def test_every_action_is_a_command(index: StagedIndex) -> None:
    from tui.keys import HIT_ACTIONS

    async with opened(index) as driver:
        await driver.search("tea")
        titles = [each.title for each in driver.app.get_system_commands(driver.main)]
        for action in HIT_ACTIONS:
            assert (action.name or action.help) in titles
        copy = next(
            each
            for each in driver.app.get_system_commands(driver.main)
            if each.title == "Copy path"
        )
        copy.callback()
        await driver.until(lambda: driver.app.clipboard)


async def test_a_copy_can_be_gone_to_and_opened(index: StagedIndex, user_home: Path) -> None:
    tea = user_home / "library/notes/tea.md"
    (user_home / "library/twin").mkdir()
    # The same text further down, so that it's another place that has to open.
    (user_home / "library/twin/tee.md").write_text("\n\n" + tea.read_text(encoding="utf-8"))
    index.update()
    async with opened(index) as driver:
        await driver.search("sencha longjing")
        first = driver.hits.highlighted
        assert first is not None
        (other,) = first.copies
        await driver.press("alt+c")
        await driver.until(lambda: driver.current == Path(other).name)
        now = driver.hits.highlighted
        assert now is not None
        assert (now.path, now.copies) == (other, (first.path,))
        assert now.locator.line_start != first.locator.line_start
        await driver.until(lambda: driver.preview.hit == now)
        await driver.press("alt+c")
        await driver.until(lambda: driver.current == Path(first.path).name)
        assert driver.hits.highlighted == first
