"""`forget`: what was indexed of a path is erased for good, and never indexed again."""

from __future__ import annotations

import click

from localsearch.cli.completing import files
from localsearch.cli.output import note, shown_path
from localsearch.terminal import counted


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=files)
def forget(paths: tuple[str, ...]) -> int:
    """Erase what was indexed of files or folders, for good; the files are never touched.

    Texts, words, vectors, past queries that nothing else holds and cached scores go from the
    database's file itself. A rule keeps the paths out of the index from now on.
    """
    from localsearch.api import open_index

    with open_index() as opened:
        done = opened.forget(paths)
        rules = opened.paths.forgotten_file
    queries = f" and {done.queries:,} past queries" if done.queries else ""
    note(f"forgotten: {counted(done.files, 'file')}{queries}")
    if rules.exists():
        note(f"never indexed again: what {shown_path(str(rules))} lists")
    for remains in done.remains:
        note(f"this may still hold a part of it, delete it if you don't need it: {remains}")
    return 0
