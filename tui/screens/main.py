"""The screen where people live: the query, what it found, and a look at it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Input

from localsearch.types import Hit, LocalsearchError, Stage
from tui.keys import ALT_KEYS
from tui.preview_render import PreviewPage, render_preview
from tui.preview_source import load_preview
from tui.searching import Request, search_stages
from tui.widgets.hit_list import HitList
from tui.widgets.preview import Preview
from tui.widgets.query_input import QueryInput
from tui.widgets.stage_line import StageLine
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    import threading

    from tui.app import LocalsearchApp

# A highlight that runs through the list shows where it rests, not what it passes.
_PREVIEW_PAUSE_S = 0.04


class MainScreen(Screen[None]):
    """Search as you type, see, act."""

    CSS_PATH = "main.tcss"
    AUTO_FOCUS = "#query"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("tab", "app.focus_next", "Next pane"),
        Binding("escape", "back", "Back", show=False),
        Binding("slash", "focus_query", "Query", show=False),
        *ALT_KEYS,
    ]

    app: LocalsearchApp

    def __init__(self, within: str | None = None) -> None:
        super().__init__()
        self.within = (within,) if within else ()
        self.passages = False

    def compose(self) -> ComposeResult:
        """The parts, from top to bottom."""
        yield QueryInput()
        yield StageLine()
        with Horizontal(id="body"):
            yield HitList(now_s=self.app.now_s)
            yield Preview()
        yield StatusLine()
        yield Footer(show_command_palette=False)

    @property
    def query_input(self) -> QueryInput:
        """Where the query is typed."""
        return self.query_one(QueryInput)

    @property
    def hit_list(self) -> HitList:
        """What was found."""
        return self.query_one(HitList)

    # Searching

    @on(Input.Changed, "#query")
    def query_changed(self, event: Input.Changed) -> None:
        """Every letter asks anew; what the last one asked for is dropped."""
        event.stop()
        self.hit_list.start_over()
        self.search()

    @work(exclusive=True, group="search", exit_on_error=False)
    async def search(self) -> None:
        """Answer the query as it stands, stage by stage."""
        request = Request(self.query_input.value, self.within, self.passages)
        stage_line = self.query_one(StageLine)
        try:
            async for stage in search_stages(
                self.app.backend, self.app.lanes, request, settling=stage_line.start
            ):
                self.show_stage(stage)
        except LocalsearchError as error:
            self.show_error(error)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - no traceback ever reaches the screen
            self.show_error(self.app.describe_unexpected(error))
        else:
            stage_line.stop()

    def show_stage(self, stage: Stage) -> None:
        """Paint a ranked list."""
        self.hit_list.show(stage.hits, faded=stage.nothing_relevant)
        self.query_one(StageLine).show(stage, passages=self.passages)
        if not stage.hits and stage.final:
            self.query_one(Preview).say("Nothing found. Try fewer or other words.")

    def show_error(self, error: LocalsearchError) -> None:
        """Say the cause above the results, and the remedy in place of the preview."""
        self.query_one(StageLine).say(error.cause)
        self.query_one(Preview).say(error.remedy or error.cause)

    # The preview

    @on(HitList.Highlighted)
    @on(Preview.Resized)
    def preview_highlighted(self) -> None:
        """Show what's highlighted."""
        self.show_preview(self.hit_list.highlighted)

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def show_preview(self, hit: Hit | None) -> None:
        """Read and lay out the preview of a hit, off the UI thread."""
        preview = self.query_one(Preview)
        if hit is None:
            preview.say("")
            return
        await asyncio.sleep(_PREVIEW_PAUSE_S)
        width = preview.text_width
        backend = self.app.backend

        def prepare(_cancel: threading.Event) -> PreviewPage:
            return render_preview(load_preview(backend, hit), width)

        try:
            preview.show(await self.app.lanes.preview.call(prepare))
        except LocalsearchError as error:
            preview.say(f"{error.cause}\n{error.remedy}")

    # Keys

    def action_move(self, rows: int) -> None:
        """Move the highlight from wherever the focus is."""
        self.hit_list.move(rows)

    def action_move_page(self, pages: int) -> None:
        """Move the highlight by a page from wherever the focus is."""
        self.hit_list.move_page(pages)

    def action_focus_query(self) -> None:
        """Back to the input."""
        self.query_input.focus()

    def action_back(self) -> None:
        """Stop what still runs, else one step back towards an empty input."""
        self.query_input.focus()
