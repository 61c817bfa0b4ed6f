"""Write docs/commands.md and docs/keys.md from the program itself: `python -m tools.reference`.

A test compares the files with what this writes, so that they can't fall behind.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from localsearch.cli.group import cli
from tui.screens.help import help_tables

DOCS = Path(__file__).resolve().parent.parent / "docs"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name, those within a group after it."""
    with click.Context(cli, info_name="localsearch") as context:
        for name in cli.list_commands(context):
            command = cli.get_command(context, name)
            assert command is not None
            yield name, command
            if isinstance(command, click.Group):
                for inner, each in command.commands.items():
                    yield f"{name} {inner}", each


def options(command: click.Command) -> Iterator[click.Option]:
    """The options of a command, without --help."""
    return (each for each in command.params if isinstance(each, click.Option))


def command_page() -> str:
    """docs/commands.md."""
    parts = [
        "# Every command, every option",
        "`localsearch COMMAND --help` says the same. `localsearch [PATH]` without a command opens"
        " the [search screen](tui.md), within PATH. `lsx` is another name for `localsearch`. Exit"
        " codes and forms of output: [scripting](scripting.md).",
    ]
    for name, command in commands():
        arguments = " ".join(
            each.make_metavar(click.Context(command)) for each in command.params
            if isinstance(each, click.Argument)
        )  # fmt: skip
        usage = f"localsearch {name} {arguments}".strip()
        parts.append(f"## `{usage}`")
        parts.append(inspect.cleandoc(command.help or "").replace("\n\b\n", "\n"))
        rows = [f"| `{_spelt(each)}` | {_told(each)} |" for each in options(command)]
        if rows:
            parts.append("\n".join(("| option | what it does |", "| --- | --- |", *rows)))
    return "\n\n".join(parts) + "\n"


def key_page() -> str:
    """docs/keys.md."""
    lines = [
        "# Every key",
        "",
        "F1 shows this on [the search screen](tui.md), too.",
    ]
    for title, rows in help_tables():
        heading = f"## {' '.join(title.split())}"
        lines += ["", heading, "", "| key | what it does |", "| --- | --- |"]
        lines += [f"| `{key}` | {about} |" for key, about in rows]
    return "\n".join(lines) + "\n"


def _spelt(option: click.Option) -> str:
    names = ", ".join(option.opts)
    if option.secondary_opts:
        names += f" / {', '.join(option.secondary_opts)}"
    if option.is_flag:
        return names
    kind = option.type
    value = "|".join(kind.choices) if isinstance(kind, click.Choice) else kind.name.upper()
    return f"{names} {value.removesuffix(' RANGE')}".replace("|", "\\|")


def _told(option: click.Option) -> str:
    told = " ".join((option.help or "").split())
    default = option.default
    shown = option.show_default and isinstance(default, (str, int, float, tuple))
    if not shown or isinstance(default, bool):
        return told
    value = ", ".join(map(str, default)) if isinstance(default, tuple) else default
    return f"{told} Default: {value}."


if __name__ == "__main__":
    (DOCS / "commands.md").write_text(command_page(), encoding="utf-8")
    (DOCS / "keys.md").write_text(key_page(), encoding="utf-8")
