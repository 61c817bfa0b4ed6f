"""Every key, and the query language, on one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget

from tui.filters import CHIPS
from tui.keys import HIT_ACTIONS, alt_key

_NAME_WIDTH = 20
_ANYWHERE = (
    ("↑ ↓ PgUp PgDn", "Move through the results, from the input too"),
    ("j  k  Home  End", "The same in results and preview, and to the ends"),
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
_FILTERS = (("← →", "From filter to filter; Enter chooses, Delete takes it away"),)
_PREVIEW = (
    ("↑ ↓ PgUp PgDn", "Scroll; Home and End go to the ends of what's shown"),
    ("Enter", "Open the passage that's shown"),
    ("Mouse", "Select text, and copy it with Ctrl-C"),
)
_INDEX = (
    ("F2  Esc", "Back to the search"),
    ("1  2  3", "Folders, failures, models"),
    ("a", "Add a folder"),
    ("Delete  d", "Forget the highlighted folder, after asking"),
    ("u", "Look for changes now"),
    ("p", "Pause indexing, or go on"),
    ("r", "Read the failed files again"),
    ("Enter", "Use or download a model; show a failed file in its folder"),
    ("m", "Measure the speed of a model on this machine"),
    ("x", "Stop a download, or the measurement"),
)
_CHOOSING = (
    ("Space", "Mark a folder to search, or take the mark away"),
    ("a", "Add a folder that wasn't suggested"),
    ("Ctrl-A", "Take the folder that's shown"),
    ("Ctrl-S", "Begin"),
    ("Esc", "Back; on the first run: later"),
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
        """One table for each place."""
        with VerticalScroll() as box:
            box.border_title = Content("Help")
            box.border_subtitle = Content("Esc closes")
            yield _Page()


class _Page(Widget):
    """The tables, as wide as there's room."""

    DEFAULT_CSS = "_Page { height: auto; }"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines at this width."""
        del container, viewport
        return len(list(_page_lines(width)))

    def render(self) -> Content:
        """Break the lines for the width there is."""
        return Content("\n").join(_page_lines(self.size.width))


def help_tables() -> tuple[tuple[str, Sequence[tuple[str, str]]], ...]:
    """The title and the rows of each table of the page."""
    hits = [(f"{_shown(each.key)}  {_shown(alt_key(each.key))}", each.help) for each in HIT_ACTIONS]
    chips = [(_shown(chip.key), f"Choose by {chip.label.lower()}") for chip in CHIPS]
    return (
        ("Anywhere", _ANYWHERE),
        ("On a hit  (letters in results and preview, Alt anywhere)", hits),
        ("Filters", [*chips, *_FILTERS]),
        ("In the preview", _PREVIEW),
        ("On the index screen", _INDEX),
        ("Choosing folders", _CHOOSING),
        ("In a query", _LANGUAGE),
    )


def _page_lines(width: int) -> Iterator[Content]:
    """The lines of the page; what's longer than `width` goes on beneath its own beginning."""
    for title, rows in help_tables():
        yield Content.styled(title, "bold $primary")
        for name, text in rows:
            yield from _row(name, text, width)
        yield Content("")


def _row(name: str, text: str, width: int) -> Iterator[Content]:
    if len(name) > _NAME_WIDTH:
        # It has a line of its own.
        yield Content(f"  {name}")
        name = ""
    for line in wrap(text, max(20, width - _NAME_WIDTH - 4)):
        yield Content.assemble(f"  {name.ljust(_NAME_WIDTH)}  ", (line, "$dim"))
        name = ""
