"""`make dist-check`: build wheel and sdist, install each into a bare environment, and try it there.

Needs the package registry. llama.cpp is compiled unless pip has kept an earlier build of it, as it
has where `make setup` made one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tools.bootstrap import build_environment

PROJECT = Path(__file__).resolve().parent.parent
NOTE = "The heating fails every night. The landlord was told in November.\n"


def main() -> None:
    """Build, then try the wheel and the sdist; ends with an error at what doesn't work."""
    with tempfile.TemporaryDirectory(prefix="dist-check-") as folder:
        base = Path(folder)
        # What it's built with is among our own packages for development.
        build = (sys.executable, "-m", "build", "--no-isolation")
        _run(*build, "--outdir", str(base / "dist"), str(PROJECT))
        [wheel] = (base / "dist").glob("*.whl")
        [sdist] = (base / "dist").glob("*.tar.gz")
        programs = _bare_environment(base / "venv")
        pip = str(programs / "python"), "-m", "pip", "install", "-q", "--no-compile"
        _run(*pip, f"{wheel}[starter,office]")
        _try(programs, base / "wheel")
        _run(*pip, "--force-reinstall", "--no-deps", str(sdist))
        _try(programs, base / "sdist")
    print("wheel and sdist work in a bare environment")


def _bare_environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin")


def _try(programs: Path, base: Path) -> None:
    """Index a note, find it by meaning and in another language, and have everything examined."""
    notes = base / "notes"
    notes.mkdir(parents=True)
    (notes / "heating.txt").write_text(NOTE, encoding="utf-8")
    home = base / "home"
    ours = str(programs / "localsearch")
    _run(ours, "--version", home=home)
    _run(ours, "add", str(notes), home=home)
    found = json.loads(_run(ours, "search", "--json", "Heizung defekt", home=home))
    assert found["results"][0]["path"] == str(notes / "heating.txt"), found
    assert found["coverage"]["semantic"] == 1, found
    _run(ours, "doctor", home=home)
    assert "multilingual-e5-small" in _run(ours, "models", "list", home=home)
    _run(str(programs / "lsx"), "status", "--json", home=home)
    # The screens' styles are files of their own.
    styles = "import asyncio, tui.app; from localsearch import config; print(tui.app.__file__)"
    shown = _run(str(programs / "python"), "-c", styles, home=home)
    assert (Path(shown.strip()).parent / "screens/main.tcss").exists(), shown


def _run(*command: str, home: Path | None = None) -> str:
    print("$", " ".join(command), file=sys.stderr, flush=True)
    environment = build_environment()
    # The checkout must not stand in for what was installed.
    environment.pop("PYTHONPATH", None)
    if home is not None:
        environment["LOCALSEARCH_HOME"] = str(home)
    done = subprocess.run(
        command, env=environment, cwd=tempfile.gettempdir(), stdout=subprocess.PIPE, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"that ended with exit code {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
