"""Imports modules in a process of its own, as one that's broken may take its process with it.

Run as a program it says on stdout, a JSON object a line, which module it begins with and what came
of it.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence

_TIMEOUT_S = 60.0
_BEGUN = "begun"


def import_problems(modules: Sequence[str]) -> dict[str, str]:
    """What's wrong with those of the modules that can't be imported; none is imported here."""
    problems: dict[str, str] = {}
    left = list(modules)
    while left:
        answers, ending = _run(left)
        problems |= {each: said for each, said in answers.items() if said not in ("", _BEGUN)}
        begun = [module for module, outcome in answers.items() if outcome == _BEGUN]
        # Where it ended before it began with any, the first one has to answer for it.
        if len(answers) == len(left) and not begun:
            break
        culprit = begun[0] if begun else next(each for each in left if each not in answers)
        problems[culprit] = f"importing it ends the process ({ending})"
        left = left[left.index(culprit) + 1 :]
    return problems


def _run(modules: Sequence[str]) -> tuple[dict[str, str], str]:
    # -P: a module in the folder that the user happens to stand in must not pass for the real one.
    command = (sys.executable, "-P", "-m", "localsearch.health.loading", *modules)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        return _answers(error.stdout or b""), f"it hangs: no answer in {_TIMEOUT_S:.0f} s"
    code = done.returncode
    return _answers(done.stdout), f"signal {-code}" if code < 0 else f"exit code {code}"


def _answers(output: bytes) -> dict[str, str]:
    answers: dict[str, str] = {}
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            answers.update(json.loads(line))
        except ValueError:
            # Cut off as the process ended.
            continue
    return answers


def import_all(modules: Sequence[str]) -> None:
    """Import each and say on stdout what came of it."""
    # What modules print as they're imported goes to stderr, away from the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for module in modules:
        print(json.dumps({module: _BEGUN}), file=answers, flush=True)
        try:
            importlib.import_module(module)
            outcome = ""
        except Exception as error:  # noqa: BLE001 (a broken module may raise anything)
            outcome = f"{type(error).__name__}: {error}"
        print(json.dumps({module: outcome}), file=answers, flush=True)


if __name__ == "__main__":
    import_all(sys.argv[1:])
