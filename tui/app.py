"""The app: composes the screens, owns the threads, and leaves at once when asked to."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

from textual import work
from textual.actions import SkipAction
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import Input

from localsearch.types import CancelledError, LocalsearchError
from tui import themes
from tui.indexing import IndexKeeper, IndexState
from tui.keys import HIT_ACTIONS, alt_key, know_alt_letters
from tui.lanes import Lanes
from tui.screens.main import MainScreen
from tui.terminal_end import terminal_is_gone

if TYPE_CHECKING:
    from localsearch.config import Paths
    from tui.backend import Backend

# Together with Textual's own clean-up this stays below the 300 ms in which the app must be gone.
_GRACE_S = 0.05
# The index is looked at in this rhythm, and brought up to date when the first screen is there.
_STATUS_EVERY_S = 3.0
_UPDATE_AFTER_S = 1.0
_BEGIN_AFTER_S = 0.03
_IDLE_CHECK_S = 0.02
_ERROR_STAYS_S = 8.0
# Characters that are read at leisure in a second: a long remedy stays until it's read.
_READ_PER_S = 15


class LocalsearchApp(App[int]):
    """Search your own files."""

    TITLE = "localsearch"
    CSS_PATH = "app.tcss"
    # Class variables, which Textual's own annotations take for instance variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", priority=True),
        # First in line, as a dialog keeps other keys from the app.
        Binding("ctrl+c", "quit_unless_selected", show=False, priority=True),
    ]

    def __init__(
        self,
        backend: Backend,
        *,
        within: str | None = None,
        keep_index: bool = True,
        reopen: Callable[[], Backend] | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """`keep_index` brings the index up to date while the app is open; `reopen` gives the
        same index with the settings as they are now."""
        know_alt_letters()
        # Else Textual turns colours into greys, which a terminal of few shows as black on black.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.backend = backend
        self.lanes = Lanes()
        self.now_s = now_s
        self.index_changed: Signal[IndexState] = Signal(self, "index_changed")
        self.keeper = IndexKeeper(backend, self.lanes, self._publish)
        self._keep_index = keep_index
        self._reopen = reopen
        self._within = within
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = self._chosen_theme()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours for themes that aren't."""
        return themes.fallback_variables(self.current_theme)

    def _chosen_theme(self) -> str:
        wanted = self.backend.settings.tui.theme
        if self.no_color:
            # It shows by other means than colour what's chosen.
            return themes.FEW_COLOURS
        return wanted if wanted in self.available_themes else themes.default_theme()

    def on_mount(self) -> None:
        """The app opens on the search; the rest begins when that is painted."""
        screen = MainScreen(self._within)
        self.push_screen(screen)
        # Threads that open the index would compete with the first paint.
        screen.call_after_refresh(screen.set_timer, _BEGIN_AFTER_S, self.begin)

    @work(group="begin", exit_on_error=False)
    async def begin(self) -> None:
        """Look at the index; welcome a new user."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        self._tell_of_crash()
        main = self.screen
        if isinstance(main, MainScreen):
            main.begin()
        # The first preview would wait for a model that's being loaded: better opened before.
        self.run_worker(self._warm_up(), exit_on_error=False)
        await self.keeper.refresh()
        self.set_interval(_STATUS_EVERY_S, self._look_again)
        theme = self.backend.settings.tui.theme
        if theme and theme not in self.available_themes:
            self.say(f"There is no theme {theme}: choose one in the palette (Ctrl-P)", "warning")
        status = self.keeper.state.status
        if self.keeper.state.problem is None and (status is None or not status.roots):
            from tui.screens.welcome import WelcomeScreen

            await self.push_screen_wait(WelcomeScreen(self._within))
        elif self._keep_index:
            self.set_timer(_UPDATE_AFTER_S, self.update_index)

    def _tell_of_crash(self) -> None:
        """Say that native code ended the last run: at that moment nobody could."""
        from localsearch.engine.probe import crash_notice

        if said := crash_notice(self.backend.paths):
            self.notify(said, severity="warning", markup=False, timeout=30)

    async def _warm_up(self) -> None:
        backend = self.backend
        await self.lanes.preview.call(lambda _cancel: backend.passages_of(""))

    # The index

    def _publish(self, state: IndexState) -> None:
        if self.is_running and not self._exit:
            self.index_changed.publish(state)

    @work(exclusive=True, group="status", exit_on_error=False)
    async def _look_again(self) -> None:
        if terminal_is_gone():
            self.exit()
        await self.keeper.refresh()

    @work(group="index", exit_on_error=False)
    async def update_index(self, within: Sequence[str] = (), *, full: bool = False) -> None:
        """Bring the index, or these paths of it, up to date; `full` as for `Index.update`."""
        try:
            await self.keeper.update(within, full=full)
        except Exception as error:  # noqa: BLE001 - no traceback ever reaches the screen
            self.show_error(self.describe_unexpected(error))

    @work(group="look", exit_on_error=False)
    async def look_for_changes(self) -> None:
        """Look for changes now, or have the service do it."""
        try:
            await self.keeper.look_for_changes()
        except Exception as error:  # noqa: BLE001 - no traceback ever reaches the screen
            self.show_error(self.describe_unexpected(error))

    @work(group="pause", exit_on_error=False)
    async def pause_or_resume(self) -> None:
        """Stop indexing for now, or have it go on."""
        try:
            await self.keeper.pause_or_resume()
        except LocalsearchError as error:
            self.show_error(error)

    async def add_folders(self, folders: Sequence[str]) -> bool:
        """Add folders and begin to index them; whether they could be added."""
        backend = self.backend
        try:
            await self.lanes.actions.call(lambda _cancel: backend.add_roots(folders))
        except CancelledError:
            return False
        except LocalsearchError as error:
            self.show_error(error)
            return False
        await self.keeper.refresh()
        self.update_index()
        return True

    @work(exclusive=True, group="switch", exit_on_error=False)
    async def switch_backend(self) -> None:
        """Open the index anew, with other settings, at a moment when nothing uses it."""
        if self._reopen is None:
            return
        users = (self.lanes.typing, self.lanes.search, self.lanes.preview, self.lanes.sentences,
                 self.lanes.facts, self.lanes.index)  # fmt: skip
        for lane in users:
            lane.cancel()
        while any(lane.busy for lane in users):
            await asyncio.sleep(_IDLE_CHECK_S)
        old, self.backend = self.backend, self._reopen()
        self.keeper.backend = self.backend
        await self.lanes.actions.call(lambda _cancel: old.close())
        self.update_index()

    # Telling

    def say(
        self, text: str, severity: Literal["information", "warning", "error"] = "information"
    ) -> None:
        """A word at the corner of the screen."""
        self.notify(text, severity=severity, markup=False, timeout=3)

    def show_error(self, error: LocalsearchError) -> None:
        """What went wrong, and what to do."""
        from localsearch.terminal import clean

        text = "\n".join(part for part in (error.cause, error.remedy) if part)
        timeout_s = max(_ERROR_STAYS_S, len(text) / _READ_PER_S)
        text = clean(text, keep_newlines=True)
        self.notify(text, severity="error", markup=False, timeout=timeout_s)

    def describe_unexpected(self, error: Exception) -> LocalsearchError:
        """A fault of ours in words; its traceback goes to the log, never to the screen."""
        import logging

        logging.getLogger("localsearch.tui").error("unexpected", exc_info=error)
        return LocalsearchError(
            f"something went wrong: {type(error).__name__}: {error}",
            f"The log may say more: {self.backend.paths.log_file}",
        )

    # Commands

    @work(group="remember", exit_on_error=False)
    async def remember(self, text: str) -> None:
        """Put a query that led somewhere on top of the history."""
        backend = self.backend
        if text.strip() and backend.settings.search.history:
            await self.lanes.actions.call(lambda _cancel: backend.remember(text.strip()))

    def action_help(self) -> None:
        """Every key on one page."""
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def action_index(self) -> None:
        """The index screen."""
        from tui.screens.index import IndexScreen

        self.push_screen(IndexScreen())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers."""
        if isinstance(screen, MainScreen):
            for each in HIT_ACTIONS:
                yield SystemCommand(
                    each.name or each.help,
                    f"{each.help} ({alt_key(each.key)})",
                    self._caller(screen, each.action),
                )
            yield SystemCommand(
                "Earlier searches", "Saved and earlier searches", screen.action_recall
            )
            yield SystemCommand("Save search", "Save this search, or forget it", screen.action_save)
        yield SystemCommand("Index", "Folders, progress, failures, models", self.action_index)
        yield SystemCommand("Update index", "Look for changes now", self.update_index)
        yield SystemCommand("Pause indexing", "Stop, or go on", self.pause_or_resume)
        yield SystemCommand("Help", "Every key, and the query language", self.action_help)
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)
        yield SystemCommand("Quit", "Leave", self.action_quit)

    def _caller(self, screen: MainScreen, action: str) -> Callable[[], None]:
        def call() -> None:
            self.call_later(screen.run_action, action)

        return call

    def watch_theme(self, theme: str) -> None:
        """A theme that the user has chosen is kept."""
        if self.is_running and theme != self._chosen_theme():
            self._keep_theme(theme)

    @work(group="theme", exit_on_error=False)
    async def _keep_theme(self, theme: str) -> None:
        from localsearch.config import change_setting

        path = self.backend.paths.settings_file
        await self.lanes.actions.call(lambda _cancel: change_setting(path, "tui", "theme", theme))

    async def action_quit(self) -> None:
        """Tell everything that runs to stop, and leave."""
        self.lanes.stop(0)
        self.exit(0)

    async def action_quit_unless_selected(self) -> None:
        """Ctrl-C copies what's selected; with nothing selected it leaves, as in any shell."""
        from tui.screens.folder_picker import PathInput

        focused = self.focused
        if isinstance(focused, PathInput) and focused.is_offered:
            await self.action_quit()
            return
        typed = focused.selected_text if isinstance(focused, Input) else ""
        if typed or self.screen.get_selected_text() is not None:
            raise SkipAction
        await self.action_quit()

    @work(group="folder", exit_on_error=False)
    async def show_in_folder(self, path: str) -> None:
        """Show a file in its folder."""
        from tui.launching import run_detached
        from tui.opening import plan_folder, this_desk

        try:
            await self.lanes.actions.call(
                lambda _cancel: run_detached(plan_folder(path, this_desk()))
            )
        except CancelledError:
            pass
        except LocalsearchError as error:
            self.show_error(error)


def run(paths: Paths | None = None, within: str | None = None) -> NoReturn:
    """Open the app on this user's index, and end the process with its exit code when it's left."""
    from localsearch.api import open_index
    from localsearch.log import log_faults

    backend: Backend = open_index(paths)
    log_faults(backend.paths.log_file)
    # Threads that convert and chunk give way to the one that paints five times as soon as usual.
    sys.setswitchinterval(0.001)
    app = LocalsearchApp(backend, within=within, reopen=lambda: open_index(paths))
    code = app.run() or 0
    app.lanes.stop(_GRACE_S)
    # Freeing a model takes longer than leaving may, and a thread may still wait for one, or for a
    # slow disk. The system frees all of it at once; the index takes no harm from a sudden end.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
