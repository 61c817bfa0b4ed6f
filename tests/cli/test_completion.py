"""The lines in docs/scripting.md make the shells themselves complete, as a user sees it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import PROGRAM, environment, run
from tests.cli.terminal import in_terminal

if TYPE_CHECKING:
    from localsearch.config import Paths

_PAGE = (Path(__file__).parent.parent.parent / "docs/scripting.md").read_text(encoding="utf-8")
_TYPED = {
    "localsearch mo": "localsearch models",
    "localsearch models use multi": "localsearch models use multilingual-e5-small",
    "localsearch models pull Qwen3-Reranker-8": "localsearch models pull Qwen3-Reranker-8B",
    "localsearch search --mode k": "localsearch search --mode keyword",
    "localsearch search bees --in Docu": "localsearch search bees --in Documents/",
    "localsearch similar Documents/be": "localsearch similar Documents/bees.txt",
    "localsearch Docu": "localsearch Documents/",
}


def line_for(shell: str) -> str:
    """The line that the page tells the users of this shell."""
    row = re.search(rf"^\| {shell}[^|]*\|[^|]*\| `(.*)` \|$", _PAGE, re.MULTILINE)
    assert row is not None
    return row[1].replace("\\|", "|")


def set_up(shell: str, folder: Path, lines: str) -> tuple[list[str], dict[str, str]]:
    """Write the shell's own settings; gives its arguments and environment."""
    if shell == "bash":
        (folder / "bashrc").write_text(lines, encoding="utf-8")
        return ["--noprofile", "--rcfile", str(folder / "bashrc"), "-i"], {}
    if shell == "zsh":
        start = "autoload -U compinit; compinit -u\n"
        (folder / ".zshrc").write_text(start + lines, encoding="utf-8")
        return ["-i"], {"ZDOTDIR": str(folder)}
    completions = folder / "fish/completions"
    completions.mkdir(parents=True)
    (completions / "localsearch.fish").write_text(lines, encoding="utf-8")
    return ["-i"], {"XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_tab_completes_commands_options_models_and_paths(
    shell: str, starter_home: Paths, tmp_path: Path
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}")
    (tmp_path / "Documents").mkdir()
    (tmp_path / "Documents/bees.txt").touch()
    settings = tmp_path / "shell"
    settings.mkdir()
    arguments, extra = set_up(shell, settings, line_for(shell) + "\n")
    path = os.pathsep.join((str(Path(PROGRAM).parent), os.environ["PATH"]))
    with in_terminal(
        starter_home, *arguments, shell=program, extra={**extra, "PATH": path}
    ) as terminal:
        terminal.type(f"cd {tmp_path}; echo is re''ady\r".encode())
        terminal.until(b"is ready")
        for typed in _TYPED:
            # To the start of the line, so that it's shown instead of run.
            terminal.type(typed.encode() + b"\t\x01echo shown: \r")
        terminal.type(b"echo all sh''own\r")
        terminal.until(b"all shown\r\n")
        shown = terminal.shown.decode()
    lines = [each.rstrip(" /") for each in re.findall(r"[\r\n]shown: (.*?)\r", shown)]
    assert lines == [each.rstrip("/") for each in _TYPED.values()]  # zsh takes it away again


def test_its_short_name_completes_too(home: Paths) -> None:
    short = str(Path(PROGRAM).with_name("lsx"))
    assert run(home, "--help", program=short).stdout.startswith("Usage: lsx ")
    done = run(home, program=short, env={**environment(home), "_LSX_COMPLETE": "bash_source"})
    assert "lsx" in done.stdout
    assert "localsearch" not in done.stdout
    assert "`_LSX_COMPLETE`" in _PAGE


def test_settings_that_do_not_fit_spoil_nothing(home: Paths) -> None:
    home.settings_file.parent.mkdir(parents=True)
    home.settings_file.write_text("[models]\nembeder = 1\n")
    asked = {"COMP_WORDS": "localsearch models use ", "COMP_CWORD": "3"}
    variables = {**environment(home), **asked, "_LOCALSEARCH_COMPLETE": "bash_complete"}
    done = run(home, env=variables)
    assert (done.stdout, done.stderr) == ("plain,auto\nplain,none\n", "")
