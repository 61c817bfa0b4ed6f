"""A list to choose several of, whose marks can be told apart without colours."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widgets import SelectionList
from textual.widgets.option_list import OptionDoesNotExist

# Where Textual puts the mark: after the left edge of its box.
_MARK_AT = 1


class CheckList(SelectionList[str]):
    """A box stands before each option, empty unless it's chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select", "Mark")]

    def render_line(self, y: int) -> Strip:
        """Draw an option; Textual's own tells by the colour of its mark alone."""
        strip = super().render_line(y)
        try:
            option = self.get_option_at_index(self.scroll_offset.y + y)
        except OptionDoesNotExist:
            return strip
        segments = list(strip)
        mark = "✓" if option.value in self.selected else " "
        segments[_MARK_AT] = Segment(mark, segments[_MARK_AT].style)
        return Strip(segments)
