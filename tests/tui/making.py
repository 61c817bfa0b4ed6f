"""Hits and stages for tests of the parts that show them."""

from __future__ import annotations

from typing import Any

from localsearch.types import Hit, Locator, Why

NOW_S = 1_760_000_000.0
DAY_NS = 86_400_000_000_000


def make_hit(path: str = "/home/ada/notes/tea.md", **changes: Any) -> Hit:
    """A hit by word in a note, with whatever differs from that."""
    values: dict[str, Any] = {
        "path": path,
        "member": "",
        "title": path.rpartition("/")[2],
        "kind": "text",
        "language": "en",
        "locator": Locator(line_start=3, line_end=5),
        "snippet": "Steep the green tea for two minutes.",
        "highlights": ((10, 19),),
        "score": 1.0,
        "score_kind": "keyword",
        "why": Why(keyword_rank=1),
        "mtime_ns": int(NOW_S * 1e9) - 3 * DAY_NS,
        "text": "Steep the green tea for two minutes.",
        "chunk_id": 1,
    }
    return Hit(**(values | changes))
