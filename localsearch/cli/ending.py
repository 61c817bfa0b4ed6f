"""How does the program end, whatever happened: what is said, and with which exit code?"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from localsearch.types import INSTALL_AGAIN, CancelledError, LocalsearchError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a shell reports of a program that a closed pipe ended: 128 + SIGPIPE.
CLOSED_PIPE = 141
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class OutputClosedError(Exception):
    """Who read our output, such as `head`, has seen enough."""


@contextlib.contextmanager
def closed_pipes_apart() -> Iterator[None]:
    """Tell a closed pipe from other errors; click would end the program with 1, nothing found."""
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosedError from error


def prepare_output() -> None:
    """Have no text fail to be printed: data is UTF-8, and a terminal shows what it can."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if stream.isatty():
            reconfigure(errors="replace")
        else:
            reconfigure(encoding="utf-8", errors="replace")


def exit_code(error: BaseException) -> int:
    """The exit code that an error stands for; what went wrong is said on stderr."""
    if os.environ.get("LOCALSEARCH_DEBUG"):
        import traceback

        with contextlib.suppress(OSError):
            traceback.print_exception(error)
    # stderr may be what's full or closed.
    with contextlib.suppress(OSError):
        return _said(error)
    return CLOSED_PIPE if isinstance(error, OutputClosedError) else LocalsearchError.exit_code


def leave(code: int) -> NoReturn:
    """End the process; what can't be written any more is dropped without a word."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            # Else Python tries again while it ends, and says so.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _said(error: BaseException) -> int:
    from localsearch.cli.output import note, print_error

    match error:
        case CancelledError():
            # Who stopped it is told how to go on; that's no error.
            note("\n".join(filter(None, (error.cause, error.remedy))))
            return error.exit_code
        case LocalsearchError():
            print_error(error.cause, error.remedy)
            return error.exit_code
        case SystemExit():
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            error.show()
            return error.exit_code
        case click.exceptions.Abort() | KeyboardInterrupt():
            click.echo("stopped", err=True)
            return 130
        case OutputClosedError() | BrokenPipeError():
            return CLOSED_PIPE
        case ImportError():
            # Nearly always a damaged or partial installation; a traceback wouldn't help its user.
            print_error(
                f"a part of the installation is missing or broken: {error}",
                INSTALL_AGAIN,
            )
            return LocalsearchError.exit_code
        case OSError():
            return _said_of_system(error)
        case _:
            return _said_of_fault(error)


def _said_of_system(error: OSError) -> int:
    """What the system refused: a full disk, a folder without permission."""
    from localsearch.cli.output import print_error

    file = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    what = f"{file}: " if file else ""
    if not file and error.errno in (*_NO_ROOM, errno.EIO, errno.EBADF):
        what, remedy = "the output can't be written: ", "Free some space, or write it elsewhere."
    elif error.errno in _NO_ROOM:
        remedy = "Free some space and run the command again; what was done is kept."
    elif error.errno in _REFUSED or _is_ours(file):
        remedy = (
            "Check the permissions of that file and of its folder, or have localsearch keep its"
            " own files elsewhere: LOCALSEARCH_HOME=FOLDER"
        )
    else:
        remedy = "LOCALSEARCH_DEBUG=1 in front of the command shows where it happened."
    print_error(what + (error.strerror or str(error) or type(error).__name__), remedy)
    return StoreError.exit_code if _is_ours(file) else LocalsearchError.exit_code


def _is_ours(file: str) -> bool:
    """Whether a file is the index or lies beside it, or is a folder on the way to it."""
    from localsearch.config import find_paths

    if not file:
        return False
    data, file = str(find_paths().data_dir), os.path.abspath(file)
    return os.path.commonpath((data, file)) in (data, file)


def _said_of_fault(error: BaseException) -> int:
    import traceback

    from localsearch.cli.output import print_error

    kind = type(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" (in {frame.name}, line {frame.lineno})" for frame in last)
    of_store = kind.__module__.partition(".")[0] == "apsw"
    print_error(
        f"{'the index failed' if of_store else 'localsearch failed'}:"
        f" {kind.__name__}: {error}{where}",
        "`localsearch doctor` looks for what's wrong. It's a fault of the program if that finds"
        " nothing; LOCALSEARCH_DEBUG=1 in front of the command shows all that a report needs.",
    )
    return StoreError.exit_code if of_store else LocalsearchError.exit_code
