"""`localsearch [PATH]`: opens the TUI, within PATH when given."""

from __future__ import annotations

import difflib
import gc
import importlib
import os
import sys

import click

from localsearch.cli.output import shown_path


@click.command(hidden=True)
@click.argument("path", required=False)
@click.argument("rest", nargs=-1)
def open_tui(path: str | None, rest: tuple[str, ...] = ()) -> int:
    """Open the search screen, within PATH when given."""
    from localsearch import config
    from localsearch.types import NoIndexError, UsageError

    within = None
    if path is not None:
        within = os.path.realpath(os.path.expanduser(path))
        if not os.path.isdir(within):
            raise UsageError(f"there is no command and no folder {path}", _suggestion(path))
        if rest:
            raise UsageError(
                "the search screen opens within one folder",
                "To search from here: localsearch search QUERY --in FOLDER",
            )
    is_indexed = within is None or _is_indexed(within)
    if not is_indexed and not sys.stdin.isatty():
        raise NoIndexError(f"{within} is in no indexed folder", f"Add it: localsearch add {within}")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the search screen needs a terminal", "In scripts use: localsearch search QUERY"
        )
    if within is not None and not is_indexed:
        _offer_to_add(within)
    # Nothing of what's imported now is garbage; the app goes on collecting once it has painted.
    gc.disable()
    # By name, as the core must not depend on the TUI.
    tui = importlib.import_module("tui.app")
    return int(tui.run(config.find_paths(), within=within))


def _suggestion(word: str) -> str:
    from localsearch.cli.group import cli

    close = difflib.get_close_matches(word, cli.list_commands(click.Context(cli)), n=1)
    return f"Did you mean `localsearch {close[0]}`?" if close else "See `localsearch --help`."


def _is_indexed(folder: str) -> bool:
    """Whether a folder is one of those that are indexed, or lies in one."""
    from localsearch.api import open_index
    from localsearch.indexing.indexed_paths import is_in_any
    from localsearch.types import NoIndexError

    with open_index() as opened:
        try:
            return is_in_any(folder, opened.root_paths())
        except NoIndexError:
            return False


def _offer_to_add(folder: str) -> None:
    """Add it if the user wants that; the search screen reads it while they look around."""
    from localsearch.api import open_index
    from localsearch.types import NoIndexError

    click.echo(f"{shown_path(folder)} is not indexed yet.", err=True)
    if not click.confirm("Add it and index it now?", default=False, err=True):
        raise NoIndexError("nothing was added", f"Later: localsearch add {folder}")
    with open_index() as opened:
        opened.add_roots([folder])
