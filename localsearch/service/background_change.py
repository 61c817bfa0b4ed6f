"""How does a running service change the model, in the time between edits?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localsearch.model_change import change as model_change
from localsearch.model_change.change import ModelChange
from localsearch.models.speed import note_speed
from localsearch.types import LocalsearchError, StoreFullError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from localsearch.api import Index
    from localsearch.indexing.reader import Convert
    from localsearch.store import Store
    from localsearch.types import Embedder, IndexReport, Progress

_NO_ROOM_RETRY_S = 600.0
_NOTE_SPEED_EVERY_S = 30.0


class BackgroundChange:
    """The change to the model that the settings name, wherever it has come to.

    One that finds no room on the disk is tried again later, and keeps nothing else from being done;
    `on_problem` hears of it each time.
    """

    def __init__(
        self,
        index: Index,
        store: Store,
        *,
        cancel: threading.Event,
        on_progress: Callable[[Progress], None],
        on_note: Callable[[str], None],
        on_problem: Callable[[str], None],
        on_report: Callable[[IndexReport], None],
    ) -> None:
        self._index = index
        self._store = store
        self._cancel = cancel
        self._on_progress = on_progress
        self._on_note = on_note
        self._on_problem = on_problem
        self._on_report = on_report
        self._change: ModelChange | None = None
        self._is_wanted = False
        self._retry_at_s = 0.0
        self._note_speed_at_s = 0.0

    @property
    def is_due(self) -> bool:
        """Whether there's a change that can go on now."""
        return self._is_wanted and time.monotonic() >= self._retry_at_s

    def embedder_until_then(self, chosen: Embedder) -> Embedder | None:
        """What embeds edits: the model whose vectors serve, which is gone where it's None.

        What was built of a change that nobody wants any more is given up.
        """
        self._is_wanted = model_change.is_needed(self._store, chosen)
        if self._is_wanted:
            return self._index.serving_embedder(self._store)
        self.close()
        model_change.discard(self._index.paths)
        return chosen

    def step(
        self,
        convert: Convert,
        until_reading: Callable[[], bool],
        until: Callable[[], bool],
    ) -> bool:
        """Go on until the one that's asked says stop; True when the new model's vectors serve."""
        try:
            if self._change is None:
                self._change = self._begin()
            try:
                if not self._change.advance(convert, until_reading=until_reading, until=until):
                    return False
            finally:
                self._note_speed(self._change)
            self._compare(self._change)
            self._on_report(self._change.take_place())
        except StoreFullError as error:
            self._retry_at_s = time.monotonic() + _NO_ROOM_RETRY_S
            self._on_problem(f"{error.cause}. {error.remedy}")
            return False
        except LocalsearchError:
            # What's wrong with it, a new look at it will say, or begin it anew.
            self.close()
            raise
        self._change = None
        self._is_wanted = False
        return True

    def _note_speed(self, change: ModelChange) -> None:
        """Remember how fast the new model is, by which `status` says how long it takes."""
        now_s = time.monotonic()
        if now_s >= self._note_speed_at_s:
            self._note_speed_at_s = now_s + _NOTE_SPEED_EVERY_S
            note_speed(self._index.paths.state_file, change.name, *change.embedded)

    def _begin(self) -> ModelChange:
        embedder = self._index.open_embedder()
        self._on_note(f"the model changes to {embedder.name}; until then the old one serves")
        return ModelChange(
            self._store,
            self._index.paths,
            self._index.settings,
            embedder,
            progress=self._on_progress,
            cancel=self._cancel,
        )

    def _compare(self, change: ModelChange) -> None:
        said = change.compare(self._index.serving_embedder(self._store))
        if said:
            self._on_note(f"before the model changes: {said}")

    def close(self) -> None:
        """Leave it for later, as far as it is."""
        if self._change is not None:
            self._change.close()
            self._change = None
