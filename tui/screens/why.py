"""Says why a hit stands where it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from localsearch.terminal import clean
from localsearch.types import Hit
from tui.format import describe_percent

_SOURCES = {
    "cosine": "meaning",
    "coverage": "wording",
    "name": "the file's name",
    "identifier": "the identifier",
    "rerank": "judgement",
}


def explain(hit: Hit) -> Iterator[tuple[str, str]]:
    """The ranks and scores that a hit's place comes from, each with its source."""
    why = hit.why
    if why.keyword_rank is not None:
        score = f", score {why.keyword_score:.2f}" if why.keyword_score is not None else ""
        yield "By word", f"rank {why.keyword_rank}{score}"
    if why.coverage is not None:
        yield "Words found", f"{describe_percent(why.coverage)} of the query's"
    if why.vector_rank is not None:
        score = f", similarity {why.vector_score:.3f}" if why.vector_score is not None else ""
        yield "By meaning", f"rank {why.vector_rank}{score}"
    if why.fused_rank is not None:
        yield "Together", f"rank {why.fused_rank}"
    if why.rerank_score is not None:
        kind = "sure to be relevant" if hit.score_kind == "rerank" else "mean log-likelihood"
        shown = (
            f"{why.rerank_score:.0%}" if hit.score_kind == "rerank" else f"{why.rerank_score:.2f}"
        )
        yield "Judged", f"{shown} {kind}"
    for name, weight in why.weights:
        yield f"Weight of {_SOURCES.get(name, clean(name))}", f"{weight:.2f}"


class WhyScreen(ModalScreen[None]):
    """A few lines over the main screen; any of Escape, Enter and e closes it."""

    CSS_PATH = "why.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,e,q", "dismiss", "Close"),
    ]

    def __init__(self, hit: Hit) -> None:
        super().__init__()
        self._hit = hit

    def compose(self) -> ComposeResult:
        """The facts, in two columns."""
        rows = list(explain(self._hit)) or [("", "Nothing is known about this hit.")]
        width = max(len(name) for name, _ in rows)
        lines = [Content.assemble((name.ljust(width + 2), "$dim"), value) for name, value in rows]
        with Vertical() as box:
            box.border_title = Content("Why it's here")
            yield Static(Content(clean(self._hit.title)).stylize("bold"))
            yield Static(Content("\n").join(lines))

    def on_click(self) -> None:
        """A click anywhere closes it."""
        self.dismiss()
