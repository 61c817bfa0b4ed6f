"""The index as the TUI keeps it: brought up to date in the background, paused, watched."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localsearch.types import (
    CancelledError,
    IndexReport,
    LocalsearchError,
    NoIndexError,
    Progress,
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

    `elsewhere` means that another process writes it now; `problem` is why work has stopped.
    """

    status: Status | None = None
    progress: Progress | None = None
    running: bool = False
    paused: bool = False
    elsewhere: bool = False
    problem: LocalsearchError | None = None
    report: IndexReport | None = None


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
            self._set(status=status)

    async def update(self, within: Sequence[str] = ()) -> None:
        """Bring the index up to date, unless that's being done, and tell how it goes."""
        if self.state.running:
            return
        self._set(running=True, paused=False, elsewhere=False, problem=None, report=None)
        try:
            work = functools.partial(self._work, within)
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

    def _work(
        self,
        within: Sequence[str],
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

        emit(self.backend.update(within, progress=tell, cancel=cancel))
