"""A search as the TUI runs it: words at once, meaning after a pause, each newer query first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localsearch.types import Hit, Query, Stage
from tui.lanes import Lanes

if TYPE_CHECKING:
    import threading

    from tui.backend import Backend
    from tui.lanes import Emit, Job

# A person who types on has the next letter down within this; who has paused wants the answer.
TYPING_PAUSE_S = 0.12
# The list goes on settling while the query stands; this is when it stops by itself.
LIVE_BUDGET_S = 20.0
LIMIT_FILES = 50
# Where nothing is asked, what changed lately may be what's wanted.
_ALL_BY_DATE = "after:1970"


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for: the text, within which folders, files or passages."""

    text: str
    within: tuple[str, ...] = ()
    passages: bool = False

    @property
    def unfinished_word(self) -> bool:
        """Whether the last word may still grow."""
        return bool(self.text) and not self.text[-1].isspace()


async def search_stages(
    backend: Backend,
    lanes: Lanes,
    request: Request,
    *,
    settling: Callable[[float], None],
    pause_s: float = TYPING_PAUSE_S,
) -> AsyncIterator[Stage]:
    """Yield every stage worth painting; cancelling the caller aborts whatever runs.

    `settling(seconds)` is called when the full search begins, with the time it may take.
    """
    resume_s = time.monotonic() + pause_s
    asked = bool(request.text.strip())

    def quick() -> Query:
        return backend.parse(
            request.text if asked else _ALL_BY_DATE,
            limit=LIMIT_FILES,
            mode="keyword",
            rerank=False,
            passages=request.passages,
            within=request.within,
            prefix_last=request.unfinished_word,
        )

    def full() -> Query:
        return backend.parse(
            request.text,
            limit=LIMIT_FILES,
            budget_s=LIVE_BUDGET_S,
            passages=request.passages,
            within=request.within,
            prefix_last=request.unfinished_word,
        )

    async for stage in lanes.typing.stream(_job(backend, quick)):
        # The last of the quick search is the last word only where nothing was asked.
        yield replace(stage, final=not asked)
    if not asked:
        return
    await asyncio.sleep(max(0.0, resume_s - time.monotonic()))
    settling(LIVE_BUDGET_S)
    async for stage in lanes.search.stream(_job(backend, full)):
        # By word, the list is painted already.
        if stage.final or stage.name != "keyword":
            yield stage


async def nearest_sentences(
    backend: Backend, lanes: Lanes, text: str, hits: Sequence[Hit]
) -> AsyncIterator[Hit]:
    """Yield each hit of which no word is marked with its sentence nearest to what was asked."""

    def run(cancel: threading.Event, emit: Emit[Hit]) -> None:
        for hit in backend.mark_nearest(backend.parse(text), hits, cancel=cancel):
            emit(hit)

    async for hit in lanes.sentences.stream(run):
        yield hit


def _job(backend: Backend, parsed: Callable[[], Query]) -> Job[Stage]:
    """A search; `parsed` looks at the folders, which may take a while, so it's run there, too."""

    def run(cancel: threading.Event, emit: Emit[Stage]) -> None:
        for stage in backend.search(parsed(), cancel=cancel):
            emit(stage)
            if cancel.is_set():
                return

    return run
