"""The command line: parses and prints, nothing else. Entry point of `localsearch` and `lsx`."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    import click

    from localsearch.cli.group import cli
    from localsearch.types import LocalsearchError

    try:
        code = cli.main(prog_name="localsearch", standalone_mode=False)
    except LocalsearchError as error:
        from localsearch.cli.output import print_error

        print_error(error.cause, error.remedy)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except ImportError as error:
        # Nearly always a damaged or partial installation; a traceback wouldn't help its user.
        click.echo(
            f"Error: a part of the installation is missing or broken: {error}\n"
            "Install localsearch again, in an environment of its own: uv tool install localsearch",
            err=True,
        )
        sys.exit(5)
    sys.exit(code if isinstance(code, int) else 0)
