"""`search`: asks the index and prints the answer in the form that was asked for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

import click

from localsearch.cli.output import interruptible, note

if TYPE_CHECKING:
    from localsearch.types import Mode, Stage


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("-n", "--limit", type=click.IntRange(1, 1000), help="How many results.")
@click.option("--json", "form", flag_value="json", help="Print one JSON object.")
@click.option("--json-lines", "form", flag_value="json-lines", help="Print a JSON object a result.")
@click.option("--vimgrep", "form", flag_value="vimgrep", help="Print file:line:column:text.")
@click.option("--files", "form", flag_value="files", help="Print the paths alone.")
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "semantic", "keyword"]),
    default="hybrid",
    show_default=True,
    help="Words and meaning, meaning alone, or words alone.",
)
@click.option("--rerank/--no-rerank", default=True, help="Let the reranker judge the best results.")
@click.option("--budget", "budget_s", type=click.FloatRange(0.0), help="Seconds for reranking.")
@click.option("--in", "within", multiple=True, metavar="PATH", help="Only inside this folder.")
@click.option("--passages", is_flag=True, help="All passages, not only the best of each file.")
def search(
    query: tuple[str, ...],
    limit: int | None,
    form: str | None,
    mode: str,
    rerank: bool,
    budget_s: float | None,
    within: tuple[str, ...],
    passages: bool,
) -> int:
    """Search for QUERY: words, "an exact phrase", -without, kind:pdf, ext:py, path:src/**, …

    Exit codes: 0 found, 1 nothing relevant found, 2 usage, 3 no index, or --mode semantic without
    its model, 4 the index is locked or damaged.
    """
    from localsearch.api import open_index
    from localsearch.types import UsageError

    for path in within:
        if not os.path.exists(os.path.expanduser(path)):
            raise UsageError(f"there is no folder {path}", "Check what follows --in.")
    with open_index() as opened, interruptible() as cancel:
        parsed = opened.parse(
            " ".join(query),
            limit=limit,
            mode=cast("Mode", mode),
            rerank=rerank,
            budget_s=budget_s,
            passages=passages,
            within=within,
        )
        *_, stage = opened.search(parsed, cancel=cancel)
    _print(stage, parsed.raw, form)
    if stage.notice:
        note(stage.notice)
    return 1 if stage.nothing_relevant or not stage.hits else 0


def _print(stage: Stage, query: str, form: str | None) -> None:
    from localsearch.cli import results

    if form == "json":
        click.echo(results.as_json(stage, query))
    elif form == "json-lines":
        for line in results.as_json_lines(stage):
            click.echo(line)
    elif form == "vimgrep":
        for line in results.as_vimgrep(stage):
            click.echo(line)
    elif form == "files":
        for raw in dict.fromkeys(os.fsencode(hit.path) for hit in stage.hits):
            sys.stdout.buffer.write(raw + b"\n")
    else:
        results.print_for_people(stage)
