"""`make demo`: index the documentation and the sample library, and ask three questions."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HOME = PROJECT / ".demo"
PROGRAM = Path(sys.executable).with_name("localsearch")

# Two in another language than their answer's: the answers are in German, German and English.
QUESTIONS = (
    "the heating keeps failing at night, what did we tell the landlord",
    "咖啡机怎么除垢",
    "how do I stop disc brakes from squealing",
)


def run(*arguments: str) -> None:
    """Run the program as a user would, and show the command."""
    print(f"\n$ localsearch {shlex.join(arguments)}", flush=True)
    environment = {**os.environ, "LOCALSEARCH_HOME": str(HOME)}
    done = subprocess.run([PROGRAM, *arguments], env=environment, cwd=PROJECT, check=False)
    if done.returncode != 0:
        sys.exit(f"that ended with exit code {done.returncode}")


def main() -> None:
    """The whole demonstration, in a folder of its own."""
    run("add", "docs", "sample")
    for question in QUESTIONS:
        run("search", question, "-n", "3")
    run("status")
    program = PROGRAM.relative_to(PROJECT)
    print(
        f"""
This index lies in {HOME.name}/ and holds nothing of yours. To look around in it:

    LOCALSEARCH_HOME={HOME.name} {program}

To index a folder of your own (Ctrl-C stops at any time, running it again goes on):

    {program} add ~/Documents
    {program}
"""
    )


if __name__ == "__main__":
    main()
