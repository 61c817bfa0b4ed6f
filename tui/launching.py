"""Runs the command that opens a file, without letting it draw over the app or hold it up."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from localsearch.types import LocalsearchError, UsageError
from tui.opening import Launch

if TYPE_CHECKING:
    from textual.app import App

# An opener that can't open says so at once; one that works may live as long as its window.
_VERDICT_S = 1.5


def run_in_terminal(app: App[int], launch: Launch) -> None:
    """Step aside, run the program, and come back when it ends; raises LocalsearchError."""
    from textual.app import SuspendNotSupported

    try:
        with app.suspend():
            # Waiting is the point: the program has the terminal.
            ended = subprocess.run(launch.arguments, check=False)
    except SuspendNotSupported as error:
        raise UsageError(
            "this terminal can't be handed to another program",
            "Set $VISUAL to an editor with a window of its own.",
        ) from error
    except OSError as error:
        raise _not_started(launch, error) from error
    if ended.returncode:
        raise LocalsearchError(
            f"{launch.arguments[0]} ended with status {ended.returncode}",
            "Try it in a shell: its own message is there.",
        )


def run_detached(launch: Launch) -> None:
    """Start a program with a window of its own; blocks for a moment to see whether it can.

    Raises LocalsearchError.
    """
    if not launch.arguments:
        _open_on_windows(launch.path)
        return
    try:
        process = subprocess.Popen(
            launch.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(launch, error) from error
    try:
        status = process.wait(_VERDICT_S)
    except subprocess.TimeoutExpired:
        # It lives on without us; its end is nobody's news.
        process.returncode = 0
        return
    if status:
        raise LocalsearchError(
            f"{launch.arguments[0]} couldn't open {os.path.basename(launch.path)}",
            "Set what opens it under [tui.open_with] in the settings file.",
        )


def _open_on_windows(path: str) -> None:
    if sys.platform == "win32":
        try:
            os.startfile(path)  # noqa: S606 - what a double click does
        except OSError as error:
            raise LocalsearchError(
                f"Windows has no program for {os.path.basename(path)}",
                "Set what opens it under [tui.open_with] in the settings file.",
            ) from error


def _not_started(launch: Launch, error: OSError) -> LocalsearchError:
    program = launch.arguments[0]
    if isinstance(error, FileNotFoundError):
        return UsageError(
            f"there is no program {program} to open it with",
            "Set $EDITOR for texts, or name one for its kind under [tui.open_with] (docs/tui.md).",
        )
    return LocalsearchError(f"{program} can't be started: {error.strerror}")
