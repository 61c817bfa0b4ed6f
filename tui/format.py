"""How values are worded: paths, places, ages, sizes, times and scores, safe to show."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from localsearch.terminal import clean
from localsearch.types import Hit, Locator

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_BAR_STEPS = 5
_JUDGES = ("rerank", "likelihood")


def shorten_path(path: str, width: int, *, home: str = "") -> str:
    """A path in `width` cells: the middle of its folder is left out, its name kept if it fits."""
    shown = clean(_tilde(path, home))
    if cell_len(shown) <= width:
        return shown
    folder, separator, name = shown.rpartition(os.sep)
    name = separator + name
    room = width - cell_len(name)
    if room < 2:
        return ellipsise(name.removeprefix(os.sep), width)
    return ellipsise(folder, room) + name


def ellipsise(text: str, width: int) -> str:
    """`text` in `width` cells; what's too long loses its middle."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…" if width == 1 else ""
    head = (width - 1) // 2
    tail = width - 1 - head
    start = set_cell_size(text, head).rstrip(" ") if head else ""
    end = ""
    for character in reversed(text):
        if cell_len(end) + cell_len(character) > tail:
            break
        end = character + end
    return f"{start}…{end}"


def _tilde(path: str, home: str) -> str:
    home = home or os.path.expanduser("~")
    if home not in ("", os.sep) and (path == home or path.startswith(home + os.sep)):
        return "~" + path[len(home) :]
    return path


def describe_place(locator: Locator, member: str = "", *, headings: int = 1) -> str:
    """Where a passage stands: `page 3 · lines 10–24 · heading`, with the last `headings`."""
    parts: list[str] = []
    if member:
        parts.append(member.rpartition("/")[2])
    if locator.page is not None:
        parts.append(f"page {locator.page_label or locator.page}")
    if locator.slide is not None:
        parts.append(f"slide {locator.slide}")
    if locator.sheet:
        parts.append(locator.sheet + (f"!{locator.cell}" if locator.cell else ""))
    elif locator.cell:
        parts.append(f"cell {locator.cell}")
    if locator.part:
        parts.append(locator.part)
    if locator.time_start_s is not None:
        parts.append(_clock(locator.time_start_s))
    if locator.line_start is not None:
        parts.append(_lines(locator.line_start, locator.line_end))
    if locator.symbol and headings:
        parts.append(locator.symbol)
    elif locator.heading and headings:
        parts.append(" › ".join(locator.heading[-headings:]))
    return clean(" · ".join(parts))


def _lines(start: int, end: int | None) -> str:
    return f"line {start}" if end is None or end == start else f"lines {start}–{end}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def describe_age(mtime_ns: int, now_s: float) -> str:
    """How long ago: `now`, `5 min`, `3 h`, `2 d`, `4 mo`, `7 y`."""
    age_s = now_s - mtime_ns / 1e9
    for unit_s, name in (
        (365.25 * _DAY, "y"),
        (30.44 * _DAY, "mo"),
        (_DAY, "d"),
        (_HOUR, "h"),
        (_MINUTE, "min"),
    ):
        if age_s >= unit_s:
            return f"{int(age_s / unit_s)} {name}"
    return "now"


def describe_bytes(size: float) -> str:
    """A size in decimal units: `512 B`, `1.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def describe_duration(seconds: float) -> str:
    """A time to wait, rounded as a person would: `8 s`, `3 min`, `2 h 10 min`."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"


def describe_percent(share: float) -> str:
    """A share as per cent; 100 % is said only of the whole."""
    percent = int(share * 100) if share < 1 else 100
    return f"{percent} %"


def is_judged(hits: Sequence[Hit]) -> bool:
    """Whether a reranker has scored any of these."""
    return any(hit.score_kind in _JUDGES for hit in hits)


def range_of_scores(hits: Sequence[Hit]) -> tuple[float, float]:
    """The worst and the best score of a list, by its judge where it has one."""
    scores = [hit.score for hit in hits if hit.score_kind in _JUDGES]
    scores = scores or [hit.score for hit in hits]
    return min(scores, default=0.0), max(scores, default=0.0)


def describe_score(hit: Hit, best: float, worst: float, *, judged: bool = False) -> str:
    """A judge's verdict as per cent, any other score as a bar between the list's worst and best.

    Only a reranker's score is a probability; the others say nothing outside of their list, and
    many of them are squeezed into a small part of their range. In a list that's `judged`, what the
    judge hasn't seen has no score that could be compared.
    """
    if judged and hit.score_kind not in _JUDGES:
        return ""
    if hit.score_kind == "rerank":
        return f"{round(hit.score * 100)} %"
    share = (hit.score - worst) / (best - worst) if best > worst else 1.0
    full = min(_BAR_STEPS, max(1, round(share * _BAR_STEPS)))
    return "▪" * full + "·" * (_BAR_STEPS - full)
