"""Asks before something that can't be taken back, or that uses the network."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from localsearch.terminal import clean


class ConfirmScreen(ModalScreen[bool]):
    """Gives whether the user said yes."""

    CSS_PATH = "confirm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", "No"),
        Binding("y", "dismiss(True)", "Yes"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, text: str, *, yes: str) -> None:
        super().__init__()
        self._title, self._text, self._yes = title, text, yes

    def compose(self) -> ComposeResult:
        """The question, and two buttons; the harmless one has the focus."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Static(Content(clean(self._text, keep_newlines=True)))
            with Horizontal():
                yield Button(Content("Cancel"), id="no", compact=True)
                yield Button(Content(self._yes), id="yes", variant="primary", compact=True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")
