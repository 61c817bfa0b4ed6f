"""Takes the pictures of the documentation from the sample library, so that they stay true.

    python -m tools.screenshots [docs/images]

Each is the app itself, with its own index of `sample/`, at a fixed size and in a fixed theme.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tui.app import LocalsearchApp

_ROOT = Path(__file__).resolve().parents[1]
_SIZE = (118, 34)
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A file name, a theme, and the way to what it shows."""

    name: str
    theme: str
    play: Callable[[Pilot[int]], Awaitable[None]]


async def settled(pilot: Pilot[int]) -> None:
    """Wait until no search and no preview is under way."""
    ends_s = time.monotonic() + _TIMEOUT_S
    quiet = 0
    while quiet < 5:
        await pilot.pause()
        groups = {worker.group for worker in pilot.app.workers if not worker.is_finished}
        quiet = 0 if groups & {"search", "sentences", "preview", "models"} else quiet + 1
        if time.monotonic() > ends_s:
            raise TimeoutError("the app never came to rest")
        await asyncio.sleep(0.02)


async def _type(pilot: Pilot[int], text: str) -> None:
    for character in text:
        await pilot.press("space" if character == " " else character)
    await settled(pilot)


async def _search(pilot: Pilot[int]) -> None:
    await _type(pilot, "washing machine water leak")


async def _language(pilot: Pilot[int]) -> None:
    await _type(pilot, "does sleep help you remember")


async def _filter(pilot: Pilot[int]) -> None:
    await _type(pilot, "water")
    await pilot.press("alt+k")
    await pilot.pause()


async def _index(pilot: Pilot[int]) -> None:
    await pilot.press("f2")
    await settled(pilot)


async def _models(pilot: Pilot[int]) -> None:
    await pilot.press("f2", "3")
    await settled(pilot)


async def _help(pilot: Pilot[int]) -> None:
    await pilot.press("f1")
    await pilot.pause()


PICTURES = (
    Picture("search", "localsearch-dark", _search),
    Picture("search-light", "localsearch-light", _search),
    Picture("any-language", "localsearch-dark", _language),
    Picture("filter", "localsearch-dark", _filter),
    Picture("index", "localsearch-dark", _index),
    Picture("models", "localsearch-dark", _models),
    Picture("help", "localsearch-dark", _help),
)


async def take(app: LocalsearchApp, picture: Picture, target: Path) -> None:
    """Play the way to one picture, and write it."""
    from textual.widgets import Input

    async with app.run_test(size=_SIZE) as pilot:
        app.theme = picture.theme
        await settled(pilot)
        await picture.play(pilot)
        for field in app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()
        svg = app.export_screenshot(title="localsearch", simplify=True)
    (target / f"{picture.name}.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    """Index a copy of the sample library in a home of its own, and take every picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else _ROOT / "docs" / "images"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "ada"
        shutil.copytree(_ROOT / "sample", home / "Documents")
        os.environ |= {
            "HOME": str(home),
            "LOCALSEARCH_HOME": str(Path(scratch) / "lsx"),
            "COLORTERM": "truecolor",
        }
        from localsearch.api import open_index
        from tui.app import LocalsearchApp

        with open_index() as index:
            index.add_roots([str(home / "Documents")])
            index.update()
            for picture in PICTURES:
                app = LocalsearchApp(index, keep_index=False)
                asyncio.run(take(app, picture, target))
                app.lanes.stop(10)
                print(target / f"{picture.name}.svg")


if __name__ == "__main__":
    main()
