"""How things are said: errors, paths, places, and progress that people can follow."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from localsearch.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from localsearch.types import Progress

_LINE_EVERY_S = 10.0


def print_error(cause: str, remedy: str = "") -> None:
    """Say on stderr what went wrong and what to do next."""
    click.echo("Error: " + clean(cause, keep_newlines=True), err=True)
    if remedy:
        click.echo(clean(remedy, keep_newlines=True), err=True)


def note(text: str) -> None:
    """Say something on stderr."""
    click.echo(clean(text, keep_newlines=True), err=True)


def stdout_console() -> Console:
    """A console for people on stdout; a pipe that's closed is left to the program's end."""
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return _Console(highlight=False, markup=False, soft_wrap=False)


def shown_path(path: str, member: str = "") -> str:
    """A path as people read it: the home folder as ~, nothing that could act on a terminal."""
    home = os.path.expanduser("~")
    if path == home or path.startswith(home + os.sep):
        path = "~" + path[len(home) :]
    return clean(path + (f"!/{member}" if member else ""))


def shown_size(size_bytes: float) -> str:
    """A size in the unit that suits it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Give an event that the first Ctrl-C (or SIGTERM) sets; the second one ends at once."""
    cancel = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        note("stopping; what is done is kept …")

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def index_progress() -> Iterator[Callable[[Progress], None]]:
    """Show an indexing run: bars on a terminal, a line now and then in a log."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class _TimeLeft(ProgressColumn):
        """Counts down what was estimated last; says nothing once that has passed."""

        def render(self, task: Any) -> Text:
            ends_s = task.fields["ends_s"]
            left_s = 0.0 if ends_s is None or task.finished else ends_s - time.monotonic()
            return Text(shown_eta(left_s) if left_s > 0 else "")

    class _Amount(MofNCompleteColumn):
        """What's done of how much; says nothing where nothing is counted."""

        def render(self, task: Any) -> Text:
            return super().render(task) if task.total or task.completed else Text("")

    bars = Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Amount(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
        _TimeLeft(),
        console=Console(stderr=True),
        transient=True,
    )
    with bars:
        yield _Bars(bars)


class _Bars:
    """Draws the phases of a run as bars; a phase appears once it takes time."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.phase == "done":
            return
        done, total = amounts(progress)
        name = _phase_name(progress)
        if name not in self._tasks:
            for before in self._bars.tasks:
                if not (before.total or before.completed):
                    # It counted nothing, and is over.
                    self._bars.remove_task(before.id)
                    continue
                # Nothing is told at the end of a phase but that the next one has begun.
                amount = before.total or before.completed
                self._bars.update(before.id, completed=amount, total=amount)
                self._bars.stop_task(before.id)
            self._tasks[name] = self._bars.add_task(name, total=None, rate="", ends_s=None)
        self._bars.update(
            self._tasks[name],
            completed=done,
            total=total or None,
            rate=shown_rate(progress),
            ends_s=None if progress.eta_s is None else time.monotonic() + progress.eta_s,
        )


class _Lines:
    """Says every few seconds how far a run is."""

    def __init__(self) -> None:
        self._said_s = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now_s = time.monotonic()
        if progress.phase == "done" or now_s - self._said_s < _LINE_EVERY_S:
            return
        self._said_s = now_s
        done, total = amounts(progress)
        parts = (
            f"{_phase_name(progress).lower()}: {done:,}"
            + (f" of {total:,}" if total else "")
            + f" {shown_rate(progress)}",
            shown_eta(progress.eta_s),
        )
        note("  ".join(part for part in parts if part))


def _phase_name(progress: Progress) -> str:
    names = {
        "preparing": "Preparing the model",
        "scanning": "Looking at files",
        "reading": "Reading",
        "embedding": "Embedding",
    }
    name = names.get(progress.phase, progress.phase)
    # Searches go on with the old model meanwhile.
    return f"{name} for {clean(progress.changing_to)}" if progress.changing_to else name


def amounts(progress: Progress) -> tuple[int, int]:
    """What is done and what there is to do, in files or, while embedding, in tokens."""
    if progress.phase == "embedding":
        return progress.tokens_done, progress.tokens_total
    return progress.files_done, progress.files_total


def shown_rate(progress: Progress) -> str:
    """Tokens a second, where that is what counts."""
    if progress.phase == "embedding":
        return f"tokens {progress.tokens_per_s:,.0f}/s"
    return "" if progress.phase == "preparing" else "files"


def shown_eta(eta_s: float | None) -> str:
    """Time left, as coarse as it is uncertain."""
    if eta_s is None:
        return ""
    if eta_s < 90:
        return f"about {max(1, round(eta_s))} s left"
    if eta_s < 5400:
        return f"about {round(eta_s / 60)} min left"
    return f"about {eta_s / 3600:.1f} h left"
