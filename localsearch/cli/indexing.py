"""`add`, `index` and `remove`: which folders are indexed, and bringing them up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from localsearch.cli.completing import files, folders
from localsearch.cli.output import index_progress, interruptible, note, shown_path
from localsearch.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.api import Index
    from localsearch.types import IndexReport

_SHOWN_FAILURES = 5
# Of fewer, loading the model takes most of the time, and the speed would tell nothing.
_MEASURABLE_TOKENS = 2_000


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=folders)
@click.option("--no-index", is_flag=True, help="Only remember the folders; index them later.")
def add(paths: tuple[str, ...], no_index: bool) -> int:
    """Add folders and index them.

    Files are read, never changed. What .gitignore, .ignore and .localsearchignore name is left
    out, and so are likely secrets. Ctrl-C stops at any time; `localsearch index` goes on.
    """
    from localsearch.api import open_index
    from localsearch.service.state import read_state
    from localsearch.types import NoIndexError, StoreDamagedError, StoreLockedError

    with open_index() as opened:
        try:
            before = opened.root_paths()
        except (NoIndexError, StoreDamagedError):
            before = []
        roots = opened.add_roots(paths)
        for root in roots:
            note(f"{'indexed already: ' if root in before else 'added '}{shown_path(root)}")
        if no_index:
            if anew := opened.why_anew():
                note(f"{anew}\nNothing is read yet: `localsearch index` does that")
            return 0
        try:
            return run_update(opened, roots)
        except StoreLockedError as error:
            if read_state(opened.paths.service_file) is None:
                raise StoreLockedError(
                    f"what was added is remembered, but not indexed yet: {error.cause}",
                    "Run `localsearch index` when that has finished.",
                ) from error
            note("`localsearch watch` is running, and indexes it now")
            return 0


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=files)
@click.option("--full", is_flag=True, help="Compare contents, too, and try again what failed.")
def index(paths: tuple[str, ...], full: bool) -> int:
    """Bring the index up to date (or what it holds of PATH), then exit.

    Only what changed since the last time is read, and only passages that are new are embedded.
    """
    from localsearch.api import open_index

    with open_index() as opened:
        return run_update(opened, paths, full=full)


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=folders)
def remove(paths: tuple[str, ...]) -> int:
    """Forget folders: what was indexed of them is deleted, the files are never touched."""
    from localsearch.api import open_index

    with open_index() as opened:
        for path in paths:
            count = opened.remove_root(path)
            note(f"removed {shown_path(path)}: {counted(count, 'file')} forgotten")
    return 0


def run_update(opened: Index, within: Sequence[str], *, full: bool = False) -> int:
    """Update with progress shown, and sum up what was done."""
    from localsearch.types import CancelledError

    try:
        with interruptible() as cancel, index_progress() as progress:
            report = opened.update(within, full=full, progress=progress, cancel=cancel)
    except CancelledError as error:
        raise CancelledError(
            "indexing was stopped; what's done is kept and can be searched",
            "`localsearch index` goes on from there.",
        ) from error
    _sum_up(report)
    return 0


def _sum_up(report: IndexReport) -> None:
    changes = [
        f"{count:,} {name}"
        for name, count in (
            ("new", report.added),
            ("changed", report.changed),
            ("moved", report.moved),
            ("gone", report.removed),
            # Not changed, but read otherwise by now: by a newer version, or for another model.
            ("read anew", report.renewed),
            ("unchanged", max(0, report.unchanged - report.renewed)),
        )
        if count
    ]
    note(f"files: {', '.join(changes) or 'none'}")
    if report.embedded_chunks:
        tokens = counted(report.embedded_tokens, "token")
        if report.embedded_tokens >= _MEASURABLE_TOKENS and report.engine_s:
            tokens += f", {report.embedded_tokens / report.engine_s:,.0f} tokens/s"
        note(f"embedded {counted(report.embedded_chunks, 'passage')} ({tokens})")
    for failure in report.failed[:_SHOWN_FAILURES]:
        note(f"not read: {shown_path(failure.path)}: {failure.reason}")
    if len(report.failed) > _SHOWN_FAILURES:
        more = len(report.failed) - _SHOWN_FAILURES
        note(f"not read: {more:,} more; `localsearch status` lists them")
    for notice in report.notices:
        note(notice)
    note(f"done in {report.elapsed_s:.1f} s")
