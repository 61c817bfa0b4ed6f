"""Does the machine let us work: are our folders private, is there room, may we watch?"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.config import nearest_existing
from localsearch.types import Finding

if TYPE_CHECKING:
    from localsearch.config import Paths

# An index of some 10,000 pages takes about as much.
_LITTLE_ROOM_BYTES = 1_000_000_000
_NO_ROOM_BYTES = 100_000_000
_INOTIFY = Path("/proc/sys/fs/inotify")
# Other programs need watches as well.
_SHARE_OF_WATCHES = 0.8


def check_permissions(paths: Paths) -> Iterator[Finding]:
    """Whether what holds the user's texts is theirs alone."""
    if os.name != "posix":
        yield Finding("permissions", "ok", "not looked at: on this system they aren't modes")
        return
    folders = (paths.data_dir, paths.state_dir, paths.models_dir, paths.runtime_dir)
    databases = (paths.index_file, paths.state_file)
    logs = tuple(file.with_name(file.name + suffix) for file in databases for suffix in ("-wal",))
    refused = tuple(_refused(folders, databases))
    for path in refused:
        yield Finding("permissions", "problem", *_why_refused(path))
    open_to_others = [
        path
        for path in (*folders[:2], folders[3], *databases, *logs)
        if path not in refused and path.parent not in refused and _open_to_others(path)
    ]
    for path in open_to_others:
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = "700" if path.is_dir() else "600"
        yield Finding(
            "permissions",
            "warning",
            f"{path} can be read by others (mode {mode:o})",
            f"chmod {wanted} {shlex.quote(str(path))}",
        )
    if refused or open_to_others:
        return
    if any(path.exists() for path in databases):
        yield Finding("permissions", "ok", "the index and what searches remember are yours alone")
    else:
        text = f"nothing is kept yet; {paths.data_dir} is where you may write"
        yield Finding("permissions", "ok", text)


def _refused(folders: tuple[Path, ...], files: tuple[Path, ...]) -> Iterator[Path]:
    """What we can't use: for a folder that isn't there yet, the one that it would be made in."""
    seen: set[Path] = set()
    for path in (*(nearest_existing(folder) for folder in folders), *files):
        needed = os.R_OK | os.W_OK | (os.X_OK if path not in files else 0)
        # What's in a folder that's named already is mended along with it.
        if path in seen or seen.intersection(path.parents) or not path.exists():
            continue
        if not os.access(path, needed):
            seen.add(path)
            yield path


def _why_refused(path: Path) -> tuple[str, str]:
    quoted = shlex.quote(str(path))
    fix = f"Make it yours: sudo chown -R $(id -u) {quoted}; chmod -R u+rwX {quoted}"
    return (
        f"{path} can't be read and written by you",
        f"{fix}. Or let LOCALSEARCH_HOME name a folder of yours.",
    )


def _open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False


def check_room(paths: Paths) -> Iterator[Finding]:
    """Free space where the index and the models lie."""
    seen = set()
    for what, folder in (("index", paths.data_dir), ("models", paths.models_dir)):
        existing = nearest_existing(folder)
        device = existing.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(existing).free
        amount = f"{free / 1e9:,.1f} GB" if free >= 1e9 else f"{free / 1e6:,.0f} MB"
        text = f"{amount} are free where the {what} lies ({folder})"
        fix = "Make room there, or let LOCALSEARCH_HOME name a folder on another disk."
        if free < _NO_ROOM_BYTES:
            yield Finding("disk", "problem", text, fix)
        elif free < _LITTLE_ROOM_BYTES:
            yield Finding("disk", "warning", text, fix)
        else:
            yield Finding("disk", "ok", text)


def check_watches(folders: int, limits: Path = _INOTIFY) -> Iterator[Finding]:
    """Whether Linux hands out enough watches for that many folders; `limits` is in /proc."""
    try:
        watches = int((limits / "max_user_watches").read_text())
        instances = int((limits / "max_user_instances").read_text())
    except (OSError, ValueError):
        yield Finding("watching", "ok", "this system sets no limit of watches")
        return
    text = f"{folders:,} folders with indexed files, of {watches:,} that Linux lets you watch"
    if instances < 1 or folders > watches * _SHARE_OF_WATCHES:
        more = max(2 * folders, 1_048_576)
        fix = (
            f"echo fs.inotify.max_user_watches={more} | sudo tee /etc/sysctl.d/60-watches.conf &&"
            " sudo sysctl --system. Until then, folders without a watch are looked at now and then."
        )
        yield Finding("watching", "warning", text, fix)
    else:
        yield Finding("watching", "ok", text)
