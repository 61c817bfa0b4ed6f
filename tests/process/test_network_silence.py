"""Nothing opens a connection to the network: every process is watched from inside."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import PROGRAM, environment

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths

# Python tells of every socket before it's made; child processes get the same watcher.
_WATCHER = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open(os.environ["WATCHED"], "a") as log:
            log.write(f"{event} {arguments[1:]} {sys.argv}\\n")
sys.addaudithook(watch)
"""


@pytest.fixture
def watched(starter_home: Paths, tmp_path: Path) -> dict[str, str]:
    """An environment in which every attempt to connect is written to the file WATCHED."""
    folder = tmp_path / "watcher"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_WATCHER)
    log = tmp_path / "connections.log"
    return {**environment(starter_home), "PYTHONPATH": str(folder), "WATCHED": str(log)}


def connections(watched: dict[str, str]) -> str:
    try:
        with open(watched["WATCHED"], encoding="utf-8") as log:
            return log.read()
    except FileNotFoundError:
        return ""


def test_the_watcher_sees_an_attempt(watched: dict[str, str]) -> None:
    attempt = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", attempt], env=watched, check=True)
    assert "socket.connect" in connections(watched)


def test_using_it_opens_no_connection(watched: dict[str, str], library: Path) -> None:
    for arguments in (
        ["add", str(library)],
        ["search", "the flat gets cold at night"],
        ["search", "--mode", "semantic", "sleep"],
        ["index"],
        ["status"],
        ["models", "list"],
        ["remove", str(library)],
    ):
        done = subprocess.run(
            [PROGRAM, *arguments], env=watched, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert connections(watched) == ""


def test_the_search_screen_opens_no_connection(watched: dict[str, str], library: Path) -> None:
    subprocess.run([PROGRAM, "add", str(library)], env=watched, check=True, capture_output=True)
    leader, follower = pty.openpty()
    termios.tcsetwinsize(leader, (40, 120))
    screen = subprocess.Popen(
        [PROGRAM],
        env={**watched, "TERM": "xterm-256color"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    try:
        os.write(leader, b"hive")
        painted = b""
        while b"bees" not in painted:
            painted += os.read(leader, 65536)
    finally:
        screen.kill()
        screen.wait()
        os.close(follower)
        os.close(leader)
    assert connections(watched) == ""
