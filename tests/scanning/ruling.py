"""Folders with rules in them, and what the rules leave."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from localsearch.config import IndexSettings, Paths
from localsearch.scanning.ignore import IgnoreRules
from localsearch.scanning.scan import scan_roots

DEFAULT = IndexSettings()
EVERYTHING = IndexSettings(hidden_files=True)


def git(folder: Path, *arguments: str) -> bytes:
    """What git prints; a machine without git fails these tests, it doesn't skip them."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    ).stdout


def rules_for(
    root: Path, index: IndexSettings = DEFAULT, paths: Paths | None = None
) -> IgnoreRules:
    return IgnoreRules([os.path.realpath(root)], index, paths=paths)


def scanned(root: Path, index: IndexSettings = EVERYTHING) -> set[str]:
    files = scan_roots([str(root)], index, paths=None, cancel=None)
    return {os.path.relpath(file.path, os.path.realpath(root)) for file in files}
