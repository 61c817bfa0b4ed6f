"""What the bottom line says is what's known, at once and whatever else the screen does."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tui
from localsearch.types import Progress
from tests.tui.driving import opened
from tui.widgets.status_line import StatusLine, describe_activity

if TYPE_CHECKING:
    from tests.tui.conftest import StagedIndex

_MODULES = sorted(Path(tui.__file__).parent.rglob("*.py"))


def test_what_a_change_of_model_does_is_told_as_such() -> None:
    progress = Progress(
        "embedding", chunks_done=1, chunks_total=4, eta_s=90.0, changing_to="new\x1b"
    )
    assert describe_activity(progress) == "learning meanings for new 25 %, 2 min left"
    assert describe_activity(
        Progress("reading", files_done=2, files_total=9, changing_to="new")
    ) == ("reading for new 2 of 9")


async def test_the_last_state_is_painted_though_nothing_else_moves(
    index: StagedIndex,
) -> None:
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        line = driver.main.query_one(StatusLine)
        driver.main.show_index(driver.app.keeper.state)
        assert line._repaint_required
        # The pilot's own pauses would wake every widget.
        give_up_s = time.monotonic() + 20
        while line._repaint_required:
            assert time.monotonic() < give_up_s
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("module", _MODULES, ids=lambda path: path.stem)
def test_no_attribute_of_ours_is_one_of_textuals_own(module: Path) -> None:
    relative = module.relative_to(Path(tui.__file__).parent.parent).with_suffix("")
    imported = importlib.import_module(".".join(relative.parts))
    for ours in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(ours, ast.ClassDef):
            bases = getattr(imported, ours.name).__mro__
            theirs = [each for each in bases if each.__module__.startswith("textual.")]
            private = {name for name in _attributes(ours) if name.startswith("_")}
            for base in theirs:
                node = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
                assert isinstance(node, ast.ClassDef)
                assert not private & (_attributes(node) | _methods(node)), ours.name


def _attributes(node: ast.ClassDef) -> set[str]:
    """What a class's methods set of its objects."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute)
        and isinstance(each.ctx, ast.Store)
        and isinstance(each.value, ast.Name)
        and each.value.id == "self"
    }


def _methods(node: ast.ClassDef) -> set[str]:
    return {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
