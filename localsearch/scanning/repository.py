"""Where does a git repository keep the ignore rules that aren't in its folders?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import lru_cache

_GIT_TIMEOUT_S = 5.0


def has_repository(folder: str) -> bool:
    """Whether the folder is the top of a git repository, a worktree or a submodule."""
    return os.path.lexists(os.path.join(folder, ".git"))


def exclude_file(top: str) -> str:
    """Path of `info/exclude` for the repository whose top folder this is; may be missing."""
    git_dir = os.path.join(top, ".git")
    if os.path.isfile(git_dir):
        # gitrepository-layout(5): a file with the way to the real folder, which for a worktree
        # names the shared one in `commondir`.
        git_dir = os.path.join(top, _first_line(git_dir).removeprefix("gitdir:").strip())
        git_dir = os.path.join(git_dir, _first_line(os.path.join(git_dir, "commondir")))
    return os.path.join(git_dir, "info", "exclude")


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(8192).rstrip("\r\n")
    except OSError:
        return ""


@lru_cache(maxsize=1)
def global_exclude_file() -> str:
    """Path of the user's `core.excludesFile`; git's default where none is set or git is missing."""
    git = _usable_git()
    if git is not None:
        try:
            answer = subprocess.run(
                [git, "-C", os.path.abspath(os.sep), "config", "--type=path", "core.excludesFile"],
                capture_output=True,
                timeout=_GIT_TIMEOUT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            pass
        else:
            path = os.fsdecode(answer.stdout).removesuffix("\n")
            if answer.returncode == 0 and path:
                return path
    config_home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(config_home, "git", "ignore")


def _usable_git() -> str | None:
    git = shutil.which("git")
    tools = ("/Library/Developer/CommandLineTools", "/Applications/Xcode.app")
    if sys.platform == "darwin" and git == "/usr/bin/git" and not any(map(os.path.isdir, tools)):
        # A stand-in that would ask the user to install the developer tools.
        return None
    return git
