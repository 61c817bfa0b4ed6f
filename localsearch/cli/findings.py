"""How findings are shown: a line each for people, one list for scripts, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from localsearch.terminal import clean, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from localsearch.types import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
_WIDTH = max(map(len, _COLOURS))


def findings_json(findings: Iterable[Finding]) -> str:
    """The findings as one JSON list (docs/scripting.md)."""
    return printable_json(
        [
            {
                "check": each.check,
                "ok": each.level != "problem",
                "level": each.level,
                "detail": each.text,
                "fix": each.fix,
            }
            for each in findings
        ]
    )


def print_findings(findings: Sequence[Finding]) -> None:
    """Print each finding, what's wrong with its fix beneath; colours on a terminal alone."""
    for each in findings:
        level = click.style(each.level.ljust(_WIDTH), fg=_COLOURS[each.level])
        click.echo(f"{level}  {clean(each.check)}: {clean(each.text)}")
        if each.fix and each.level != "ok":
            click.echo(" " * (_WIDTH + 2) + clean(each.fix))
