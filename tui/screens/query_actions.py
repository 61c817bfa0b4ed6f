"""What can be done with the query: filter it, recall an earlier one, save it."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING

from textual import on, work
from textual.screen import Screen

from localsearch.terminal import clean
from localsearch.types import LocalsearchError
from tui.filters import (
    CHIPS,
    Chip,
    Choice,
    date_choices,
    folder_choices,
    kind_choices,
    language_choices,
    write_filter,
)
from tui.widgets.chips import ChipButton
from tui.widgets.hit_list import HitList
from tui.widgets.query_input import QueryInput
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    import threading

    from tui.app import LocalsearchApp


class QueryActions(Screen[None]):
    """The part of the main screen that acts on the query."""

    app: LocalsearchApp

    @property
    def query_input(self) -> QueryInput:
        """Where the query is typed."""
        return self.query_one(QueryInput)

    @on(StatusLine.Clicked)
    def _status_clicked(self) -> None:
        self.app.action_index()

    # Filters

    @on(ChipButton.Pressed)
    def _chip_pressed(self, event: ChipButton.Pressed) -> None:
        event.stop()
        self.choose_filter(event.chip)

    @on(ChipButton.Cleared)
    def _chip_cleared(self, event: ChipButton.Cleared) -> None:
        event.stop()
        self.query_input.write(write_filter(self.query_input.value, event.chip, ""))

    def action_filter(self, name: str) -> None:
        """Choose what one of the chips filters by."""
        self.choose_filter(next(chip for chip in CHIPS if chip.name == name))

    @work(exclusive=True, group="filter", exit_on_error=False)
    async def choose_filter(self, chip: Chip) -> None:
        """Ask for a value, and write it into the query."""
        from tui.screens.pick import PickScreen

        value = await self.app.push_screen_wait(
            PickScreen(chip.label, self._choices(chip), none=f"Any {chip.label.lower()}")
        )
        if value is not None:
            self.query_input.write(write_filter(self.query_input.value, chip, value))
            self.query_input.focus()

    def _choices(self, chip: Chip) -> list[Choice]:
        hits = self.query_one(HitList).hits
        match chip.name:
            case "kind":
                return kind_choices()
            case "language":
                return language_choices(hit.language or "" for hit in hits)
            case "date":
                year = datetime.datetime.fromtimestamp(self.app.now_s(), datetime.UTC).year
                return date_choices(year)
            case _:
                status = self.app.keeper.state.status
                roots = status.roots if status is not None else ()
                return folder_choices(
                    [(root.name, root.path) for root in roots],
                    [os.path.dirname(hit.path) for hit in hits],
                )

    # Earlier and saved searches

    @work(exclusive=True, group="offer", exit_on_error=False)
    async def offer_earlier(self) -> None:
        """Complete what's typed from earlier searches."""
        backend = self.app.backend
        self.query_input.offer(await self.app.lanes.actions.call(lambda _cancel: backend.history()))

    @work(exclusive=True, group="recall", exit_on_error=False)
    async def action_recall(self) -> None:
        """Choose among saved and earlier searches."""
        from tui.screens.pick import PickScreen

        backend = self.app.backend

        def read(_cancel: threading.Event) -> list[Choice]:
            saved = backend.saved_searches()
            choices = [Choice(text, f"★ {name}", "saved") for name, text in saved.items()]
            known = set(saved.values())
            return choices + [Choice(text, text) for text in backend.history() if text not in known]

        try:
            choices = await self.app.lanes.actions.call(read)
        except LocalsearchError as error:
            self.app.show_error(error)
            return
        empty = (
            "No searches yet: those whose hits you open are remembered, on this machine only."
            if backend.settings.search.history
            else "No saved searches; the history is turned off in the settings."
        )
        text = await self.app.push_screen_wait(PickScreen("Searches", choices, empty=empty))
        if text is not None:
            self.query_input.write(text)
            self.query_input.focus()

    @work(exclusive=True, group="save", exit_on_error=False)
    async def action_save(self) -> None:
        """Save this search; once more takes it off the list."""
        text = self.query_input.value.strip()
        if not text:
            self.app.say("Type a search to save it", "warning")
            return
        backend = self.app.backend

        def save(_cancel: threading.Event) -> bool:
            names = [name for name, saved in backend.saved_searches().items() if saved == text]
            for name in names:
                backend.delete_search(name)
            if not names:
                backend.save_search(text, text)
            return not names

        try:
            saved = await self.app.lanes.actions.call(save)
        except LocalsearchError as error:
            self.app.show_error(error)
        else:
            what = "Saved: Ctrl-R finds" if saved else "No longer saved:"
            self.app.say(f"{what} {clean(text)}")
