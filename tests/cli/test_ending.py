"""However a run ends, it ends with words and an exit code, never with a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import click
import pytest

from localsearch.cli.ending import CLOSED_PIPE, OutputClosedError, exit_code
from localsearch.types import StoreFullError
from tests.cli.program import PROGRAM, environment, run

if TYPE_CHECKING:
    from localsearch.api import Index
    from localsearch.config import Paths

FORMS: tuple[list[str], ...] = (["--json"], ["--json-lines"], ["--vimgrep"], ["--files"], [])


def end(paths: Paths, arguments: list[str], stdout: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments],
        env=environment(paths),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_pipe_that_is_closed_ends_it_quietly(filled: Index) -> None:
    search = (["search", "--mode", "keyword", *form, "hive"] for form in FORMS)
    for arguments in (*search, ["status"], ["--help"], ["search", "--help"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = end(filled.paths, arguments, writing)
        os.close(writing)
        assert (done.returncode, done.stderr) == (CLOSED_PIPE, ""), arguments


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there's no /dev/full here")
def test_output_without_room_is_said(filled: Index) -> None:
    for form in FORMS:
        full = os.open("/dev/full", os.O_WRONLY)
        done = end(filled.paths, ["search", "--mode", "keyword", *form, "hive"], full)
        os.close(full)
        assert done.returncode == 5
        assert done.stderr.startswith("Error: the output can't be written: ")
        assert "Traceback" not in done.stderr


def test_output_is_utf8_whatever_the_terminal_is(filled: Index) -> None:
    asked = [PROGRAM, "search", "--mode", "keyword", "--files", "睡眠"]
    env = {**environment(filled.paths), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(asked, env=env, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout.decode().endswith("睡眠.txt\n")


def test_a_home_that_cannot_be_made_is_4_with_the_remedy(tmp_path: Path, library: Path) -> None:
    # No user may make a folder here, root included.
    done = run(Path("/proc/nowhere"), "add", str(library))
    assert done.returncode == 4
    assert "/proc/nowhere" in done.stderr
    assert "LOCALSEARCH_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_traceback_is_for_who_asks_for_it(library: Path) -> None:
    asked = [PROGRAM, "add", str(library)]
    env = {**environment(Path("/proc/nowhere")), "LOCALSEARCH_DEBUG": "1"}
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (StoreFullError("it's full", "Free some space."), 4, "it's full"),
        (PermissionError(errno.EACCES, "Permission denied", "{data}/index.db"), 4, "permissions"),
        (OSError(errno.ENOSPC, "No space left on device", "{data}/writer.json"), 4, "space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/elsewhere/file"), 5, "space"),
        (apsw.SQLError("no such table"), 4, "localsearch doctor"),
        (AssertionError("that can't be"), 5, "LOCALSEARCH_DEBUG=1"),
        (ImportError("No module named 'numpy'"), 5, "Install localsearch again"),
        (KeyboardInterrupt(), 130, "stopped"),
        (click.UsageError("no such option"), 2, "no such option"),
        (OutputClosedError(), CLOSED_PIPE, ""),
        (SystemExit(3), 3, ""),
    ],
)
def test_each_error_has_its_code_and_its_words(
    home: Paths,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    if isinstance(error, OSError):
        error.filename = error.filename.format(data=home.data_dir)
    assert exit_code(error) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_stopped_while_it_still_starts_it_ends_without_a_word(home: Paths) -> None:
    # Ctrl-C comes while the commands are imported.
    script = (
        "import sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'localsearch.cli.group':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from localsearch.cli import main\n"
        "assert 'typing' not in sys.modules\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env=environment(home) | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_crash_in_native_code_is_told_at_the_next_start(filled: Index) -> None:
    filled.paths.crash_file.write_text(
        "Fatal Python error: Aborted\n\n"
        "Current thread 0x00007f0000000001 (most recent call first):\n"
        '  File "/x/localsearch/engine/runtime.py", line 2 in decode\n'
    )
    done = run(filled.paths, "search", "--mode", "keyword", "hive")
    assert done.returncode == 0
    assert "crash of llama.cpp (Aborted)" in done.stderr
    assert "`localsearch doctor`" in done.stderr
    # Looked into by whoever uses a model next.
    assert run(filled.paths, "search", "--mode", "semantic", "hive").returncode == 0
    assert "crash" not in run(filled.paths, "status").stderr
    said = run(filled.paths, "doctor").stdout
    assert "it crashed in use (Aborted), so the kernels for repacked weights are off" in said
