"""Says how far the list has come: by word, by meaning, judged; and how long it may still take."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from localsearch.terminal import clean, counted
from localsearch.types import Stage
from tui.format import describe_percent

_WAYS = {"hybrid": "by word and meaning", "semantic": "by meaning", "keyword": "by word"}
_BAR_CELLS = 8


@dataclass(frozen=True, slots=True)
class _Deadline:
    """When the settled list is due, in `time.monotonic()` seconds."""

    started_s: float
    ends_s: float

    def left_s(self) -> float:
        return max(0.0, self.ends_s - time.monotonic())

    def bar(self) -> str:
        whole = self.ends_s - self.started_s
        full = round(_BAR_CELLS * self.left_s() / whole) if whole > 0 else 0
        return "━" * full + "─" * (_BAR_CELLS - full)


class StageLine(Widget):
    """One line above the results."""

    def __init__(self) -> None:
        super().__init__(id="stage")
        self._stage: Stage | None = None
        self._passages = self._recent = False
        self._deadline: _Deadline | None = None
        self._message = Content("")
        self._clock: Timer | None = None

    def on_mount(self) -> None:
        """The deadline is drawn again while it runs."""
        self._clock = self.set_interval(0.2, self.refresh, pause=True)

    def start(self, budget_s: float) -> None:
        """A search has begun whose settled answer is due in this time."""
        now_s = time.monotonic()
        self._deadline = _Deadline(now_s, now_s + budget_s)
        if self._clock is not None:
            self._clock.resume()

    def show(self, stage: Stage, *, passages: bool, recent: bool = False) -> None:
        """The list on screen is at this stage; `recent` when nothing was asked for."""
        self._stage, self._passages, self._recent = stage, passages, recent
        self._message = Content("")
        if stage.final:
            # The search may still be tidying up; for who reads, it's over.
            self.stop()
        self.refresh()

    def stop(self) -> None:
        """The list is as good as it gets, or was stopped."""
        self._deadline = None
        if self._clock is not None:
            self._clock.pause()
        self.refresh()

    def say(self, message: str) -> None:
        """Say something else than the stage of a list."""
        self._stage = None
        self._message = Content(clean(message))
        self.stop()

    def render(self) -> Content:
        """The line."""
        left = self._message if self._stage is None else self._describe(self._stage)
        right = self._describe_deadline()
        width = self.content_size.width
        left = left.truncate(max(1, width - right.cell_length - 2), ellipsis=True)
        return left + " " * (width - left.cell_length - right.cell_length) + right

    def _describe(self, stage: Stage) -> Content:
        if stage.nothing_relevant and stage.hits:
            head = Content.styled("Nothing relevant found", "bold $text-warning")
            return head + Content.styled("  the closest there is, greyed", "$dim")
        if not stage.hits:
            # By meaning, something may still be found.
            nothing = stage.final and not self._recent
            return Content.styled("Nothing found" if nothing else "", "bold $text-warning")
        if self._recent:
            return Content.styled("Changed last", "$dim")
        noun = "passage" if self._passages else "file"
        # Before the first vector, a query that has one is answered by its words all the same.
        by_word = stage.name == "keyword" or (
            stage.mode == "hybrid" and not stage.coverage.semantic
        )
        way = _WAYS["keyword" if by_word else stage.mode]
        parts = Content.assemble(
            (counted(len(stage.hits), noun), "bold"),
            (f"  {way}", "$dim"),
            (f", the best {stage.reranked} judged" if stage.reranked else "", "$dim"),
            ("  ✓" if stage.final else "", "$success"),
        )
        if 0 < stage.coverage.semantic < 1:
            share = describe_percent(stage.coverage.semantic)
            parts += Content.styled(f"  {share} searchable by meaning so far", "$faint")
        return parts

    def _describe_deadline(self) -> Content:
        if self._deadline is not None:
            if self._stage is None or self._stage.name == "keyword":
                return Content.styled("searching …", "$dim")
            return Content.assemble(
                (self._deadline.bar(), "$primary"), (f" {self._deadline.left_s():.1f} s", "$dim")
            )
        if self._stage is not None and self._stage.final and not self._recent:
            return Content.styled(f"{self._stage.timings_ms.total:,.0f} ms", "$faint")
        return Content("")
