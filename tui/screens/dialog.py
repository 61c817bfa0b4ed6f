"""What all dialogs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.actions import SkipAction
from textual.screen import ModalScreen, ScreenResultType

if TYPE_CHECKING:
    from tui.app import LocalsearchApp


class Dialog(ModalScreen[ScreenResultType]):
    """A screen in front of another, which it gives its result to."""

    app: LocalsearchApp

    def action_copy_text(self) -> None:
        """Ctrl-C copies what's selected; with nothing selected it leaves, as everywhere.

        A dialog keeps keys from the app, which would leave by itself.
        """
        try:
            super().action_copy_text()
        except SkipAction:
            self.app.action_help_quit()
