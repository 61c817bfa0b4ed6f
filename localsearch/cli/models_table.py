"""How models and their bytes are shown: a table, JSON, a progress bar."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from localsearch.cli.output import shown_size
from localsearch.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from localsearch.models import ModelState

    ByteProgress = Callable[[int, int], None]

_HEADINGS = ("", "Model", "Role", "Here", "Size", "Fits", "Speed", "Licence", "About")
# On a narrower terminal what's said about each model stands beneath the table, and so does all
# that has no room beside the rest.
_WIDE_COLUMNS = 150
_FEWEST_COLUMNS = _HEADINGS.index("Speed")
_BETWEEN = 2


def print_table(states: Sequence[ModelState], speeds: Mapping[str, float]) -> None:
    """Print the models on stdout: a table on a terminal, plain aligned columns elsewhere.

    `speeds` are those of `model_speed.known_speeds`.
    """
    rows = [_row(state, speeds.get(state.name)) for state in states]
    if sys.stdout.isatty():
        _print_rich(states, rows)
    else:
        print_columns([_HEADINGS, *rows])


def print_columns(table: Sequence[Sequence[str]]) -> None:
    """Print rows of cells, all as wide as the widest of their column."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _print_rich(states: Sequence[ModelState], rows: Sequence[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    columns = _fitting_columns(rows, console.width)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in _HEADINGS[:columns]:
        right = heading in ("Size", "Speed")
        justify: Literal["right", "left"] = "right" if right else "left"
        shown.add_column(heading, no_wrap=heading != "About", justify=justify)
    for state, row in zip(states, rows, strict=True):
        # As Text, so that a file name in square brackets isn't taken for markup.
        cells = [Text(cell) for cell in row[:columns]]
        shown.add_row(*cells, style="bold" if state.in_use else "")
    console.print(shown)
    if columns < len(_HEADINGS):
        for state, row in zip(states, rows, strict=True):
            left = "; ".join(filter(None, reversed(row[columns:])))
            console.print(Text.assemble((clean(state.name), "bold"), f": {left}"))


def _fitting_columns(rows: Sequence[tuple[str, ...]], width: int) -> int:
    """How many of the columns have room beside each other, from the left."""
    columns = len(_HEADINGS)
    if width >= _WIDE_COLUMNS:
        return columns
    columns -= 1
    table = (_HEADINGS, *rows)
    widths = [max(map(len, column)) + _BETWEEN for column in zip(*table, strict=True)]
    while columns > _FEWEST_COLUMNS and sum(widths[:columns]) > width:
        columns -= 1
    return columns


def to_json(state: ModelState, speed: float | None) -> dict[str, Any]:
    """What `models list --json` says of a model."""
    entry = state.entry
    embeds = state.role == "embedder"
    return {
        "name": state.name,
        "role": state.role,
        "installed": state.installed,
        "in_use": state.in_use,
        "path": None if state.path is None else str(state.path),
        "size_bytes": state.size_bytes,
        "fits_memory": state.fits_memory,
        "note": state.note,
        "tokens_per_s": speed if embeds else None,
        "candidate_ms": 1000 / speed if speed and not embeds else None,
        "dimension": entry.dimension or None if entry else None,
        "context_tokens": entry.context_tokens if entry else None,
        "quantisation": entry.quantisation if entry else None,
        "licence": entry.licence if entry else None,
        "licence_url": entry.licence_url if entry else None,
        "languages": entry.languages if entry else None,
    }


@contextlib.contextmanager
def byte_progress() -> Iterator[Callable[[str], ByteProgress]]:
    """Show files being fetched or copied on stderr: a bar each on a terminal, nothing in a log."""
    if not sys.stderr.isatty():
        yield lambda _label: lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )

    def start(label: str) -> ByteProgress:
        task = bars.add_task(clean(label), total=None)

        def report(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        return report

    with bars:
        yield start


def shown_speed(role: str, speed: float | None) -> str:
    """A speed in the unit of the role; "" for none."""
    if not speed:
        return ""
    return f"{speed:,.0f} tokens/s" if role == "embedder" else f"{1000 / speed:,.0f} ms/passage"


def _row(state: ModelState, speed: float | None) -> tuple[str, ...]:
    here = "packed" if state.packed else "yes" if state.installed else "no"
    licence = state.entry.licence if state.entry else ""
    row = (
        "*" if state.in_use else "",
        state.name,
        state.role,
        here,
        shown_size(state.size_bytes),
        "yes" if state.fits_memory else "no",
        shown_speed(state.role, speed),
        licence,
        state.note,
    )
    return tuple(clean(cell) for cell in row)
