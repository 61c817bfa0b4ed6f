"""How is the watcher started whenever the user logs in: by systemd on Linux, launchd on macOS?

The names aren't "localsearch", as GNOME's indexer has units of that name.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.types import LocalsearchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNIT_NAME = "lsx.service"
AGENT_NAME = "dev.localsearch.lsx"
_TIMEOUT_S = 60.0
# Ends that starting again doesn't mend: wrong settings, no index yet.
_HOPELESS = "2 3"


def install() -> Path:
    """Write and start it; gives the file that was written.

    Raises UsageError on other systems, LocalsearchError where it was written but can't be started.
    """
    command, environment = watch_command(), _environment()
    file = installed_file()
    if sys.platform == "linux":
        _write(file, systemd_unit(command, environment).encode())
        _run("systemctl", "--user", "daemon-reload", file=file)
        _run("systemctl", "--user", "enable", UNIT_NAME, file=file)
        _run("systemctl", "--user", "restart", UNIT_NAME, file=file)
    else:
        _write(file, launchd_agent(command, environment))
        _try("launchctl", "bootout", f"{_launchd_domain()}/{AGENT_NAME}")
        _run("launchctl", "bootstrap", _launchd_domain(), str(file), file=file)
    return file


def uninstall() -> bool:
    """Stop it and remove what `install` wrote; False where nothing was installed."""
    file = installed_file()
    if sys.platform == "linux":
        _try("systemctl", "--user", "disable", "--now", UNIT_NAME)
    else:
        _try("launchctl", "bootout", f"{_launchd_domain()}/{AGENT_NAME}")
    installed = file.exists()
    file.unlink(missing_ok=True)
    if sys.platform == "linux":
        _try("systemctl", "--user", "daemon-reload")
    return installed


def installed_file() -> Path:
    """Where `install` writes to; UsageError on systems where it can't."""
    system: str = sys.platform
    if system == "linux":
        config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return Path(config, "systemd", "user", UNIT_NAME)
    if system == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{AGENT_NAME}.plist"
    raise UsageError(
        "installing it is for Linux with systemd, and macOS",
        "Have your system start `localsearch watch` when you log in.",
    )


def watch_command() -> list[str]:
    """What starts the watcher, by absolute paths."""
    beside = Path(sys.executable).with_name("localsearch")
    program = str(beside) if beside.exists() else shutil.which("localsearch")
    if program is None:
        return [sys.executable, "-c", "from localsearch.cli import main; main()", "watch"]
    return [os.path.abspath(program), "watch"]


def systemd_unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The user unit (systemd.service(5), systemd.exec(5))."""
    variables = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environment.items()
    )
    words = " ".join(_quoted(word).replace("$", "$$") for word in command)
    return (
        "[Unit]\n"
        "Description=localsearch keeps its index of your files current\n"
        "\n"
        "[Service]\n"
        f"ExecStart={words}\n"
        f"{variables}"
        "Restart=on-failure\n"
        "RestartSec=30\n"
        f"RestartPreventExitStatus={_HOPELESS}\n"
        "# It talks to this user's other programs, and to nobody else.\n"
        "RestrictAddressFamilies=AF_UNIX\n"
        "NoNewPrivileges=yes\n"
        "UMask=0077\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def launchd_agent(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """The agent as a property list (launchd.plist(5))."""
    return plistlib.dumps(
        {
            "Label": AGENT_NAME,
            "ProgramArguments": list(command),
            "EnvironmentVariables": dict(environment),
            "RunAtLoad": True,
            # Once more after a crash, not after an end that was asked for.
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ProcessType": "Background",
            "Umask": 0o077,
        }
    )


def _quoted(word: str) -> str:
    """A word as systemd reads it; `%` begins a specifier."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _environment() -> dict[str, str]:
    home = os.environ.get("LOCALSEARCH_HOME")
    return {"LOCALSEARCH_HOME": os.path.abspath(os.path.expanduser(home))} if home else {}


def _launchd_domain() -> str:
    return f"gui/{os.getuid()}"


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(file.name + ".new")
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as error:
        raise LocalsearchError(
            f"{file} can't be written: {error.strerror}", "Check the permissions of its folder."
        ) from error


def _run(*command: str, file: Path) -> None:
    problem = _try(*command)
    if problem:
        raise LocalsearchError(
            f"{file} is written, but `{' '.join(command)}` failed: {problem}",
            "Run that command yourself once you're logged in, or run `localsearch watch` as a"
            " program that starts with your session.",
        )


def _try(*command: str) -> str:
    """Run a command; gives what's wrong, "" for nothing."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        return f"there is no {command[0]}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")
