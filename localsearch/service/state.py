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
# The system counts the start of a process from its own, to within so much.
_CLOCKS_DIFFER_S = 2.0


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
    """What the service said last, and why it says nothing more if it doesn't; None where none is.

    One that was killed leaves its last word behind, and its number may be another process's.
    """
    from dataclasses import replace

    import msgspec
    import psutil

    try:
        state = msgspec.json.decode(path.read_bytes(), type=ServiceState)
        process = psutil.Process(state.pid)
        system = process.status()
        silent_s = time.time() - state.updated_s
        is_silent = silent_s > 3 * HEARTBEAT_S
        if is_silent and process.create_time() > state.started_s + _CLOCKS_DIFFER_S:
            return None
    except (OSError, msgspec.MsgspecError, psutil.Error):
        return None
    if system in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return None
    if system == psutil.STATUS_STOPPED:
        return replace(state, silence=f"it was stopped; `kill -CONT {state.pid}` has it go on")
    if is_silent:
        minutes = int(silent_s / 60)
        return replace(
            state, silence=f"it has said nothing for {minutes:,} min; if it hangs, start it anew"
        )
    return state


def _shown(state: ServiceState) -> ServiceState:
    """The state as JSON can hold it: names that aren't UTF-8 are shown, not kept."""
    from dataclasses import replace

    progress = state.progress
    if progress is not None:
        progress = replace(progress, current=without_raw_bytes(progress.current))
    polled = tuple((without_raw_bytes(path), reason) for path, reason in state.polled)
    return replace(state, progress=progress, polled=polled)
