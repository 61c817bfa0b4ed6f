"""Runs the program as a user does: a process of its own, a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localsearch.config import Paths

PROGRAM = str(Path(sys.executable).with_name("localsearch"))


def environment(paths: Paths | Path) -> dict[str, str]:
    """The environment for a home folder."""
    base = paths if isinstance(paths, Path) else paths.data_dir.parent
    return {**os.environ, "LOCALSEARCH_HOME": str(base), "NO_COLOR": "1", "COLUMNS": "100"}


def run(
    paths: Paths | Path,
    *arguments: str,
    program: str = PROGRAM,
    timeout_s: float = 300.0,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        **{"stdin": subprocess.DEVNULL, "env": environment(paths), **options},
    )


def run_for(paths: Paths | Path, life_s: float, *arguments: str) -> int:
    """Run the program for so long, kill it if it still runs, and give how it ended."""
    with subprocess.Popen(
        [PROGRAM, *arguments],
        env=environment(paths),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            return process.wait(life_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
