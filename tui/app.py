"""The app: composes the screens, owns the threads, and leaves at once when asked to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from localsearch.types import LocalsearchError
from tui import themes
from tui.lanes import Lanes
from tui.screens.main import MainScreen

if TYPE_CHECKING:
    from localsearch.config import Paths
    from tui.backend import Backend

# Together with Textual's own clean-up this stays below the 300 ms in which the app must be gone.
_GRACE_S = 0.12


class LocalsearchApp(App[int]):
    """Search your own files."""

    TITLE = "localsearch"
    ENABLE_COMMAND_PALETTE = True
    # Class variables, which Textual's own annotations take for instance variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", priority=True),
    ]

    def __init__(
        self,
        backend: Backend,
        *,
        within: str | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.backend = backend
        self.lanes = Lanes()
        self.now_s = now_s
        self._within = within
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = self._chosen_theme()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours for themes that aren't."""
        return themes.fallback_variables(self.current_theme)

    def on_mount(self) -> None:
        """The app opens on the search."""
        self.push_screen(MainScreen(self._within))

    def _chosen_theme(self) -> str:
        wanted = self.backend.settings.tui.theme
        return wanted if wanted in self.available_themes else themes.default_theme()

    def describe_unexpected(self, error: Exception) -> LocalsearchError:
        """A fault of ours in words; its traceback goes to the log, never to the screen."""
        import logging

        logging.getLogger("localsearch.tui").exception("unexpected", exc_info=error)
        return LocalsearchError(
            f"something went wrong: {type(error).__name__}: {error}",
            f"The log has the details: {self.backend.paths.log_file}",
        )

    async def action_quit(self) -> None:
        """Tell everything that runs to stop, and leave."""
        for lane in vars(self.lanes).values():
            lane.stop()
        self.exit(0)

    def action_help_quit(self) -> None:
        """Ctrl-C where nothing is selected."""
        self.call_later(self.action_quit)


def run(paths: Paths | None = None, within: str | None = None) -> int:
    """Open the app on this user's index, and give the exit code when it's left."""
    from localsearch.api import open_index

    backend: Backend = open_index(paths)
    app = LocalsearchApp(backend, within=within)
    code = app.run() or 0
    if app.lanes.stop(_GRACE_S):
        backend.close()
        return code
    # A thread is still inside a model or a slow disk. The index takes no harm from a sudden end,
    # and the user has asked to leave.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
