"""The line for bash in docs/scripting.md makes bash complete commands."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import PROGRAM, environment

if TYPE_CHECKING:
    from localsearch.config import Paths

_LINE = 'eval "$(_LOCALSEARCH_COMPLETE=bash_source localsearch)"'


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands(home: Paths) -> None:
    docs = Path(__file__).parent.parent.parent / "docs/scripting.md"
    assert _LINE in docs.read_text(encoding="utf-8")
    ask = "COMP_WORDS=(localsearch mo) COMP_CWORD=1; _localsearch_completion localsearch"
    path = os.pathsep.join((str(Path(PROGRAM).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "--norc", "-c", f'{_LINE}; {ask}; echo "${{COMPREPLY[@]}}"'],
        env={**environment(home), "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["models"]
