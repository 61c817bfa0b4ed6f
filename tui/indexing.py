"""The index as the TUI keeps it: brought up to date in the background, paused, watched."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from localsearch.types import (
    CancelledError,
    IndexReport,
    LocalsearchError,
    NoIndexError,
    Progress,
    ServiceState,
    Status,
    StoreLockedError,
)

if TYPE_CHECKING:
    import threading

    from tui.backend import Backend
    from tui.lanes import Emit, Lanes

# Often enough for the eye, seldom enough for typing.
_PROGRESS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class IndexState:
    """What is known of the index and of the work on it.

    `elsewhere` means that another process writes it now, whose work `progress` and `paused` then
    tell of, if it's the service; `problem` is why work has stopped.
    """

    status: Status | None = None
    progress: Progress | None = None
    running: bool = False
    paused: bool = False
    elsewhere: bool = False
    problem: LocalsearchError | None = None
    report: IndexReport | None = None

    @property
    def silence(self) -> str:
        """Why the service that runs doesn't answer; "" where it does, or none runs."""
        service = self.status.service if self.status is not None else None
        return service.silence if service is not None and not self.running else ""


class IndexKeeper:
    """Brings the index up to date on its own lane, and tells of every change of state."""

    def __init__(
        self, backend: Backend, lanes: Lanes, changed: Callable[[IndexState], None]
    ) -> None:
        self.backend = backend
        self._lanes = lanes
        self._changed = changed
        self.state = IndexState()

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self._changed(self.state)

    async def refresh(self) -> None:
        """Ask the index what it holds."""
        backend = self.backend
        try:
            status = await self._lanes.facts.call(lambda _cancel: backend.status())
        except NoIndexError:
            self._set(status=None)
        except CancelledError:
            return
        except LocalsearchError as error:
            self._set(problem=error)
        else:
            self._set(status=status, **self._told_by(status.service))

    def _told_by(self, service: ServiceState | None) -> dict[str, object]:
        if self.state.running:
            return {}
        if service is not None:
            paused = service.phase == "paused"
            # What one that doesn't answer was at, it may not be any more.
            progress = None if service.silence else service.progress
            return {"elsewhere": True, "paused": paused, "progress": progress}
        if self._serviced:
            # It has ended, and what it said of itself with it.
            return {"elsewhere": False, "paused": False, "progress": None}
        return {}

    @property
    def _serviced(self) -> bool:
        status = self.state.status
        return status is not None and status.service is not None

    async def update(self, within: Sequence[str] = (), *, full: bool = False) -> None:
        """Bring the index up to date, unless that's being done, and tell how it goes."""
        if self.state.running:
            return
        self._set(running=True, paused=False, elsewhere=False, problem=None, report=None)
        try:
            work = functools.partial(self._work, within, full)
            async for item in self._lanes.index.stream(work):
                if isinstance(item, Progress):
                    self._set(progress=item)
                else:
                    self._set(report=item)
        except CancelledError:
            self._set(paused=True)
        except (StoreLockedError, NoIndexError) as error:
            self._set(elsewhere=isinstance(error, StoreLockedError))
        except LocalsearchError as error:
            self._set(problem=error)
        finally:
            self._set(running=False, progress=None)
        await self.refresh()

    def pause(self) -> None:
        """Stop soon; what's done is kept."""
        if self.state.running:
            self._lanes.index.cancel()
            self._set(paused=True)

    async def pause_or_resume(self) -> None:
        """Stop what keeps the index, this app or the service, or have it go on."""
        if self.state.running:
            self.pause()
        elif self._serviced:
            await self._tell_service("resume" if self.state.paused else "pause")
        else:
            await self.update()

    async def look_for_changes(self) -> None:
        """Have all folders looked at now, by the service where one runs."""
        if self._serviced:
            await self._tell_service("rescan")
        else:
            await self.update()

    async def _tell_service(self, task: Literal["pause", "resume", "rescan"]) -> None:
        socket_file = self.backend.paths.socket_file

        def tell(_cancel: threading.Event) -> None:
            from localsearch.service.client import tell_service
            from localsearch.service.wire import ServiceRequest

            tell_service(socket_file, ServiceRequest(task))

        await self._lanes.actions.call(tell)
        await self.refresh()

    def _work(
        self,
        within: Sequence[str],
        full: bool,
        cancel: threading.Event,
        emit: Emit[Progress | IndexReport],
    ) -> None:
        last_s = 0.0
        last_phase = ""

        def tell(progress: Progress) -> None:
            nonlocal last_s, last_phase
            now_s = time.monotonic()
            if now_s - last_s >= _PROGRESS_EVERY_S or progress.phase != last_phase:
                last_s, last_phase = now_s, progress.phase
                emit(progress)

        emit(self.backend.update(within, full=full, progress=tell, cancel=cancel))
