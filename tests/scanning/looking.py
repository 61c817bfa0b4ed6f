"""Trees to scan, and scans of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from localsearch.config import IndexSettings
from localsearch.scanning.scan import Changes, Scan, ScannedFile, compare, scan_roots
from localsearch.types import KnownFile, KnownFiles

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def make(
    *roots: Path | str, within: Sequence[Path] = (), index: IndexSettings | None = None
) -> Scan:
    return scan_roots(
        [str(root) for root in roots],
        index or IndexSettings(),
        paths=None,
        cancel=None,
        within=[str(path) for path in within],
    )


def known_of(files: Iterable[ScannedFile], state: str = "indexed") -> KnownFiles:
    return KnownFiles(
        KnownFile(file.path, file.size, file.mtime_ns, file.inode, file.device, state, "text:1", 1)
        for file in files
    )


def rescan(known: KnownFiles, *roots: Path | str) -> tuple[Changes, Scan]:
    scan = make(*roots)
    return compare(scan, known, scan), scan


def quick_rescan(known: KnownFiles, *roots: Path) -> Changes:
    """As `rescan`, with the scan told what is known."""
    scan = scan_roots(
        [str(root) for root in roots],
        IndexSettings(),
        paths=None,
        cancel=None,
        known=known,
    )
    return compare(scan, known, scan)


def names(files: Iterable[ScannedFile]) -> list[str]:
    return sorted(os.path.basename(file.path) for file in files)
