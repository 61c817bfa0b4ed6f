from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localsearch.service import background
from localsearch.types import LocalsearchError
from tests.cli.program import PROGRAM, run

if TYPE_CHECKING:
    from localsearch.api import Index

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

ODD = ['/home/ann b/100% "new"/\\bin/$HOME/localsearch', "watch"]


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in that notes what it's asked to do; fails when there's a file `broken` beside it."""
    program = tmp_path / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\necho "$@" >> asked\n'
        "if [ -e broken ]; then echo 'Failed to connect to bus' >&2; exit 1; fi\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LOCALSEARCH_HOME", raising=False)
    return program


def asked(systemctl: Path) -> list[str]:
    return systemctl.with_name("asked").read_text().splitlines()


@linux_only
def test_a_unit_is_written_started_and_removed(
    systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALSEARCH_HOME", str(tmp_path / "home"))
    file = background.install()
    assert file == tmp_path / "config/systemd/user/lsx.service"
    unit = ConfigParser(interpolation=None)
    unit.read(file)
    assert shlex.split(unit["Service"]["ExecStart"]) == [PROGRAM, "watch"]
    assert shlex.split(unit["Service"]["Environment"]) == [f"LOCALSEARCH_HOME={tmp_path / 'home'}"]
    assert asked(systemctl) == [
        "--user daemon-reload",
        "--user enable lsx.service",
        "--user restart lsx.service",
    ]
    # Once more, after an upgrade.
    background.install()
    assert background.uninstall()
    assert not file.exists()
    assert asked(systemctl)[-2:] == ["--user disable --now lsx.service", "--user daemon-reload"]
    assert not background.uninstall()


@linux_only
def test_where_it_cannot_be_started_it_says_what_to_do(systemctl: Path) -> None:
    systemctl.with_name("broken").touch()
    with pytest.raises(LocalsearchError, match="Failed to connect to bus") as caught:
        background.install()
    assert "localsearch watch" in caught.value.remedy
    systemctl.unlink()
    assert background.uninstall()


@linux_only
def test_the_unit_has_no_network(tmp_path: Path) -> None:
    unit = background.systemd_unit(ODD, {})
    assert "RestrictAddressFamilies=AF_UNIX\n" in unit
    assert 'ExecStart="/home/ann b/100%% \\"new\\"/\\\\bin/$$HOME/localsearch" "watch"\n' in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / background.UNIT_NAME
    unit.write_text(background.systemd_unit([PROGRAM, "watch"], {"A": 'b "c" %d \\'}))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        # Where the session has one, it has no say in this.
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_agent_says_the_same_to_launchd() -> None:
    agent = plistlib.loads(background.launchd_agent(ODD, {"LOCALSEARCH_HOME": "/a & b"}))
    assert agent["Label"] == "dev.localsearch.lsx"
    assert agent["ProgramArguments"] == ODD
    assert agent["EnvironmentVariables"] == {"LOCALSEARCH_HOME": "/a & b"}
    assert agent["RunAtLoad"] is True
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


@linux_only
def test_the_command_line_installs_and_uninstalls(
    filled: Index, systemctl: Path, tmp_path: Path
) -> None:
    done = run(filled.paths, "watch", "--install")
    assert done.returncode == 0, done.stderr
    assert "lsx.service" in done.stderr
    done = run(filled.paths, "watch", "--uninstall")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "config/systemd/user/lsx.service").exists()
    done = run(tmp_path / "empty", "watch", "--install")
    assert done.returncode == 3
    assert "localsearch add" in done.stderr
