"""The first run: which folders, what's left out, what stays private; then it begins."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, SelectionList, Static
from textual.widgets.selection_list import Selection

from localsearch.config import load_settings
from localsearch.terminal import clean, counted
from localsearch.types import LocalsearchError
from tui.folder_sizes import (
    FolderSize,
    folders_at_hand,
    home_folder,
    measure,
    outermost,
    suggested_folders,
)
from tui.format import describe_bytes, shorten_path
from tui.screens.folder_picker import FolderPicker
from tui.widgets.check_list import CheckList
from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from localsearch.models import ModelState
    from tui.app import LocalsearchApp

_INTRO = (
    "Choose the folders to search. Their files are read on this machine, and never changed; "
    "what's learnt from them lies in one file of yours. Nothing ever leaves this machine."
)
_SKIPPED = (
    "Left out: hidden files, what .gitignore and .ignore name, caches and build output, keys and "
    "passwords, files over {size}. Photos, music and programs are found by name alone."
)


class WelcomeScreen(Screen[bool]):
    """Gives whether folders were chosen."""

    CSS_PATH = "welcome.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add folder"),
        Binding("ctrl+s", "start", "Start", priority=True),
        Binding("escape", "later", "Later"),
    ]

    app: LocalsearchApp

    def __init__(self, current: str | None = None) -> None:
        super().__init__()
        suggested = suggested_folders(current) or folders_at_hand()
        self._folders: dict[str, FolderSize | None] = dict.fromkeys(suggested)
        self._current = current

    def compose(self) -> ComposeResult:
        """From the greeting to the button."""
        limit = self.app.backend.settings.index.max_file_bytes
        with VerticalScroll(id="welcome", can_focus=False):
            yield Static(Content("localsearch"), id="name")
            yield Static(Content(_INTRO), classes="prose")
            yield CheckList(id="folders")
            yield Static(Content(""), id="total")
            yield Static(Content(_SKIPPED.format(size=describe_bytes(limit))), classes="prose")
            yield Static(Content(""), id="models-note", classes="prose")
        # Beneath what scrolls: in a low window it's the one thing to be seen.
        with Vertical(id="buttons"):
            yield Button(Content("Start"), id="start", variant="primary", compact=True)
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin to count."""
        first = self._current or next(iter(self._folders), None)
        if first == home_folder():
            # All of it is more than most people mean: offered, but not chosen for them.
            first = None
        folders = self.query_one("#folders", SelectionList)
        for path in self._folders:
            folders.add_option(Selection(self._describe(path), path, path == first))
        folders.display = bool(self._folders)
        folders.highlighted = 0 if self._folders else None
        folders.focus()
        self._show_total()
        self.count_files(tuple(self._folders))
        self.read_models()
        self.prepare_model()

    @work(group="prepare", exit_on_error=False)
    async def prepare_model(self) -> None:
        """Have the model unpacked and tried while the user chooses: indexing begins with that."""
        backend = self.app.backend
        # What's wrong with it is said when it's needed.
        with contextlib.suppress(LocalsearchError):
            await self.app.lanes.models.call(lambda _cancel: backend.open_embedder())

    # Counting

    @work(group="count", exit_on_error=False)
    async def count_files(self, folders: tuple[str, ...]) -> None:
        """Count files while the user reads."""
        job = functools.partial(measure, self.app.backend, folders)
        try:
            async for size in self.app.lanes.sizes.stream(job):
                self._folders[size.path] = size
                self._show(size.path)
        except (LocalsearchError, OSError):
            # Sizes are a help to choose by, not a condition.
            return

    def _show(self, path: str) -> None:
        folders = self.query_one("#folders", SelectionList)
        at = list(self._folders).index(path)
        folders.replace_option_prompt_at_index(at, self._describe(path))
        self._show_total()

    def _describe(self, path: str) -> Content:
        size = self._folders[path]
        shown = shorten_path(path, 44, home=os.path.expanduser("~"))
        if size is None:
            facts = "not counted yet"
        else:
            facts = f"{counted(size.files, 'file')}, {describe_bytes(size.size)}"
            facts += "" if size.done else " …"
        return Content.assemble(shown.ljust(46), (facts, "$dim"))

    @on(SelectionList.SelectedChanged)
    def _show_total(self) -> None:
        chosen = self.query_one("#folders", SelectionList).selected
        chosen = outermost(chosen)
        sizes = [size for path in chosen if (size := self._folders.get(path)) is not None]
        files = sum(size.files for size in sizes)
        counting = len(sizes) < len(chosen) or not all(size.done for size in sizes)
        if not chosen:
            text = "Choose one at least: Space marks it, a adds another."
        else:
            text = f"{counted(len(chosen), 'folder')}, {counted(files, 'file')}"
            text += " and counting" if counting else ""
            text += ". Searchable by word within seconds; meaning follows in the background."
        self.query_one("#total", Static).update(Content(text))
        self.query_one("#start", Button).disabled = not chosen

    @work(group="models-note", exit_on_error=False)
    async def read_models(self) -> None:
        """Say which models there are, and which would fit."""
        backend = self.app.backend

        def read(_cancel: threading.Event) -> tuple[tuple[ModelState, ...], str]:
            from localsearch.models import advise, list_models

            settings = load_settings(backend.paths.settings_file)
            models = list_models(backend.paths, settings)
            return models, advise(models, settings)

        try:
            models, advice = await self.app.lanes.actions.call(read)
        except LocalsearchError as error:
            models, advice = (), error.cause
        text = f"{clean(advice.partition(chr(10))[0])} {_offer(models)}".rstrip()
        self.query_one("#models-note", Static).update(Content(text))

    # Keys

    @work(group="add", exit_on_error=False)
    async def action_add(self) -> None:
        """Choose a folder, be it suggested or not."""
        path = await self.app.push_screen_wait(FolderPicker(os.path.expanduser("~")))
        folders = self.query_one("#folders", SelectionList)
        if not path:
            return
        if path in self._folders:
            folders.select(path)
            return
        self._folders[path] = None
        folders.display = True
        folders.add_option(Selection(self._describe(path), path, initial_state=True))
        self._show_total()
        self.count_files(tuple(each for each, size in self._folders.items() if size is None))

    @on(Button.Pressed, "#start")
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_start()

    @work(exclusive=True, group="start", exit_on_error=False)
    async def action_start(self) -> None:
        """Index what's chosen, and search."""
        chosen = self.query_one("#folders", SelectionList).selected
        if not chosen:
            return
        self.app.lanes.sizes.cancel()
        if await self.app.add_folders(chosen):
            self.dismiss(True)

    def action_later(self) -> None:
        """Have a look round first."""
        self.app.lanes.sizes.cancel()
        self.dismiss(False)


def _offer(models: Sequence[ModelState]) -> str:
    """Which models fit this machine and would find more; nothing where they're here."""
    from localsearch.models.catalogue import RECOMMENDED_EMBEDDER, RECOMMENDED_RERANKER

    better = [
        f"{model.name} ({describe_bytes(model.size_bytes)})"
        for model in models
        if model.name in (RECOMMENDED_EMBEDDER, RECOMMENDED_RERANKER)
        and model.fits_memory
        and not model.installed
    ]
    if not better:
        return ""
    return (
        f"This machine can run {' and '.join(better)}, which "
        f"{'find' if len(better) > 1 else 'finds'} more. Nothing is downloaded unasked: press F2, "
        "then 3, whenever you like."
    )
