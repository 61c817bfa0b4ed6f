"""How much of the index is searchable, how, and what's being done about the rest."""

from __future__ import annotations

import os

from textual.content import Content
from textual.widget import Widget

from localsearch.terminal import counted
from tui.format import describe_bytes, describe_percent, shorten_path
from tui.indexing import IndexState
from tui.widgets.status_line import STARTING, describe_activity

_LABEL_CELLS = 10
# Of what's told of the last work.
_MOST_LINES = 4


class CoveragePanel(Widget):
    """Two bars, the counts, and the activity, or what came of it; as long as that is."""

    def __init__(self) -> None:
        super().__init__(id="coverage")
        self._state = IndexState()

    def show(self, state: IndexState) -> None:
        """Another state of the index."""
        self._state = state
        self.refresh(layout=True)

    def render(self) -> Content:
        """The lines."""
        status = self._state.status
        if status is None:
            return Content.styled("There's no index yet. Add a folder to begin: press a.", "$dim")
        meaning = status.coverage.semantic
        usable = status.model is not None and status.model.usable
        off = not (usable or self._state.running)
        lines = [
            self._bar("Words", status.coverage.keyword, "$success", ""),
            self._bar("Meaning", 0.0 if off else meaning, "$primary", "off" if off else ""),
            self._counts(),
            self._activity(),
        ]
        width = max(8, self.content_size.width)
        head = [line.truncate(width, ellipsis=True) for line in lines[:-1]]
        return Content("\n").join([*head, *self._wrapped(lines[-1], width)])

    def _wrapped(self, line: Content, width: int) -> list[Content]:
        """The last line, over as many as it needs, below each other."""
        lead = " " * _LABEL_CELLS
        room = max(8, width - _LABEL_CELLS)
        said = line[_LABEL_CELLS:].wrap(room) or [Content("")]
        if len(said) > _MOST_LINES:
            last = said[_MOST_LINES - 1].rstrip()
            said = [*said[: _MOST_LINES - 1], last.truncate(room - 1) + "…"]
        return [lead + part for part in said]

    def _bar(self, label: str, share: float, style: str, instead: str) -> Content:
        width = max(8, min(48, self.content_size.width - _LABEL_CELLS - 8))
        full = width if share >= 1 else min(width - 1, round(width * share))
        return Content.assemble(
            (label.ljust(_LABEL_CELLS), "$dim"),
            ("━" * full, style),
            ("─" * (width - full), "$faint"),
            (f"  {instead or describe_percent(share)}", "bold"),
        )

    def _counts(self) -> Content:
        status = self._state.status
        assert status is not None
        files = status.files
        parts = [
            counted(files.total, "file"),
            f"{files.indexed:,} with text",
            f"{files.failed:,} failed" if files.failed else "",
            f"{files.skipped:,} by name only" if files.skipped else "",
            counted(status.chunks, "passage"),
            f"{describe_bytes(status.db_bytes)} on disk",
        ]
        return Content.styled("".ljust(_LABEL_CELLS) + " · ".join(filter(None, parts)), "$dim")

    def _activity(self) -> Content:
        state = self._state
        lead = "".ljust(_LABEL_CELLS)
        if state.problem is not None:
            text = f"{state.problem.cause}. {state.problem.remedy}"
            return Content.styled(lead + text, "$text-warning")
        if state.silence:
            text = f"`localsearch watch` doesn't answer: {state.silence}"
            return Content.styled(lead + text, "$text-warning")
        if state.paused:
            return Content.styled(lead + "Paused. Press p to go on.", "$text-warning")
        if state.elsewhere and state.progress is None:
            text = "`localsearch watch` keeps it up to date."
            if state.status is None or state.status.service is None:
                text = "Another localsearch is keeping the index now."
            return Content.styled(lead + text, "$dim")
        if state.progress is None:
            if state.running:
                return Content.styled(f"{lead}◆ {STARTING}", "$dim")
            return Content.styled(lead + self._rest(), "$dim")
        rate = state.progress.tokens_per_s
        words = describe_activity(state.progress) + (f" · {rate:,.0f} tokens/s" if rate else "")
        room = self.content_size.width - len(lead) - len(words) - 6
        name = state.progress.current
        home = os.path.expanduser("~")
        current = shorten_path(name, room, home=home) if name and room > 12 else ""
        return Content.assemble(lead, ("◆ ", "$primary"), words, (f"  {current}", "$faint"))

    def _rest(self) -> str:
        report = self._state.report
        if report is None:
            return "Up to date."
        changes = [
            f"{number:,} {what}"
            for number, what in (
                (report.added, "added"),
                (report.changed, "changed"),
                (report.moved, "moved"),
                (report.removed, "removed"),
                (report.renewed, "read anew"),
            )
            if number
        ]
        text = "Up to date" + (f": {', '.join(changes)}." if changes else ".")
        return " ".join([text, *report.notices])
