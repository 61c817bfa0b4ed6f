"""The index, visible: folders, progress, failures, models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static, TabbedContent, TabPane
from textual.widgets.option_list import Option

from localsearch.terminal import clean, counted
from localsearch.types import Failure, LocalsearchError, RootStatus
from tui.format import shorten_path
from tui.indexing import IndexState
from tui.screens.confirm import ConfirmScreen
from tui.screens.folder_picker import FolderPicker
from tui.widgets.coverage import CoveragePanel
from tui.widgets.key_line import KeyLine
from tui.widgets.models import ModelPanel

if TYPE_CHECKING:
    from tui.app import LocalsearchApp


class IndexScreen(Screen[None]):
    """What's indexed, how far, what went wrong, and with which models."""

    CSS_PATH = "index.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f2", "app.pop_screen", "Back"),
        Binding("a", "add", "Add"),
        Binding("delete,d", "remove", "Remove"),
        Binding("u", "update", "Update"),
        Binding("p", "pause", "Pause"),
        Binding("r", "retry", "Retry"),
        Binding("1", "tab('folders')", "Folders", show=False),
        Binding("2", "tab('failures')", "Failures", show=False),
        Binding("3", "tab('models')", "Models", show=False),
        Binding("f1,question_mark", "app.help", "Help", key_display="?"),
    ]

    app: LocalsearchApp

    def __init__(self) -> None:
        super().__init__()
        self._roots: tuple[RootStatus, ...] = ()
        self._failures: tuple[Failure, ...] = ()
        self._tab = "folders"

    def compose(self) -> ComposeResult:
        """The panel, and three lists."""
        yield Static(Content("Index"), id="title")
        yield CoveragePanel()
        with TabbedContent(id="tabs"):
            with TabPane("1 Folders", id="folders"):
                yield OptionList(id="roots", markup=False)
                yield Static("", classes="empty", id="no-roots", markup=False)
            with TabPane("2 Failures", id="failures"):
                yield OptionList(id="failed", markup=False)
                yield Static("", classes="empty", id="no-failures", markup=False)
            with TabPane("3 Models", id="models"):
                yield ModelPanel(self.app.backend, self.app.lanes)
        yield KeyLine()

    def on_mount(self) -> None:
        """Follow the index."""
        self.app.index_changed.subscribe(self, self.show)
        self.show(self.app.keeper.state)
        self.query_one("#roots").focus()

    def show(self, state: IndexState) -> None:
        """Show a state of the index, lists only where they've changed."""
        self.query_one(CoveragePanel).show(state)
        roots = state.status.roots if state.status is not None else ()
        failures = state.status.failures if state.status is not None else ()
        keys = bool(self._roots), bool(self._failures)
        if roots != self._roots or not roots:
            self._roots = roots
            self._fill("#roots", [_describe_root(root) for root in roots])
            self._say("#no-roots", "" if roots else "No folders yet. Press a to add one.")
        if failures != self._failures or not failures:
            self._failures = failures
            self._fill("#failed", [_describe_failure(failure) for failure in failures])
            self._say("#no-failures", "" if failures else "Every file could be read.")
            label = f"2 Failures ({len(failures):,})" if failures else "2 Failures"
            self.query_one(TabbedContent).get_tab("failures").label = Content(label)
        if keys != (bool(roots), bool(failures)):
            self.refresh_bindings()

    def _fill(self, selector: str, lines: list[Content]) -> None:
        options = self.query_one(selector, OptionList)
        at = options.highlighted
        options.set_options([Option(line) for line in lines])
        if lines:
            options.highlighted = min(at or 0, len(lines) - 1)
        options.display = bool(lines)

    def _say(self, selector: str, text: str) -> None:
        label = self.query_one(selector, Static)
        label.display = bool(text)
        label.update(Content(text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing now leave the footer's room to those that do something."""
        if action == "remove":
            return self._tab == "folders" and bool(self._roots)
        if action == "retry":
            return bool(self._failures)
        return True

    def action_tab(self, name: str) -> None:
        """Show one of the lists."""
        self.query_one(TabbedContent).active = name

    @on(TabbedContent.TabActivated)
    def _tab_shown(self, event: TabbedContent.TabActivated) -> None:
        self._tab = event.pane.id or ""
        self.refresh_bindings()
        for options in event.pane.query(OptionList):
            if options.display:
                options.focus()

    # Folders

    @work(group="roots", exit_on_error=False)
    async def action_add(self) -> None:
        """Choose a folder and index it."""
        folder = await self.app.push_screen_wait(FolderPicker(os.path.expanduser("~")))
        if folder:
            await self.app.add_folders([folder])

    @work(group="roots", exit_on_error=False)
    async def action_remove(self) -> None:
        """Forget the highlighted folder, after asking."""
        at = self.query_one("#roots", OptionList).highlighted
        if at is None:
            return
        root = self._roots[at]
        sure = await self.app.push_screen_wait(
            ConfirmScreen(
                "Forget this folder?",
                f"{root.path}\n{counted(root.files, 'file')} will no longer be found. "
                "The files themselves are never touched.",
                yes="Forget",
            )
        )
        if sure:
            await self._forget(root)

    async def _forget(self, root: RootStatus) -> None:
        backend = self.app.backend
        self.app.keeper.pause()
        try:
            gone = await self.app.lanes.actions.call(lambda _cancel: backend.remove_root(root.path))
        except LocalsearchError as error:
            self.app.show_error(error)
        else:
            self.app.say(f"Forgot {clean(root.name)}: {counted(gone, 'file')}")
        await self.app.keeper.refresh()
        self.app.update_index()

    # Work

    def action_update(self) -> None:
        """Look for changes now."""
        self.app.look_for_changes()

    def action_pause(self) -> None:
        """Pause, or go on."""
        self.app.pause_or_resume()

    def action_retry(self) -> None:
        """Read the failed files again."""
        self.app.update_index([failure.path for failure in self._failures], full=True)

    @on(ModelPanel.Switched)
    def _model_switched(self, event: ModelPanel.Switched) -> None:
        self.app.say(f"{event.name} is used from now on; the index follows in the background")
        self.app.switch_backend()

    @on(ModelPanel.Failed)
    def _model_failed(self, event: ModelPanel.Failed) -> None:
        self.app.show_error(event.error)

    @on(OptionList.OptionSelected, "#failed")
    def _show_failed(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.app.show_in_folder(self._failures[event.option_index].path)


def _describe_root(root: RootStatus) -> Content:
    home = os.path.expanduser("~")
    files = (
        counted(root.files, "file") if root.online else "can't be found now: kept until it's back"
    )
    return Content.assemble(
        (clean(root.name), "bold"),
        (f"  {shorten_path(root.path, 60, home=home)}\n", "$dim"),
        (files, "$dim" if root.online else "$text-warning"),
    )


def _describe_failure(failure: Failure) -> Content:
    home = os.path.expanduser("~")
    return Content.assemble(
        shorten_path(failure.path, 90, home=home), (f"\n{clean(failure.reason)}", "$text-warning")
    )
