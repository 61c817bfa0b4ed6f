"""The command line: parses and prints, nothing else. Entry point of `localsearch` and `lsx`."""

from __future__ import annotations

import os
import sys

# As in localsearch/__init__.py: until `main` runs, nobody catches Ctrl-C.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def _say_that_it_is_broken(error: ImportError) -> NoReturn:
    from localsearch.types import INSTALL_AGAIN, LocalsearchError

    what = f"a part of the installation is missing or broken: {error}"
    print(f"Error: {what}\n{INSTALL_AGAIN}", file=sys.stderr)  # noqa: T201
    sys.exit(LocalsearchError.exit_code)


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    try:
        from localsearch.cli.ending import exit_code, leave, prepare_output
        from localsearch.cli.group import cli

        prepare_output()
    except KeyboardInterrupt:
        # Nothing was begun that there'd be something to say of.
        sys.exit(130)
    except ImportError as error:
        # Without click there's nobody else to say it; `doctor` would end here, too.
        _say_that_it_is_broken(error)
    try:
        # Under the name by which it was called, as completion goes by it.
        called_as, _ = os.path.splitext(os.path.basename(sys.argv[0]))
        name = "lsx" if called_as == "lsx" else "localsearch"
        code = cli.main(prog_name=name, standalone_mode=False)
        # What's still in the buffer may be what the disk has no room for.
        if sys.stdout is not None:
            sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001
        leave(exit_code(error))
    leave(code if isinstance(code, int) else 0)
