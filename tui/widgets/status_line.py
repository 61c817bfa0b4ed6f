"""The bottom line: how much is searchable, and what the index is doing."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from localsearch.terminal import clean, counted
from localsearch.types import Progress, Status
from tui.format import describe_duration, describe_percent

_PHASES = {
    "preparing": "preparing the model",
    "scanning": "looking for changes",
    "reading": "reading",
    "embedding": "learning meanings",
    "done": "",
}


STARTING = "getting ready"


def describe_activity(progress: Progress | None) -> str:
    """What indexing does now, in a few words; empty when it rests."""
    if progress is None or progress.phase == "done":
        return ""
    words = _PHASES[progress.phase]
    if progress.changing_to:
        # Searches go on with the old model meanwhile.
        words += f" for {clean(progress.changing_to)}"
    if progress.phase == "embedding" and progress.chunks_total:
        words += f" {describe_percent(progress.chunks_done / progress.chunks_total)}"
    elif progress.files_total:
        words += f" {progress.files_done:,} of {progress.files_total:,}"
    if progress.eta_s is not None:
        words += f", {describe_duration(progress.eta_s)} left"
    return words


class StatusLine(Widget):
    """Coverage at the left, activity at the right; a click opens the index screen."""

    class Clicked(Message):
        """The user wants to know more about the index."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._status: Status | None = None
        self._progress: Progress | None = None
        self._paused = self._is_indexing = False
        self._trouble = ""

    def show_status(self, status: Status | None) -> None:
        """What the index holds."""
        self._status = status
        self.refresh()

    def show_progress(
        self, progress: Progress | None, *, paused: bool = False, running: bool = False
    ) -> None:
        """What indexing does; None when it rests, or has only just begun."""
        self._progress, self._paused, self._is_indexing = progress, paused, running
        self.refresh()

    def show_trouble(self, text: str) -> None:
        """Something that stands until it's mended; empty takes it away."""
        self._trouble = text
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Tell the screen."""
        event.stop()
        self.post_message(self.Clicked())

    def render(self) -> Content:
        """The line."""
        width = self.content_size.width
        right = self._activity().truncate(max(1, width - 12), ellipsis=True)
        left = self._coverage().truncate(max(1, width - right.cell_length - 2), ellipsis=True)
        return left + " " * max(0, width - left.cell_length - right.cell_length) + right

    def _coverage(self) -> Content:
        status = self._status
        if status is None:
            return Content.styled("no index yet", "$dim")
        # The first passages are about to have their vectors.
        ok = self._is_indexing or (status.model is not None and status.model.usable)
        parts = Content.assemble(
            ("● ", "$success" if ok else "$text-warning"),
            (counted(status.files.total, "file"), "$dim"),
            ("  word ", "$faint"),
            (describe_percent(status.coverage.keyword), "$dim"),
            ("  meaning ", "$faint"),
            (describe_percent(status.coverage.semantic) if ok else "off", "$dim"),
        )
        if status.files.failed:
            parts += Content.styled(f"  {status.files.failed:,} failed", "$text-warning")
        return parts

    def _activity(self) -> Content:
        if self._trouble:
            return Content.styled(clean(self._trouble), "$text-warning")
        if self._paused:
            return Content.styled("indexing is paused", "$text-warning")
        words = describe_activity(self._progress)
        if self._is_indexing and self._progress is None:
            words = STARTING
        if words:
            return Content.assemble(("◆ ", "$primary"), (words, "$dim"))
        model = self._status.model if self._status is not None else None
        return Content.styled(clean(model.name) if model is not None else "", "$faint")
