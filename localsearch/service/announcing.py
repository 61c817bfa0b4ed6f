"""What does the service say of itself? Its state, when that's worth writing down, and notes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from localsearch.service.state import HEARTBEAT_S
from localsearch.types import ServiceState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localsearch.types import Progress, ServicePhase

_SAY_EVERY_S = 2.0


class Announcer:
    """Tells `on_state` each state, and whether it's worth writing down; `on_note` what happens.

    `passes` counts looks at the folders, `problem` is what went wrong last, `waiting` why embedding
    stands still; `polled` are the folders that aren't watched.
    """

    def __init__(
        self,
        polled: Callable[[], Mapping[str, str]],
        *,
        on_note: Callable[[str], None],
        on_state: Callable[[ServiceState, bool], None],
    ) -> None:
        self._polled = polled
        self._on_note = on_note
        self._on_state = on_state
        self.passes = 0
        self.problem = ""
        self.waiting = self._said_waiting = ""
        self._phase: ServicePhase = "starting"
        self._progress: Progress | None = None
        self._notes: set[str] = set()
        self._offline: dict[str, str] = {}
        self._started_s = time.time()
        self._said_s = float("-inf")
        self._said_at_s = 0.0

    def follow(self, progress: Progress) -> None:
        """What indexing tells of itself."""
        self._progress = progress
        if progress.phase != "done":
            self.say(progress.phase)

    def say(self, phase: ServicePhase) -> None:
        """What it does now; said again now and then, as a sign of life."""
        now_s = time.monotonic()
        every_s = HEARTBEAT_S if phase in ("idle", "paused") else _SAY_EVERY_S
        changed = (phase, self.waiting) != (self._phase, self._said_waiting)
        # Some clocks stand still while the machine sleeps, and it seems to have said nothing since.
        slept = abs(time.time() - self._said_at_s) > 2 * HEARTBEAT_S
        if not (changed or slept) and now_s - self._said_s < every_s:
            return
        busy = phase in ("scanning", "reading", "embedding")
        state = ServiceState(
            os.getpid(),
            self._started_s,
            time.time(),
            phase,
            self.passes,
            self._progress if busy else None,
            tuple(self._polled().items()),
            self.problem,
            self.waiting if phase == "embedding" else "",
        )
        self._phase, self._said_waiting = phase, self.waiting
        # Phases may follow each other many times a second.
        worth_writing = not busy or now_s - self._said_s >= _SAY_EVERY_S
        if worth_writing:
            self._said_s, self._said_at_s = now_s, state.updated_s
        self._on_state(state, worth_writing)

    def note(self, text: str) -> None:
        """What a user should know."""
        self._on_note(text)

    def note_once(self, text: str) -> None:
        """The same, but never twice."""
        if text not in self._notes:
            self._notes.add(text)
            self._on_note(text)

    def tell_of_roots(self, offline: dict[str, str]) -> None:
        """Say which folders went, and which are back."""
        for root in self._offline.keys() - offline:
            self._on_note(f"{root} is back")
        for root in offline.keys() - self._offline.keys():
            self._on_note(offline[root])
        self._offline = offline

    def tell_notices(self, notices: tuple[str, ...]) -> None:
        """What a round of work has to say, except for folders that went, which was said."""
        for notice in notices:
            if notice not in self._offline.values():
                self.note_once(notice)
