"""Turns a styled line into what the terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.app import App
    from textual.content import Content
    from textual.style import Style


def paint(app: App[object], line: Content, base: Style, width: int) -> Strip:
    """The line on the `base` style, cut or filled to `width` cells."""
    parse = app.stylesheet.parse_style
    segments = [
        Segment(text, style.rich_style)
        for text, style in line.render(base, end="", parse_style=parse)
    ]
    return Strip(segments).adjust_cell_length(width, base.rich_style)
