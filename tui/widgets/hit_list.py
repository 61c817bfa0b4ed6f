"""The list of hits: drawn line by line, so that a new ranking paints in milliseconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from localsearch.types import Hit
from tui.format import is_judged, range_of_scores
from tui.hits import HitKey, arrange, hit_key
from tui.keys import HIT_KEYS
from tui.paint import paint
from tui.widgets.hit_rows import RowStyle, draw_hit


class HitList(ScrollView, can_focus=True):
    """Ranked hits with one of them highlighted, and any number marked."""

    BINDING_GROUP_TITLE = "Results"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "first", "First", show=False),
        Binding("end", "last", "Last", show=False),
        Binding("enter", "open", "Open"),
        *HIT_KEYS,
    ]

    # Rows of the screen below which each hit gets one line of its text only.
    _ROOMY_HEIGHT = 20

    cursor: reactive[int | None] = reactive(None)

    @dataclass
    class Highlighted(Message):
        """Another hit is highlighted, or the same passage in a newer version; None: no hits."""

        hit: Hit | None

    class Scrolled(Message):
        """Other hits are on the screen."""

    @dataclass
    class Opened(Message):
        """The user wants to open this hit."""

        hit: Hit

    def __init__(self, *, now_s: Callable[[], float] = time.time, widget_id: str = "hits") -> None:
        super().__init__(id=widget_id)
        self.hits: tuple[Hit, ...] = ()
        self.marked: dict[HitKey, Hit] = {}
        self._nearest: dict[HitKey, Hit] = {}
        self.moved = False
        self._faded = False
        self._scored = True
        self._now_s = now_s
        self._drawn: dict[tuple[int, bool, bool], list[Content]] = {}
        self._hover: int | None = None
        self._style = RowStyle(10, 1, False, 0.0, "", 0.0)

    # What is shown

    def start_over(self) -> None:
        """Forget that the user has moved: what comes next answers another query."""
        self.moved = False
        self._nearest.clear()
        self.cursor = 0 if self.hits else None
        if self.scroll_offset.y:
            self.scroll_to(y=0, animate=False)

    def show(self, ranked: Sequence[Hit], *, faded: bool = False, scored: bool = True) -> None:
        """Put a new ranking in the place of what's shown; see `arrange` for what stays put."""
        before = self.highlighted
        known = [self._with_nearest(hit) for hit in ranked]
        arranged = arrange(self.hits, self.cursor, known, moved=self.moved)
        if (arranged.hits, faded, scored) == (self.hits, self._faded, self._scored):
            self.cursor = arranged.cursor
            return
        self.hits, self._faded, self._scored = arranged.hits, faded, scored
        self.cursor = arranged.cursor
        self._forget_drawings()
        if self.highlighted != before:
            self.post_message(self.Highlighted(self.highlighted))

    def _with_nearest(self, hit: Hit) -> Hit:
        """The hit with its sentence, where that was found in an earlier version of the list."""
        known = self._nearest.get(hit_key(hit))
        if known is None or hit.highlights:
            return hit
        return replace(hit, snippet=known.snippet, nearest=known.nearest)

    def show_nearest(self, found: Hit) -> None:
        """Mark the sentence that was found in a hit, wherever that stands by now."""
        self._nearest[hit_key(found)] = found
        for row, hit in enumerate(self.hits):
            if hit_key(hit) == hit_key(found) and not hit.highlights:
                marked = self._with_nearest(hit)
                self.hits = (*self.hits[:row], marked, *self.hits[row + 1 :])
                self._forget_drawings()
                if row == self.cursor:
                    self.post_message(self.Highlighted(marked))

    def put_in_place(self, hit: Hit, other: Hit) -> None:
        """Show another hit in the row of this one, if that's still there."""
        for row, shown in enumerate(self.hits):
            if hit_key(shown) == hit_key(hit):
                self.hits = (*self.hits[:row], other, *self.hits[row + 1 :])
                # From now on the user's choice stands, as with any move.
                self.moved = True
                self._forget_drawings()
                if row == self.cursor:
                    self.post_message(self.Highlighted(other))

    @property
    def in_sight(self) -> tuple[Hit, ...]:
        """The hits on the screen, the highlighted one first."""
        height = self._style.height
        top = self.scroll_offset.y // height
        seen = self.hits[top : top + -(-self.size.height // height)]
        current = self.highlighted
        return seen if current is None else (current, *(hit for hit in seen if hit != current))

    @property
    def highlighted(self) -> Hit | None:
        """The hit under the bar."""
        if self.cursor is None or self.cursor >= len(self.hits):
            return None
        return self.hits[self.cursor]

    @property
    def chosen(self) -> tuple[Hit, ...]:
        """The marked hits, else the highlighted one: what actions act on."""
        if self.marked:
            return tuple(self.marked.values())
        return () if self.highlighted is None else (self.highlighted,)

    def toggle_mark(self) -> None:
        """Mark the highlighted hit, or take its mark away, and go to the next."""
        hit = self.highlighted
        if hit is None:
            return
        if self.marked.pop(hit_key(hit), None) is None:
            self.marked[hit_key(hit)] = hit
        self.move(1)
        self.refresh()

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.marked.clear()
        self.refresh()

    # Moving

    def move(self, rows: int) -> None:
        """Move the highlight by this many hits, as far as there are any."""
        if self.hits:
            self.moved = True
            self.cursor = max(0, min(len(self.hits) - 1, (self.cursor or 0) + rows))

    def move_page(self, pages: int) -> None:
        """Move the highlight by what fits on the screen."""
        self.move(pages * max(1, self.size.height // self._style.height))

    def action_move(self, rows: int) -> None:
        """Key."""
        self.move(rows)

    def action_page(self, pages: int) -> None:
        """Key."""
        self.move_page(pages)

    def action_first(self) -> None:
        """Key."""
        self.move(-len(self.hits))

    def action_last(self) -> None:
        """Key."""
        self.move(len(self.hits))

    def action_open(self) -> None:
        """Key."""
        if self.highlighted is not None:
            self.post_message(self.Opened(self.highlighted))

    def watch_cursor(self, old: int | None, new: int | None) -> None:
        """Show the highlighted row, and say which it is."""
        if new is not None:
            height = self._style.height
            shown = height - 1 if self._style.spaced else height
            self.scroll_to_region(
                Region(0, new * height, 1, shown), animate=False, force=True, immediate=True
            )
        if old != new:
            self.refresh()
            if self.moved:
                self.post_message(self.Highlighted(self.highlighted))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say that other hits are seen."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """One click highlights, a second opens."""
        row = (event.y + self.scroll_offset.y) // self._style.height
        if row >= len(self.hits):
            return
        self.move(row - (self.cursor or 0))
        if event.chain == 2:
            self.action_open()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which row a click would take."""
        row = (event.y + self.scroll_offset.y) // self._style.height
        hover = row if row < len(self.hits) else None
        if hover != self._hover:
            self._hover = hover
            self.refresh()

    def on_leave(self) -> None:
        """The mouse is elsewhere."""
        self._hover = None
        self.refresh()

    # Drawing

    def on_resize(self) -> None:
        """Everything is drawn anew for another width."""
        self._forget_drawings()
        self.watch_cursor(self.cursor, self.cursor)

    def notify_style_update(self) -> None:
        """Themes change the colours of what's drawn."""
        super().notify_style_update()
        self.refresh()

    def _current_style(self) -> RowStyle:
        roomy = self.size.height >= self._ROOMY_HEIGHT
        worst, best = range_of_scores(self.hits)
        return RowStyle(
            width=self.scrollable_content_region.width,
            snippet_lines=2 if roomy else 1,
            spaced=roomy,
            now_s=self._now_s(),
            home=os.path.expanduser("~"),
            best=best,
            worst=worst,
            faded=self._faded,
            scored=self._scored,
            judged=is_judged(self.hits),
        )

    def _forget_drawings(self) -> None:
        self._drawn.clear()
        self._style = self._current_style()
        self.virtual_size = Size(self._style.width, len(self.hits) * self._style.height)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        style = self._style
        row, line = divmod(y + self.scroll_offset.y, style.height)
        base = self.visual_style
        if row >= len(self.hits):
            return Strip.blank(self.size.width, base.rich_style)
        current = row == self.cursor
        hit = self.hits[row]
        key = (row, current, hit_key(hit) in self.marked)
        if key not in self._drawn:
            self._drawn[key] = draw_hit(hit, style, current=current, marked=key[2])
        if not (style.spaced and line == style.height - 1):
            if current:
                base += self.app.stylesheet.parse_style("on $cursor-row")
            elif row == self._hover:
                base += self.app.stylesheet.parse_style("on $surface")
        else:
            return Strip.blank(self.size.width, base.rich_style)
        return paint(self.app, self._drawn[key][line], base, self.size.width)
