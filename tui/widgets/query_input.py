"""The one input: what's typed, with completion from earlier queries."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.suggester import Suggester
from textual.widgets import Input

from localsearch.terminal import clean

# More is a document: it's embedded whole at each key, which takes a large model many seconds.
MOST_CHARACTERS = 2_000
_TELL_AFTER_S = 0.3
_LINE_BREAKS = re.compile(r"\s*[\r\n\u2028\u2029]+\s*")


def one_line(text: str) -> str:
    """Text of several lines in one, without control characters; blanks at its ends stay."""
    line = _LINE_BREAKS.sub(" ", text.strip("\r\n"))
    return "".join(" " if unicodedata.category(each) == "Cc" else each for each in line)


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
            max_length=MOST_CHARACTERS,
            id="query",
        )

    def on_paste(self, event: Paste) -> None:
        """Put in all of what's pasted, its lines as one; Textual would take the first alone."""
        event.prevent_default()
        event.stop()
        pasted = one_line(event.text)
        start, end = sorted(self.selection)
        text = pasted[: max(0, MOST_CHARACTERS - len(self.value) + end - start)]
        if text:
            self.replace(text, start, end)
        if len(text) < len(pasted):
            # A query that changes takes away what was said before.
            self.set_timer(_TELL_AFTER_S, self._tell_of_cut)

    def _tell_of_cut(self) -> None:
        said = f"Cut: a query has at most {MOST_CHARACTERS:,} characters"
        self.notify(said, severity="warning", markup=False)

    def offer(self, queries: Sequence[str]) -> None:
        """Complete from these earlier queries, newest first."""
        self._earlier.queries = queries

    def write(self, text: str) -> None:
        """Put this text in, the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)
