"""When may the model work in the background? Not on a low battery, and slowly beside the user."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localsearch.service.politeness import Politeness

if TYPE_CHECKING:
    from collections.abc import Callable

    from localsearch.config import ServiceSettings
    from localsearch.service.announcing import Announcer

# Less would be spent on beginning and resting, not on work.
_SHORTEST_WORK_S = 0.5


class GivingWay:
    """Says when embedding begins, leaves off and rests, and has `announcer` say why it waits."""

    def __init__(self, settings: ServiceSettings, announcer: Announcer) -> None:
        self._politeness = Politeness(settings)
        self._announcer = announcer
        self._not_before_s = 0.0

    def may_begin(self) -> bool:
        """Whether it may embed now."""
        reason = self._politeness.reason_to_pause()
        if reason or time.monotonic() < self._not_before_s:
            self._announcer.waiting = reason or self._announcer.waiting
            self._announcer.say("embedding")
            return False
        return True

    def must_leave_off(self, else_when: Callable[[], bool]) -> Callable[[], bool]:
        """What embedding asks between batches; one is always done, or it would never end."""
        asked = 0
        began_s = time.monotonic()

        def must() -> bool:
            nonlocal asked
            asked += 1
            polite = self._politeness
            worked = asked > 1 and time.monotonic() > began_s + _SHORTEST_WORK_S
            wanted = worked and (polite.is_wanted_elsewhere() or bool(polite.reason_to_pause()))
            return wanted or else_when()

        return must

    def rest_after(self, worked_s: float, *, more: bool) -> None:
        """Let the user's programs have their share, where there's more to do."""
        rest_s = self._politeness.rest_s(worked_s) if more else 0.0
        slowly = "other programs need the machine, so it goes slowly"
        self._announcer.waiting = slowly if rest_s else ""
        if rest_s:
            self.wait_until(time.monotonic() + rest_s)

    def wait_until(self, at_s: float) -> None:
        """Not before `time.monotonic()` is that."""
        self._not_before_s = max(self._not_before_s, at_s)
