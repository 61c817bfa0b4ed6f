"""Every key, and the query language, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.filters import CHIPS
from tui.keys import HIT_ACTIONS, alt_key

_ANYWHERE = (
    ("↑ ↓ PgUp PgDn", "Move through the results, from the input too"),
    ("Enter", "Open where it matched what's highlighted, or marked"),
    ("Tab", "Next pane: query, filters, results, preview"),
    ("Esc", "Stop the search; take marks away; back; clear the query"),
    ("/", "Back to the query, from results and preview"),
    ("Ctrl-R", "Earlier and saved searches"),
    ("Ctrl-S", "Save this search, or forget it"),
    ("Ctrl-P", "Every command, by name"),
    ("F1  ?", "This page"),
    ("F2", "The index: folders, progress, failures, models"),
    ("Ctrl-Q  Ctrl-C", "Quit"),
)
_LANGUAGE = (
    ('"exact phrase"', "these words, in this order"),
    ("-word", "without this word"),
    ("kind:pdf", "of a kind: text code pdf doc sheet slides web mail book …"),
    ("ext:py", "with this ending"),
    ("in:NAME", "in this indexed folder"),
    ("path:src/**", "where the path fits"),
    ("lang:zh", "written in this language"),
    ('after:2024-05  before:"last week"', "changed within this time"),
    ("size:>1M", "of this size"),
)


def _shown(key: str) -> str:
    return key.replace("alt+", "Alt-").replace("shift+", "Shift-").replace("space", "Space")


class HelpScreen(ModalScreen[None]):
    """Scrolls; Escape closes."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,q", "dismiss", "Close"),
    ]

    def compose(self) -> ComposeResult:
        """Three tables."""
        with VerticalScroll() as box:
            box.border_title = Content("Help")
            box.border_subtitle = Content("Esc closes")
            yield Static(Content("\n").join(self._lines()))

    def _lines(self) -> Iterator[Content]:
        yield from _table("Anywhere", _ANYWHERE)
        yield from _table(
            "On a hit  (letters in results and preview, Alt anywhere)",
            [(f"{_shown(each.key)}  {_shown(alt_key(each.key))}", each.help)
             for each in HIT_ACTIONS],
        )  # fmt: skip
        yield from _table(
            "Filters", [(_shown(chip.key), f"Choose by {chip.label.lower()}") for chip in CHIPS]
        )
        yield from _table("In a query", _LANGUAGE)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[Content]:
    yield Content.styled(title, "bold $primary")
    for name, text in rows:
        yield Content.assemble(f"  {name.ljust(20)}  ", (text, "$dim"))
    yield Content("")
