"""Chooses a folder: by typing its path, or by walking the tree."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.text import Text, TextType
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import DirectoryTree, Input, Static

from localsearch.terminal import clean


class FolderTree(DirectoryTree):
    """Folders only, hidden ones left out."""

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """What's worth showing."""
        return [path for path in paths if not path.name.startswith(".") and _is_folder(path)]

    def process_label(self, label: TextType) -> Text:
        """A name is data, never markup."""
        return Text(clean(str(label)))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


class FolderSuggester(Suggester):
    """Completes a path by the folders that are there."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first folder whose path begins with what's typed."""
        folder, name = os.path.split(value)
        try:
            with os.scandir(os.path.expanduser(folder) or os.curdir) as entries:
                names = sorted(
                    entry.name
                    for entry in entries
                    if entry.name.startswith(name)
                    and entry.is_dir()
                    and (name.startswith(".") or not entry.name.startswith("."))
                )
        except OSError:
            return None
        return os.path.join(folder, names[0]) if names else None


class PathInput(Input):
    """A path to change, or to type another in the place of."""

    def __init__(self, path: str) -> None:
        super().__init__(path, id="folder-path", suggester=FolderSuggester())
        self._offered = path

    @property
    def is_offered(self) -> bool:
        """Whether nothing was typed: then it's selected for what is to come, not by the user."""
        return self.value == self._offered


class FolderPicker(ModalScreen[str | None]):
    """Gives the path of a folder, None when the user went back."""

    CSS_PATH = "folder_picker.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("ctrl+a", "take", "Add this folder", priority=True),
    ]

    def __init__(self, start: str) -> None:
        super().__init__()
        self._start = start

    def compose(self) -> ComposeResult:
        """A path, and a tree."""
        with Vertical() as box:
            box.border_title = Content("Add a folder")
            box.border_subtitle = Content("Enter takes the path · ↓ into the tree · ^A takes there")
            yield PathInput(self._start + os.sep)
            yield Static("", id="folder-problem", markup=False)
            yield FolderTree(self._start, id="folder-tree")

    @on(DirectoryTree.NodeHighlighted)
    def _walked(self, event: DirectoryTree.NodeHighlighted[object]) -> None:
        data = event.node.data
        path = getattr(data, "path", None)
        if path is not None and self.query_one(FolderTree).has_focus:
            self.query_one("#folder-path", Input).value = str(path)

    @on(Input.Submitted, "#folder-path")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_take()

    def key_down(self) -> None:
        """From the path into the tree."""
        self.query_one(FolderTree).focus()

    def action_take(self) -> None:
        """Take the folder whose path stands above."""
        typed = os.path.expanduser(self.query_one("#folder-path", Input).value.strip())
        path = os.path.abspath(os.path.join(self._start, typed))
        if os.path.isdir(path):
            self.dismiss(path)
        else:
            self.query_one("#folder-problem", Static).update(Content("There's no such folder."))
