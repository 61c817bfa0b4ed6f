"""Make a virtual environment and install localsearch into it, saying all along what's going on.

Usage: python3 tools/bootstrap.py VENV. Needs nothing but Python; it runs before anything is there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

# gcc up to 12 drops the tile set-up of ggml's AMX kernel as dead stores; see docs/architecture.md.
COMPILER_FLAGS = "-fno-tree-dse -fno-dse"
ALIVE_EVERY_S = 10.0
NINJA_STEP = re.compile(r"\[(\d+)/(\d+)\]")


def build_environment() -> dict[str, str]:
    """The environment for pip: the flags that llama.cpp needs, added to the user's own."""
    environment = dict(os.environ)
    for name in ("CFLAGS", "CXXFLAGS"):
        environment[name] = f"{environment.get(name, '')} {COMPILER_FLAGS}".strip()
    environment.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 2))
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return environment


def run_pip(python: Path, *arguments: str, log: Path) -> int:
    """Run pip, its whole output to `log`, one line on stderr every few seconds."""
    command = [str(python), "-m", "pip", *arguments]
    started_s = said_s = time.monotonic()
    step = ""
    with (
        log.open("a", encoding="utf-8") as out,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=build_environment(),
        ) as pip,
    ):
        for line in pip.stdout or ():
            out.write(line)
            if match := NINJA_STEP.search(line):
                step = f"compiling llama.cpp, {match[1]} of {match[2]}"
            elif line.startswith(("Collecting ", "Building wheel", "Installing collected")):
                step = line.strip()[:70]
            if time.monotonic() - said_s >= ALIVE_EVERY_S:
                said_s = time.monotonic()
                print(f"  {said_s - started_s:4.0f} s  {step}", file=sys.stderr, flush=True)
        return pip.wait()


def main() -> int:
    """Set up the environment named on the command line; the exit code is pip's."""
    folder = Path(sys.argv[1])
    if sys.version_info < (3, 11):  # noqa: UP036  an old Python is just what this is to catch
        print("localsearch needs Python 3.11 or newer: make PYTHON=python3.12 …", file=sys.stderr)
        return 2
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    log = folder / "install.log"
    print(
        f"Installing into {folder}. llama.cpp is compiled from source the first time, which takes\n"
        f"minutes; pip keeps the result for the next time. Everything pip says is in {log}.",
        file=sys.stderr,
        flush=True,
    )
    code = run_pip(python, "install", "--upgrade", "pip", log=log)
    if code == 0:
        code = run_pip(python, "install", "-v", "-e", ".[all,dev]", log=log)
    if code != 0:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
        print("\n".join(tail), file=sys.stderr)
        print(
            f"\nThe installation failed; the whole story is in {log}.\n"
            "Most often a C/C++ compiler is missing (apt install build-essential,"
            " xcode-select --install).",
            file=sys.stderr,
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
