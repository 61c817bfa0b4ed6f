"""A list to choose from, narrowed down by typing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from localsearch.terminal import clean
from tui.filters import Choice


class PickScreen(ModalScreen[str | None]):
    """Gives the value that was chosen, "" for none of them, None when the user went back."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
    ]

    def __init__(
        self, title: str, choices: Sequence[Choice], *, none: str = "", empty: str = ""
    ) -> None:
        """`none` is what choosing nothing is called, where that's a choice; `empty` stands in
        place of a list without any."""
        super().__init__()
        self._title = title
        self._choices = [*([Choice("", none)] if none else []), *choices]
        self._shown: list[Choice] = []
        self._empty = empty

    def compose(self) -> ComposeResult:
        """A line to type in, the list under it."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Input(placeholder="Type to narrow down", id="narrow")
            yield OptionList(id="choices", markup=False)
            yield Static("", id="empty", markup=False)

    def on_mount(self) -> None:
        """Everything, until something is typed."""
        self._narrow("")

    @on(Input.Changed, "#narrow")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._narrow(event.value)

    def _narrow(self, text: str) -> None:
        words = text.casefold().split()
        self._shown = [
            choice
            for choice in self._choices
            if all(word in f"{choice.label} {choice.hint}".casefold() for word in words)
        ]
        options = self.query_one(OptionList)
        options.set_options([Option(self._describe(choice)) for choice in self._shown])
        options.highlighted = 0 if self._shown else None
        options.display = bool(self._shown)
        empty = self.query_one("#empty", Static)
        empty.display = not self._shown
        empty.update(Content(self._empty if not self._choices else "Nothing matches."))

    def _describe(self, choice: Choice) -> Content:
        hint = f"  {clean(choice.hint)}" if choice.hint else ""
        return Content.assemble(clean(choice.label), (hint, "$dim"))

    def action_move(self, rows: int) -> None:
        """Move the highlight while the focus stays where one types."""
        options = self.query_one(OptionList)
        if self._shown:
            at = (options.highlighted or 0) + rows
            options.highlighted = max(0, min(len(self._shown) - 1, at))

    @on(Input.Submitted, "#narrow")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        highlighted = self.query_one(OptionList).highlighted
        if self._shown and highlighted is not None:
            self.dismiss(self._shown[highlighted].value)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._shown[event.option_index].value)
