"""Which commands there are, each imported only when it runs so that the program starts fast."""

from __future__ import annotations

import importlib
from typing import Any

import click
from click.shell_completion import CompletionItem

import localsearch
from localsearch.cli.ending import closed_pipes_apart

# name: (module, attribute, what `--help` says)
_COMMANDS = {
    "add": ("localsearch.cli.indexing", "add", "Add folders and index them."),
    "remove": ("localsearch.cli.indexing", "remove", "Forget folders; never touches the files."),
    "forget": ("localsearch.cli.forgetting", "forget", "Erase what was indexed of a path."),
    "index": ("localsearch.cli.indexing", "index", "Bring the index up to date, then exit."),
    "watch": ("localsearch.cli.watching", "watch", "Keep the index up to date while it runs."),
    "pause": ("localsearch.cli.watching", "pause", "Have the running watch stop indexing."),
    "resume": ("localsearch.cli.watching", "resume", "Have it go on after pause."),
    "search": ("localsearch.cli.searching", "search", "Search, and print what was found."),
    "similar": ("localsearch.cli.similar", "similar", "Find what else says the same."),
    "status": ("localsearch.cli.status", "status", "What is indexed, and how well it is."),
    "mcp": ("localsearch.cli.serving", "serve", "Let AI agents search, over MCP."),
    "doctor": ("localsearch.cli.doctoring", "doctor", "What's wrong, and what mends it."),
    "models": ("localsearch.cli.models_cmd", "models", "List, get and choose models."),
    "convert": (
        "localsearch.cli.converting",
        "convert",
        "Print a file as the indexer sees it.",
    ),
    "embed": ("localsearch.cli.embedding", "embed", "Lines on stdin to vectors on stdout."),
    "rerank": ("localsearch.cli.embedding", "rerank", "Lines on stdin to scores on stdout."),
    "eval": ("localsearch.cli.eval_cmd", "eval_command", "Measure search on judged queries."),
}
_OPEN = "open-tui"


class LazyGroup(click.Group):
    """A group whose commands are imported on first use; a word that's no command is a folder."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options; `--help` prints already here."""
        with closed_pipes_apart():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with closed_pipes_apart():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order that a new user needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there's none of that name."""
        if cmd_name == _OPEN:
            return _load("localsearch.cli.opening", "open_tui")
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        return _load(module, attribute)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """`localsearch PATH` opens the TUI within PATH."""
        if args and args[0] not in _COMMANDS:
            args = [_OPEN, *args]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The commands, of which none is imported for that, else paths."""
        found = [
            CompletionItem(name, help=about)
            for name, (_, _, about) in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        if found or incomplete.startswith("-"):
            return found + click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(incomplete, type="file")]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in _COMMANDS.items()])


def _load(module: str, attribute: str) -> click.Command:
    command: Any = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"localsearch {localsearch.__version__}")
        ctx.exit()


def _tell_of_crash() -> None:
    """Say that native code ended the last run: at that moment nobody could."""
    from localsearch.config import find_paths

    paths = find_paths()
    try:
        if not paths.crash_file.stat().st_size:
            return
    except OSError:
        return
    from localsearch.cli.output import note
    from localsearch.engine.probe import crash_notice

    if said := crash_notice(paths):
        note(said)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="[COMMAND | PATH]",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> int:
    """A private search engine for your own files: by meaning, in any language.

    Without a command it opens the search screen, within PATH when given. Nothing you have ever
    leaves this machine.

    \b
    Exit codes: 0 found or done, 1 nothing relevant found, 2 usage, 3 no index or no model for
    --mode semantic, 4 the index is locked, damaged or its disk full, 5 a model, the installation
    or the system failed, 130 interrupted, 141 nobody reads the output any more.

    \b
    LOCALSEARCH_HOME=FOLDER keeps everything of localsearch in that folder;
    LOCALSEARCH_DEBUG=1 shows where an error comes from.
    """
    _tell_of_crash()
    if ctx.invoked_subcommand is None:
        command = _load("localsearch.cli.opening", "open_tui")
        return int(ctx.invoke(command, path=None) or 0)
    return 0
