"""How the figures of `models bench` are shown: lines and a table for people, JSON for scripts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from localsearch.cli.models_table import print_columns, shown_speed
from localsearch.models.bench import PAGES
from localsearch.models.catalogue import STARTER_NAME
from localsearch.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.engine.quant_speed import QuantisationSpeed
    from localsearch.models.bench import Machine, ModelFigures

# Another quantisation is named from so much more speed on.
_WORTH_IT = 1.3
_HEADINGS = ("", "Model", "Role", "Speed", f"{PAGES:,} pages", "Kernels")


def bench_json(
    machine: Machine, figures: Sequence[ModelFigures], quantisations: Sequence[QuantisationSpeed]
) -> dict[str, Any]:
    """What `models bench --json` prints (docs/models.md)."""
    return {
        "machine": dataclasses.asdict(machine),
        "quantisations": [dataclasses.asdict(each) for each in quantisations],
        "models": [_row_json(each) for each in figures],
    }


def print_bench(machine: Machine, figures: Sequence[ModelFigures]) -> None:
    """Print what models run on, then a line for each."""
    click.echo(f"Threads: {machine.threads}")
    click.echo(f"Kernels: {clean(machine.kernels)}; {clean(' '.join(machine.cpu_features))}\n")
    print_columns([_HEADINGS, *(_row(each) for each in figures)])


def print_quantisations(
    quantisations: Sequence[QuantisationSpeed], figures: Sequence[ModelFigures]
) -> None:
    """Print how fast each quantisation would run here, and whether another one is worth having."""
    speeds = {each.quantisation: each.beside_q8_0 for each in quantisations}
    shown = ", ".join(f"{name} {speed:.1f}" for name, speed in speeds.items())
    click.echo(f"\nA Qwen3 model's speed by quantisation here, beside Q8_0: {shown}.")
    best = quantisations[0].quantisation
    for each in figures:
        now = speeds.get(each.quantisation)
        # There's one file of the starter only, and it's no Qwen3.
        if not each.in_use or now is None or each.name == STARTER_NAME:
            continue
        if speeds[best] > _WORTH_IT * now:
            click.echo(
                f"As {best}, {clean(each.name)} would be about {speeds[best] / now:.1f} times as"
                " fast, and a little less exact."
            )


def shown_duration(seconds: float) -> str:
    """A long time as people say it, no finer than it was measured."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def _row(figures: ModelFigures) -> tuple[str, ...]:
    indexing_s = figures.indexing_s
    row = (
        "*" if figures.in_use else "",
        figures.name,
        figures.role,
        shown_speed(figures.role, figures.speed) or "–",
        "" if indexing_s is None else shown_duration(indexing_s),
        figures.problem or _kernels(figures),
    )
    return tuple(clean(cell) for cell in row)


def _kernels(figures: ModelFigures) -> str:
    used = f"{figures.quantisation} {'repacked' if figures.repacked else 'as it is'}"
    if figures.other_kernels is None:
        return used
    other = "as it is" if figures.repacked else "repacked"
    return f"{used} ({other}: {figures.other_kernels:.0%} of the speed)"


def _row_json(figures: ModelFigures) -> dict[str, Any]:
    embeds = figures.role == "embedder" and not figures.problem
    return {
        "name": figures.name,
        "role": figures.role,
        "in_use": figures.in_use,
        "quantisation": figures.quantisation or None,
        "tokens_per_s": figures.speed if embeds else None,
        "candidate_ms": figures.candidate_ms,
        "indexing_10000_pages_s": figures.indexing_s,
        "repacked": None if figures.problem else figures.repacked,
        "other_kernels": figures.other_kernels,
        "problem": figures.problem or None,
    }
