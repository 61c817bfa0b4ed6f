"""The one input: what's typed, with completion from earlier queries."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.suggester import Suggester
from textual.widgets import Input

from localsearch.terminal import clean


class _EarlierQueries(Suggester):
    """Completes a query from those asked before, the newest first."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.queries: Sequence[str] = ()

    async def get_suggestion(self, value: str) -> str | None:
        """The newest earlier query that begins with what's typed."""
        return next((each for each in self.queries if each.startswith(value)), None)


class QueryInput(Input):
    """The query as it's typed; arrows, page keys and Enter act on the results (see MainScreen)."""

    BINDING_GROUP_TITLE = "Query"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Open"),
    ]

    def __init__(self, *, within: str = "") -> None:
        self._earlier = _EarlierQueries()
        where = f"in {clean(os.path.basename(within))}" if within else "your files"
        super().__init__(
            placeholder=f"Search {where}: words, a question, in any language",
            suggester=self._earlier,
            select_on_focus=False,
            id="query",
        )

    def on_paste(self, event: Paste) -> None:
        """Put in all of what's pasted, its lines as one; Textual would take the first alone."""
        event.prevent_default()
        event.stop()
        line = " ".join(event.text.split())
        text = "".join(each for each in line if unicodedata.category(each) != "Cc")
        if text:
            self.replace(text, *self.selection)

    def offer(self, queries: Sequence[str]) -> None:
        """Complete from these earlier queries, newest first."""
        self._earlier.queries = queries

    def write(self, text: str) -> None:
        """Put this text in, the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)
