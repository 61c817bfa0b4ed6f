"""How a converting process is started: with which command, environment and pipes."""

from __future__ import annotations

import os
import subprocess
import sys

from localsearch.types import LocalsearchError

# Where programs, libraries and languages are, and on Windows the system.
_KEPT_VARIABLES = (
    "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TESSDATA_PREFIX",
    "SYSTEMROOT",
)  # fmt: skip
# Threads of number libraries take address space for themselves, and one file needs none.
_SET_VARIABLES = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def start_process(memory_bytes: int, *, ocr: bool) -> tuple[subprocess.Popen[bytes], int]:
    """A started process, and the end of a pipe whose other one it has in place of its stderr.

    Nothing is written to that pipe: the system closes it when this program ends, however it does.
    Raises OSError where no process can be started.
    """
    theirs, ours = os.pipe()
    try:
        process = subprocess.Popen(
            _command(memory_bytes, ocr=ocr),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=_environment(),
            # Ctrl-C is for the program to answer; a group can be ended with its children.
            start_new_session=sys.platform != "win32",
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours


class EndedEarlyError(LocalsearchError):
    """The process ended while it started, and another one may not."""


def ended_early(cause: str) -> EndedEarlyError:
    """What's said of a process that ended while it started, and how."""
    said = cannot_start(f"while it started, {cause.partition(' (`')[0]}")
    return EndedEarlyError(said.cause, said.remedy)


def cannot_start(reason: str) -> LocalsearchError:
    """What's said where no process can be started, for this reason."""
    return LocalsearchError(
        f"the process that reads files can't be started: {reason}",
        "Check that the system has memory and processes to spare, then try again: what was read is"
        " kept, and `localsearch index` goes on from there.",
    )


def _command(memory_bytes: int, *, ocr: bool) -> list[str]:
    # -P: no module may come from the folder that the program happens to run in.
    options = ["-P", "-B", "-X", "utf8"]
    arguments = [str(memory_bytes), "ocr" if ocr else "plain"]
    return [sys.executable, *options, "-m", "converters.sandbox_child", *arguments]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, **_SET_VARIABLES}
