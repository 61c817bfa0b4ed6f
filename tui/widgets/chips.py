"""The filters as chips: what they're set to, and a list to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from localsearch.terminal import clean
from tui.filters import CHIPS, Chip, read_filter
from tui.format import ellipsise

_VALUE_CELLS = 18


class ChipButton(Static, can_focus=True):
    """One chip."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", "Choose"),
        Binding("delete,backspace", "clear", "Clear"),
        Binding("left", "beside(-1)", show=False),
        Binding("right", "beside(1)", show=False),
        # All chips are one stop on the way from pane to pane.
        Binding("tab", "leave(1)", "Pane"),
        Binding("shift+tab", "leave(-1)", show=False),
    ]

    @dataclass
    class Pressed(Message):
        """The user wants to choose a value."""

        chip: Chip

    @dataclass
    class Cleared(Message):
        """The user wants no such filter."""

        chip: Chip

    def __init__(self, chip: Chip) -> None:
        super().__init__(id=f"chip-{chip.name}", markup=False)
        self.chip = chip
        self.value = ""
        self.is_labelled = False

    def show(self, value: str) -> None:
        """What the query says."""
        if value == self.value and self.is_labelled:
            return
        self.value, self.is_labelled = value, True
        self.set_class(bool(value), "-set")
        label = self.chip.label if not value else ellipsise(clean(value), _VALUE_CELLS)
        self.update(Content(f" {label} {'×' if value else '▾'} "))

    def on_mount(self) -> None:
        """Nothing is set at first."""
        self.tooltip = f"{self.chip.label}  ({self.chip.key})"
        self.show("")

    def on_click(self, event: events.Click) -> None:
        """The cross at the end clears, the rest chooses."""
        if self.value and event.x >= self.size.width - 3:
            self.action_clear()
        else:
            self.action_press()

    def action_press(self) -> None:
        """Key."""
        self.post_message(self.Pressed(self.chip))

    def action_clear(self) -> None:
        """Key."""
        if self.value:
            self.post_message(self.Cleared(self.chip))

    def action_beside(self, step: int) -> None:
        """To the chip at the left or the right."""
        chips = self._all()
        at = chips.index(self) + step
        if 0 <= at < len(chips):
            chips[at].focus()

    def action_leave(self, step: int) -> None:
        """To the pane after all chips, or to the one before."""
        chain, chips = self.screen.focus_chain, self._all()
        at = chain.index(chips[-1] if step > 0 else chips[0]) + step
        chain[at % len(chain)].focus()

    def _all(self) -> list[ChipButton]:
        return list(self.screen.query(ChipButton))


class Chips(Horizontal):
    """All chips in a row."""

    BINDING_GROUP_TITLE = "Filters"

    def __init__(self) -> None:
        super().__init__(id="chips")

    def compose(self) -> ComposeResult:
        """The chips."""
        for chip in CHIPS:
            yield ChipButton(chip)

    def read(self, text: str) -> None:
        """Show what a query is filtered by."""
        for button in self.query(ChipButton):
            button.show(read_filter(text, button.chip))
