"""`similar`: finds what else says what a file, or a passage of it, says."""

from __future__ import annotations

import os
import re

import click

from localsearch.cli.completing import files, folders
from localsearch.cli.forms import check_form, form_options
from localsearch.cli.output import interruptible, note

_WITH_PLACE = re.compile(r"(?P<path>.+):(?P<place>\d+)", re.DOTALL)


@click.command()
@click.argument("file", metavar="FILE[:LINE]", shell_complete=files)
@click.option("-n", "--limit", type=click.IntRange(1, 1000), help="How many results.")
@form_options
@click.option(
    "--in", "within", multiple=True, metavar="PATH", shell_complete=folders,
    help="Only inside this folder.",
)  # fmt: skip
@click.option("--passages", is_flag=True, help="All passages, not only the best of each file.")
def similar(
    file: str,
    limit: int | None,
    within: tuple[str, ...],
    passages: bool,
    null: bool,
    form: str | None = None,
) -> int:
    """Find what else says what FILE says, or its passage at LINE, in any language.

    FILE may be one in an archive, as searches show it: ARCHIVE!/FILE. It must be indexed; its own
    passages are left out, and passages that are copies of one another are listed once. LINE is a
    page or slide where the file has no lines.

    Exit codes: 0 found, 1 nothing else is indexed, 2 usage, 3 FILE isn't indexed or not embedded
    yet, 4 the index is locked or damaged.
    """
    from localsearch.api import open_index
    from localsearch.cli.results import print_answer
    from localsearch.types import UsageError

    check_form(form, null=null)
    path, place = split_place(file)
    for folder in within:
        if not os.path.exists(os.path.expanduser(folder)):
            raise UsageError(f"there is no folder {folder}", "Check what follows --in.")
    with interruptible() as cancel, open_index() as opened:
        opened.require_indexed(within)
        stage = opened.similar(
            path, place=place, limit=limit, passages=passages, within=within, cancel=cancel
        )
    print_answer(stage, file, form, null=null)
    if stage.notice:
        note(stage.notice)
    return 0 if stage.hits else 1


def split_place(file: str) -> tuple[str, int | None]:
    """FILE and LINE of FILE[:LINE]; a file whose own name ends so is meant where it exists."""
    found = _WITH_PLACE.fullmatch(file)
    if found is None or os.path.lexists(os.path.expanduser(file)):
        return file, None
    return found["path"], int(found["place"])
