"""How tests drive the app: open it on an index, wait for what should come, read the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.tui.making import NOW_S
from tui.app import LocalsearchApp
from tui.screens.main import MainScreen
from tui.widgets.hit_list import HitList
from tui.widgets.preview import Preview

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tui.backend import Backend


@asynccontextmanager
async def opened(
    backend: Backend,
    *,
    size: tuple[int, int] = (120, 40),
    keep_index: bool = False,
    within: str | None = None,
) -> AsyncIterator[Driver]:
    """The app on an index, its first screen painted; its threads end with it."""
    app = LocalsearchApp(backend, within=within, keep_index=keep_index, now_s=lambda: NOW_S)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)
    assert app.lanes.stop(10)


class Driver:
    """An open app, and what a test asks of it."""

    def __init__(self, app: LocalsearchApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, condition: Callable[[], object], timeout_s: float = 20.0) -> None:
        """Let the app go on until this holds."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline_s, f"never came true\n{self.text}"
            await self.pilot.pause()
            await asyncio.sleep(0.005)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def search(self, text: str) -> None:
        """Put a query in, and wait until its list has settled."""
        self.main.query_input.write(text)
        await self.pilot.pause()
        await self.until(lambda: not self.searching)

    @property
    def searching(self) -> bool:
        """Whether a search or a preview is under way."""
        groups = {worker.group for worker in self.app.workers if not worker.is_finished}
        return bool(groups & {"search", "preview"})

    @property
    def busy(self) -> bool:
        """Whether anything still comes: a search, its sentences, or a preview."""
        groups = {worker.group for worker in self.app.workers if not worker.is_finished}
        return bool(groups & {"search", "sentences", "preview"})

    @property
    def main(self) -> MainScreen:
        """The main screen, on top or not."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    @property
    def hits(self) -> HitList:
        """The results."""
        return self.main.query_one(HitList)

    @property
    def preview(self) -> Preview:
        """The preview."""
        return self.main.query_one(Preview)

    @property
    def names(self) -> list[str]:
        """File names of the results, in order."""
        return [hit.path.rpartition("/")[2] for hit in self.hits.hits]

    @property
    def current(self) -> str:
        """File name of the highlighted hit."""
        hit = self.hits.highlighted
        return "" if hit is None else hit.path.rpartition("/")[2]

    @property
    def text(self) -> str:
        """The screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)
