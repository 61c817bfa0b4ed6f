"""`watch`: keeps the index up to date for as long as it runs."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Literal

import click

from localsearch.cli.output import note, shown_path
from localsearch.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localsearch.types import IndexReport

    Task = Literal["pause", "resume", "rescan"]

_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")


@click.command()
@click.option("--pause", "task", flag_value="pause", help="Have the one that runs stop indexing.")
@click.option("--resume", "task", flag_value="resume", help="Have it go on after --pause.")
@click.option("--rescan", "task", flag_value="rescan", help="Have it look at all folders now.")
@click.option("--install", "installing", flag_value="install", help="Start it at every login.")
@click.option("--uninstall", "installing", flag_value="uninstall", help="Don't any more.")
def watch(task: Task | None, installing: Literal["install", "uninstall"] | None) -> int:
    """Keep the index up to date until it's stopped.

    What changes in the folders can be found by word within seconds, and by meaning as soon as the
    model has read it. Ctrl-C stops; nothing that was done is lost. While it runs, searches use the
    model that it has loaded, and answer at once.
    """
    if installing is not None:
        return _install() if installing == "install" else _uninstall()
    if task is not None:
        return _tell(task)
    from localsearch.service.service import Service

    with _ended_by_signals() as stop, Service(on_note=_say, on_report=_report) as service:
        service.run(stop)
    _say("stopped; everything done is kept")
    return 0


@click.command()
def pause() -> int:
    """Have the running `localsearch watch` stop indexing, until `localsearch resume`.

    Searches go on, and what changes meanwhile is remembered.
    """
    return _tell("pause")


@click.command()
def resume() -> int:
    """Have the running `localsearch watch` go on after `localsearch pause`."""
    return _tell("resume")


def _install() -> int:
    from localsearch.api import open_index
    from localsearch.service import background
    from localsearch.service.state import read_state
    from localsearch.types import UsageError

    with open_index() as opened:
        # Without a folder there's nothing to watch.
        opened.status()
        running = read_state(opened.paths.service_file)
    unit = background.installed_file()
    if running is not None and not unit.exists():
        raise UsageError(
            f"a `localsearch watch` is running (process {running.pid})", "Stop it first."
        )
    note(f"installed and started: {shown_path(str(background.install()))}")
    note("it runs while you're logged in; `localsearch status` says what it does")
    return 0


def _uninstall() -> int:
    from localsearch.service import background

    note("stopped and removed" if background.uninstall() else "it wasn't installed")
    return 0


def _tell(task: Task) -> int:
    from localsearch.config import find_paths
    from localsearch.service.client import tell_service
    from localsearch.service.state import read_state
    from localsearch.service.wire import ServiceRequest
    from localsearch.types import LocalsearchError, UsageError

    paths = find_paths()
    if tell_service(paths.socket_file, ServiceRequest(task)) is None:
        state = read_state(paths.service_file)
        if state is not None:
            # The request is on its way, and is met when it goes on.
            raise LocalsearchError(
                f"the `localsearch watch` that runs (process {state.pid}) doesn't answer"
                + (f": {state.silence}" if state.silence else ""),
                "It may still do what it was told once it answers: `localsearch status` says so.",
            )
        raise UsageError("no `localsearch watch` is running", "Start one: localsearch watch")
    said = {"pause": "paused", "resume": "going on", "rescan": "looking at all folders"}
    note(said[task])
    return 0


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C, SIGTERM and a closed terminal set; a second Ctrl-C ends now."""
    stop = threading.Event()

    def end(number: int, _frame: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    # Windows knows no SIGHUP.
    numbers = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    before = {each: signal.signal(each, end) for each in numbers}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _report(report: IndexReport) -> None:
    counts = (
        (report.added, "new"),
        (report.changed, "changed"),
        (report.moved, "moved"),
        (report.removed, "gone"),
        (report.renewed, "read anew"),
    )
    files = ", ".join(f"{count:,} {name}" for count, name in counts if count)
    parts = [f"files: {files or 'nothing changed'}"]
    if report.embedded_chunks:
        parts.append(f"{counted(report.embedded_chunks, 'passage')} embedded")
    parts.append(f"{report.elapsed_s:.1f} s")
    _say("; ".join(parts))


def _say(text: str) -> None:
    # A terminal that was closed takes no more text, and is no reason to lose work.
    with contextlib.suppress(OSError):
        note(f"{time.strftime('%H:%M:%S')} {text}")
