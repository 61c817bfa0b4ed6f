"""Where in its file a passage stands, in words for people and agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.terminal import clean

if TYPE_CHECKING:
    from localsearch.types import Locator


def shown_place(locator: Locator) -> str:
    """Where in its file a passage stands, in words."""
    parts: list[str] = []
    if locator.page is not None:
        parts.append(f"page {locator.page_label or locator.page}")
    if locator.slide is not None:
        parts.append(f"slide {locator.slide}")
    parts.extend(each for each in (locator.sheet, locator.cell, locator.part) if each)
    if locator.line_start is not None:
        if locator.line_end in (None, locator.line_start):
            parts.append(f"line {locator.line_start}")
        else:
            parts.append(f"lines {locator.line_start}-{locator.line_end}")
    if locator.time_start_s is not None:
        minutes, seconds = divmod(int(locator.time_start_s), 60)
        parts.append(f"{minutes // 60}:{minutes % 60:02}:{seconds:02}")
    if locator.symbol:
        parts.append(locator.symbol)
    elif locator.heading:
        parts.append(" > ".join(locator.heading))
    return clean(" · ".join(parts))
