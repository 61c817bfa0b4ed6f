"""`search`: asks the index and prints the answer in the form that was asked for."""

from __future__ import annotations

import importlib
import os
import re
from typing import TYPE_CHECKING, cast

import click

from localsearch.cli.completing import folders
from localsearch.cli.forms import check_form, form_options
from localsearch.cli.output import interruptible, note

if TYPE_CHECKING:
    from threading import Event

    from localsearch.types import Mode, QueryProblem, SearchRequest, Stage

    _Answer = tuple[Stage, tuple[QueryProblem, ...]]

# -n10, -0 and -h are options; -word leaves a word out, as it does in the search screen.
_EXCLUSION = re.compile(r"-(?!-|n\s*=?\d*$|0$|h$)..*", re.DOTALL)


class _SearchCommand(click.Command):
    """Takes -word for part of the query wherever it stands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, the exclusions last, where nothing is an option any more."""
        end = args.index("--") if "--" in args else len(args)
        options, rest = args[:end], args[end + 1 :]
        takes_value = {name for each in self.params for name in each.opts if _takes_value(each)}
        exclusions, others = list[str](), list[str]()
        for before, each in zip(["", *options], options, strict=False):
            is_value = before in takes_value
            exclusion = not is_value and _EXCLUSION.fullmatch(each)
            (exclusions if exclusion else others).append(each)
        if exclusions or rest:
            others += ["--", *rest, *exclusions]
        return super().parse_args(ctx, others)


def _takes_value(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.is_flag


@click.command(cls=_SearchCommand)
@click.argument("query", nargs=-1, required=True)
@click.option("-n", "--limit", type=click.IntRange(1, 1000), help="How many results.")
@form_options
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "semantic", "keyword"]),
    default="hybrid",
    show_default=True,
    help="Words and meaning, meaning alone, or words alone.",
)
@click.option("--rerank/--no-rerank", default=None, help="Let the reranker judge the best results.")
@click.option("--budget", "budget_s", type=click.FloatRange(0.0), help="Seconds for reranking.")
@click.option(
    "--in", "within", multiple=True, metavar="PATH", shell_complete=folders,
    help="Only inside this folder.",
)  # fmt: skip
@click.option("--passages", is_flag=True, help="All passages, not only the best of each file.")
def search(
    query: tuple[str, ...],
    limit: int | None,
    mode: str,
    rerank: bool | None,
    budget_s: float | None,
    within: tuple[str, ...],
    passages: bool,
    null: bool,
    form: str | None = None,
) -> int:
    """Search for QUERY: words, "an exact phrase", -without, kind:pdf, ext:py, path:src/**, …

    What follows -- is QUERY, whatever it looks like.

    Exit codes: 0 found, 1 nothing relevant found, 2 usage, 3 no index, or --mode semantic without
    its model, 4 the index is locked or damaged.
    """
    from localsearch.types import SearchRequest, UsageError

    check_form(form, null=null)
    folders = [os.path.abspath(os.path.expanduser(path)) for path in within]
    for path, folder in zip(within, folders, strict=True):
        if not os.path.exists(folder):
            raise UsageError(f"there is no folder {path}", "Check what follows --in.")
    request = SearchRequest(
        " ".join(query),
        limit=limit,
        mode=cast("Mode", mode),
        rerank=rerank,
        budget_s=budget_s,
        passages=passages,
        within=tuple(os.fsencode(folder) for folder in folders),
    )
    with interruptible() as cancel:
        stage, problems = _ask_service(request, cancel, form) or _search_here(request, cancel)
    from localsearch.cli.results import print_answer

    print_answer(stage, request.query, form, problems, null=null)
    if stage.notice:
        note(stage.notice)
    return 1 if stage.nothing_relevant or not stage.hits else 0


def _ask_service(request: SearchRequest, cancel: Event, form: str | None) -> _Answer | None:
    from localsearch.config import find_paths

    socket_file = find_paths().socket_file
    if not socket_file.exists():
        return None
    from localsearch.service.client import search_by_service

    def import_what_prints() -> None:
        # Takes as long as the service takes to search.
        importlib.import_module("localsearch.cli.results")
        if form is None:
            importlib.import_module("rich.console")
            importlib.import_module("rich.text")

    return search_by_service(socket_file, request, cancel=cancel, meanwhile=import_what_prints)


def _search_here(request: SearchRequest, cancel: Event) -> _Answer:
    from localsearch.answering.answer import answer
    from localsearch.api import open_index

    with open_index() as opened:
        *_, last = answer(opened, request, cancel=cancel)
    return last
