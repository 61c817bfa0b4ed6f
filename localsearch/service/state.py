"""What is the service doing? It says so in a small file, which anyone may ask after."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.terminal import without_raw_bytes
from localsearch.types import ServiceState

if TYPE_CHECKING:
    from pathlib import Path

HEARTBEAT_S = 60.0


def write_state(path: Path, state: ServiceState) -> None:
    """Put the file in its place whole; a full disk is no reason to stop."""
    import msgspec

    draft = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        private_dir(path.parent)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(msgspec.json.encode(_shown(state)))
        draft.replace(path)


def read_state(path: Path) -> ServiceState | None:
    """What the service said last; None when none runs, or it's dead or stopped by the system."""
    import msgspec
    import psutil

    try:
        state = msgspec.json.decode(path.read_bytes(), type=ServiceState)
    except (OSError, msgspec.MsgspecError):
        return None
    if time.time() - state.updated_s > 3 * HEARTBEAT_S or not psutil.pid_exists(state.pid):
        return None
    return state


def _shown(state: ServiceState) -> ServiceState:
    """The state as JSON can hold it: names that aren't UTF-8 are shown, not kept."""
    from dataclasses import replace

    progress = state.progress
    if progress is not None:
        progress = replace(progress, current=without_raw_bytes(progress.current))
    polled = tuple((without_raw_bytes(path), reason) for path, reason in state.polled)
    return replace(state, progress=progress, polled=polled)
