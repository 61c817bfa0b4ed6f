"""Which command opens a hit where it matched: editors and viewers with their syntaxes, as data."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

from localsearch.types import Hit, UsageError

# Placeholders: {path}, {line}, {column}, {page}, {folder}; where one is unknown it counts as 1.
_VIM = "+{line} {path}"
_PLUS_COLON = "+{line}:{column} {path}"
_COLONS = "{path}:{line}:{column}"
_GOTO = "--goto {path}:{line}:{column}"
_LINE_COLUMN = "--line {line} --column {column} {path}"


@dataclass(frozen=True, slots=True)
class Editor:
    """How an editor is told the line, and whether it draws in the terminal that runs it."""

    arguments: str
    terminal: bool = False


# Each syntax is from the program's own manual page or `--help`.
EDITORS: dict[str, Editor] = {
    **dict.fromkeys(("vi", "vim", "nvim", "view", "vimx", "neovim"), Editor(_VIM, terminal=True)),
    **dict.fromkeys(("gvim", "mvim", "nvim-qt", "neovide"), Editor(_VIM)),
    **dict.fromkeys(("emacs", "emacsclient"), Editor(_PLUS_COLON)),
    **dict.fromkeys(("nano", "pico", "rnano"), Editor("+{line},{column} {path}", terminal=True)),
    **dict.fromkeys(("hx", "helix"), Editor(_COLONS, terminal=True)),
    **dict.fromkeys(("micro", "kak"), Editor(_PLUS_COLON, terminal=True)),
    **dict.fromkeys(
        ("code", "code-insiders", "codium", "vscodium", "cursor", "windsurf"), Editor(_GOTO)
    ),
    **dict.fromkeys(("zed", "zeditor", "subl", "sublime_text", "lapce"), Editor(_COLONS)),
    **dict.fromkeys(
        (
            "idea", "pycharm", "webstorm", "goland", "clion", "rustrover", "phpstorm", "rubymine",
            "rider", "datagrip", "studio",
        ),
        Editor(_LINE_COLUMN),
    ),
    "kate": Editor(_LINE_COLUMN),
    "mate": Editor("--line {line} {path}"),
    **dict.fromkeys(("gedit", "gnome-text-editor", "bbedit"), Editor("+{line} {path}")),
    "notepad++": Editor("-n{line} {path}"),
}  # fmt: skip

# The first that's installed is used, so the lists go from viewers people choose to those they have.
PDF_VIEWERS: dict[str, str] = {
    "zathura": "--page={page} {path}",
    "okular": "--page {page} {path}",
    "evince": "--page-index={page} {path}",
    "papers": "--page-index={page} {path}",
    "atril": "--page-index={page} {path}",
    "xreader": "--page-index={page} {path}",
    "qpdfview": "{path}#{page}",
    "mupdf": "{path} {page}",
    "SumatraPDF": "-page {page} {path}",
}
_SKIM = "/Applications/Skim.app"

# Kinds whose lines are the file's own; all others have a program of their own.
_EDITED_KINDS = frozenset({"text", "code", "data", "subtitles"})
_TERMINAL_FLAGS = frozenset({"-nw", "-t", "-tty", "--tty", "--no-window-system"})
# In front of a template of the settings: the program draws in this terminal.
TERMINAL_PREFIX = "tty:"


@dataclass(frozen=True, slots=True)
class Launch:
    """A command; with `terminal` the app steps aside while it runs.

    No arguments means the system's own opener (Windows has it as a call, not a program).
    """

    arguments: tuple[str, ...]
    path: str
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What this machine offers for opening files."""

    platform: str
    environment: Mapping[str, str]
    which: Callable[[str], str | None]
    exists: Callable[[str], bool]

    @property
    def has_display(self) -> bool:
        """Whether programs with windows can run."""
        if self.platform in ("darwin", "win32"):
            return True
        return bool(self.environment.get("DISPLAY") or self.environment.get("WAYLAND_DISPLAY"))


def this_desk() -> Desk:
    """This machine."""
    return Desk(sys.platform, os.environ, shutil.which, os.path.exists)


def plan_opening(hit: Hit, templates: Mapping[str, str], desk: Desk) -> Launch:
    """The command that opens a hit; raises UsageError where a template can't be understood."""
    suffix = PurePath(hit.path).suffix.lower()
    for name in (suffix, suffix.removeprefix("."), hit.kind):
        if name and (template := templates.get(name)):
            return _from_template(template, hit, name)
    if hit.kind in _EDITED_KINDS and not hit.member:
        editor = desk.environment.get("VISUAL") or desk.environment.get("EDITOR")
        if editor:
            return _in_editor(editor, hit, desk)
    if hit.kind == "pdf" and hit.locator.page is not None:
        viewer = _in_viewer(hit, desk)
        if viewer is not None:
            return viewer
    return open_by_system(hit.path, desk)


def plan_folder(path: str, desk: Desk) -> Launch:
    """The command that shows a file in its folder."""
    if desk.platform == "darwin":
        return Launch(("open", "-R", path), path)
    if desk.platform == "win32":
        return Launch(("explorer", f"/select,{path}"), path)
    return open_by_system(os.path.dirname(path), desk)


def open_by_system(path: str, desk: Desk) -> Launch:
    """What the system would do on a double click."""
    if desk.platform == "win32":
        return Launch((), path)
    return Launch(("open" if desk.platform == "darwin" else "xdg-open", path), path)


def _fill(arguments: str, hit: Hit) -> tuple[str, ...]:
    # Split first, so that blanks and quotes in a path stay inside of one argument.
    values = {
        "path": hit.path,
        "folder": os.path.dirname(hit.path),
        "line": hit.locator.line_start or 1,
        "column": 1,
        "page": hit.locator.page or 1,
    }
    return tuple(part.format_map(values) for part in shlex.split(arguments))


def _from_template(template: str, hit: Hit, name: str) -> Launch:
    terminal = template.startswith(TERMINAL_PREFIX)
    try:
        arguments = _fill(template.removeprefix(TERMINAL_PREFIX), hit)
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise UsageError(
            f"the template for {name} in [tui.open_with] can't be used: {template}",
            "It may hold {path}, {line}, {column}, {page} and {folder}, and quotes in pairs.",
        ) from error
    if not arguments:
        raise UsageError(f"the template for {name} in [tui.open_with] is empty", "Name a program.")
    editor = EDITORS.get(_program(arguments[0]))
    return Launch(arguments, hit.path, terminal or bool(editor and editor.terminal))


def _in_editor(command: str, hit: Hit, desk: Desk) -> Launch:
    try:
        words = shlex.split(command, posix=desk.platform != "win32")
    except ValueError as error:
        raise UsageError(
            f"$EDITOR can't be understood: {command}", "Its quotes aren't in pairs."
        ) from error
    name = _program(words[0]) if words else ""
    editor = EDITORS.get(name)
    if editor is None:
        # An editor we don't know gets the file alone; most of them draw in the terminal.
        return Launch((*words, hit.path), hit.path, terminal=True)
    terminal = editor.terminal
    if name in ("emacs", "emacsclient"):
        terminal = bool(_TERMINAL_FLAGS.intersection(words)) or not desk.has_display
        if terminal and not _TERMINAL_FLAGS.intersection(words):
            words.append("-nw")
    return Launch((*words, *_fill(editor.arguments, hit)), hit.path, terminal)


def _program(command: str) -> str:
    # Windows paths are told by their backslashes, whatever system this runs on.
    name = PureWindowsPath(command).name if "\\" in command else PurePath(command).name
    return name.removesuffix(".exe").removesuffix(".cmd")


def _in_viewer(hit: Hit, desk: Desk) -> Launch | None:
    if desk.platform == "darwin" and desk.exists(_SKIM):
        url = Path(hit.path).as_uri().replace("file://", "skim://", 1)
        return Launch(("open", f"{url}#page={hit.locator.page}"), hit.path)
    if not desk.has_display:
        return None
    for name, arguments in PDF_VIEWERS.items():
        program = desk.which(name)
        if program:
            return Launch((program, *_fill(arguments, hit)), hit.path)
    return None
