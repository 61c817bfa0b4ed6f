"""In which form is an answer asked for? The options that `search` and `similar` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_Command = Callable[..., Any]
_FORMS = {
    "--json": "Print one JSON object.",
    "--json-lines": "Print a JSON object a result.",
    "--vimgrep": "Print file:line:column:text.",
    "--files": "Print the paths alone.",
}


def form_options(command: _Command) -> _Command:
    """Give a command its `form` ("json", "json-lines", "vimgrep", "files" or None) and `null`."""
    null = click.option(
        "-0", "--null", "null", is_flag=True, help="With --files: a NUL after each, for xargs -0."
    )
    command = null(command)
    for name, what in reversed(_FORMS.items()):
        option = click.option(
            name,
            name[2:].replace("-", "_"),
            is_flag=True,
            expose_value=False,
            callback=_choose,
            help=what,
        )
        command = option(command)
    return command


def check_form(form: str | None, *, null: bool) -> None:
    """Refuse what doesn't go together."""
    if null and form != "files":
        raise click.UsageError("-0 goes with --files alone.")


def _choose(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    (name,) = option.opts
    other = context.params.get("form")
    if other is not None:
        raise click.UsageError(f"--{other} and {name} exclude each other: choose one.")
    context.params["form"] = name[2:]
