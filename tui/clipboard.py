"""Copies to the system's clipboard, beside the terminal's own way (OSC 52) that not all have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_TIMEOUT_S = 2.0


def native_command() -> tuple[str, ...] | None:
    """The program that fills this system's clipboard, if there's one here."""
    candidates: list[tuple[str, ...]] = []
    if sys.platform == "darwin":
        candidates.append(("pbcopy",))
    elif sys.platform == "win32":
        candidates.append(("clip",))
    if os.environ.get("WAYLAND_DISPLAY"):
        candidates.append(("wl-copy",))
    if os.environ.get("DISPLAY"):
        candidates.append(("xclip", "-selection", "clipboard"))
        candidates.append(("xsel", "--clipboard", "--input"))
    if os.environ.get("WSL_DISTRO_NAME"):
        candidates.append(("clip.exe",))
    return next((each for each in candidates if shutil.which(each[0])), None)


def copy_natively(text: str) -> bool:
    """Fill the system's clipboard; blocks for a moment. False where that isn't possible here."""
    command = native_command()
    if command is None:
        return False
    encoding = "utf-16-le" if command[0].startswith("clip") else "utf-8"
    try:
        # Its output must not be a pipe: xclip stays behind to serve the text, and would hold it.
        subprocess.run(
            command,
            input=text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
