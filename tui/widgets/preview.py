"""The file at the passage that was found, highlighted and centred."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from localsearch.terminal import clean
from localsearch.types import Hit
from tui.format import describe_place, ellipsise
from tui.keys import HIT_KEYS
from tui.paint import paint

if TYPE_CHECKING:
    from tui.preview_render import PreviewPage, PreviewRow


class Preview(ScrollView, can_focus=True):
    """A window of the file; n and N go through its passages."""

    ALLOW_SELECT = True
    BINDING_GROUP_TITLE = "Preview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "Start", show=False),
        Binding("end", "scroll_end", "End", show=False),
        Binding("enter", "screen.open", "Open"),
        *HIT_KEYS,
    ]

    class Resized(Message):
        """What's shown was laid out for another width."""

    def __init__(self) -> None:
        super().__init__(id="preview")
        self.page: PreviewPage | None = None
        self._message = ""
        self._labels = (Content(""), Content(""))

    @property
    def text_width(self) -> int:
        """Cells that a page may use."""
        return max(10, self.scrollable_content_region.width)

    @property
    def hit(self) -> Hit | None:
        """The hit, or another passage of its file, that's shown."""
        return self.page.source.hit if self.page is not None else None

    def show(self, page: PreviewPage) -> None:
        """Paint a page with its passage in the middle, or what's marked where it's too long."""
        self.page, self._message = page, ""
        self.virtual_size = Size(page.width, len(page.rows))
        height = max(1, self.scrollable_content_region.height)
        top = page.focus - max(1, (height - page.focus_rows) // 2)
        if page.found >= top + height:
            top = page.found - height // 2
        self.scroll_to(y=max(0, top), animate=False, force=True, immediate=True)
        self._label()
        self.refresh()

    def say(self, message: str) -> None:
        """Show a message in place of a file."""
        self.page, self._message = None, clean(message, keep_newlines=True)
        self.virtual_size = Size(0, 0)
        self._label()
        self.refresh()

    def on_resize(self) -> None:
        """Ask for a page of the new width."""
        if self.page is not None and self.page.width != self.text_width:
            self.post_message(self.Resized())

    def notify_style_update(self) -> None:
        """Themes change the colours of what's drawn."""
        super().notify_style_update()
        self.refresh()

    def _label(self) -> None:
        title = subtitle = Content("")
        if self.page is not None:
            source = self.page.source
            place = describe_place(source.hit.locator, source.hit.member)
            room = max(8, self.size.width - 8)
            name = clean(source.hit.path.rpartition(os.sep)[2])
            if len(name) + len(place) + 3 > room:
                place = describe_place(source.hit.locator, source.hit.member, headings=0)
            title = Content(ellipsise(f"{name} · {place}" if place else name, room))
            if source.note:
                subtitle = Content(ellipsise(source.note, room))
            elif len(source.stops) > 1:
                subtitle = Content(f"passage {source.stop + 1} of {len(source.stops)}")
        if (title, subtitle) != self._labels:
            self._labels = (title, subtitle)
            # Content, as a string would be read as markup.
            self.border_title = title
            self.border_subtitle = subtitle

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that the mouse has selected."""
        if self.page is None:
            return None
        text = "\n".join(self._draw(row).plain for row in self.page.rows)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Paint it."""
        del selection
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        base = self.visual_style
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        if self.page is None:
            return self._render_message(y, width)
        if at >= len(self.page.rows):
            return Strip.blank(width, base.rich_style)
        row = self.page.rows[at]
        if row.passage:
            base += self.app.stylesheet.parse_style("on $passage")
        line = self._draw(row)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(at)) is not None:
            start, end = span
            selected = self.screen.get_component_styles("screen--selection")
            style = f"on {selected.background.hex}"
            line = line.stylize(style, start, len(line) if end == -1 else end)
        return paint(self.app, line, base, width).apply_offsets(0, at)

    def _draw(self, row: PreviewRow) -> Content:
        assert self.page is not None
        if row.caption:
            rule = max(2, self.page.width - row.content.cell_length - 6)
            return Content.assemble(
                ("── ", "$faint"), row.content.stylize("bold $dim"), (" " + "─" * rule, "$faint")
            )
        bar = Content.styled("▎ " if row.passage else "  ", "$primary")
        if not self.page.number_width:
            return bar + row.content
        number = "" if row.number is None else str(row.number)
        label = number.rjust(self.page.number_width - 1) + " "
        return Content.styled(label, "$dim" if row.passage else "$faint") + bar + row.content

    def _render_message(self, y: int, width: int) -> Strip:
        base = self.visual_style
        lines = Content.styled(self._message, "$dim").wrap(max(8, width - 4))
        top = max(0, (self.size.height - len(lines)) // 3)
        if not top <= y < top + len(lines):
            return Strip.blank(width, base.rich_style)
        return paint(self.app, Content("  ") + lines[y - top], base, width)
