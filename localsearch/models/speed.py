"""How fast is a model on this machine? Measured while it indexes, or by trying it when asked to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from localsearch.config import Paths, Settings
    from localsearch.models.catalogue import Role

_MEASURE = "speed of "
# Less work than this says more about how it begins than how it goes on.
_TELLING_S = 1.0
_TRIAL_S = 2.0
# About what fills a batch.
_PASSAGES_AT_ONCE = 2
_QUERY = "when does the ferry leave"
# About as long as a passage of an index is.
_LINES = (
    "The ferry leaves from the north pier at ten past every hour until dusk, and waits for the "
    "last train when that is late. Tickets are sold on board; bicycles travel free of charge. "
)
_PASSAGE = _LINES * 6


@dataclass(frozen=True, slots=True)
class Trial:
    """How many tokens (or passages) were embedded (or judged), on the clock and by all cores."""

    amount: int
    clock_s: float
    cores_s: float

    @property
    def speed(self) -> float:
        """Tokens, or passages, a second."""
        return self.amount / self.clock_s


def known_speeds(state_file: Path) -> dict[str, float]:
    """Speeds by model name: tokens a second of embedders, passages a second of rerankers."""
    from localsearch.store.state import State

    with State(state_file) as state:
        measures = state.measures(_MEASURE)
    return {name.removeprefix(_MEASURE): speed for name, speed in measures.items()}


def note_speed(state_file: Path, name: str, amount: float, took_s: float) -> None:
    """Remember how fast a model was, unless it was too little work to tell."""
    from localsearch.store.state import State

    if amount > 0 and took_s >= _TELLING_S:
        with State(state_file) as state:
            state.put_measure(_MEASURE + name, amount / took_s)


def measure_speed(
    paths: Paths, settings: Settings, name: str, role: Role, *, cancel: threading.Event
) -> float:
    """Load an installed model, try it for about two seconds, and remember how fast it was.

    Raises ModelError, CancelledError.
    """
    trial = try_model(paths, settings, name, role, cancel=cancel)
    note_speed(paths.state_file, name, trial.amount, trial.clock_s)
    return trial.speed


def try_model(
    paths: Paths,
    settings: Settings,
    name: str,
    role: Role,
    *,
    cancel: threading.Event,
    repacked: bool | None = None,
) -> Trial:
    """Load an installed model and have it work for about two seconds.

    `repacked` says which kernels to try, None those that are in use. Raises ModelError,
    CancelledError.
    """
    attempt = _try_embedder if role == "embedder" else _try_reranker
    return attempt(paths, settings, name, cancel, repacked)


def _try_embedder(
    paths: Paths, settings: Settings, name: str, cancel: threading.Event, repacked: bool | None
) -> Trial:
    from localsearch.models import open_embedder

    embedder = open_embedder(paths, settings, name, repacked=repacked)
    try:

        def embed(*passages: str) -> int:
            embedder.embed_documents(passages, cancel=cancel)
            return sum(embedder.count_tokens(passage) for passage in passages)

        return _work(embed, _LINES)
    finally:
        embedder.close()


def _try_reranker(
    paths: Paths, settings: Settings, name: str, cancel: threading.Event, repacked: bool | None
) -> Trial:
    from localsearch.models import open_reranker
    from localsearch.types import ModelError

    reranker = open_reranker(paths, settings, name, repacked=repacked)
    if reranker is None:
        raise ModelError(
            f"{name} is no reranker that's installed", "See `localsearch models list`."
        )
    try:

        def judge(*passages: str) -> int:
            return len(list(reranker.score(_QUERY, passages, cancel=cancel)))

        return _work(judge, _PASSAGE)
    finally:
        reranker.close()


def _work(do: Callable[..., int], first: str) -> Trial:
    """Have it done again and again; `do` takes texts and gives how much that was."""
    trial = _timed(do, first)
    if trial.clock_s > _TRIAL_S / 2:
        # So slow that what the first batch pays for touching memory is lost in it.
        return trial
    amount, clock_s, cores_s = 0, 0.0, 0.0
    while clock_s < _TRIAL_S:
        trial = _timed(do, *[_PASSAGE] * _PASSAGES_AT_ONCE)
        amount += trial.amount
        clock_s += trial.clock_s
        cores_s += trial.cores_s
    return Trial(amount, clock_s, cores_s)


def _timed(do: Callable[..., int], *texts: str) -> Trial:
    clock_s, cores_s = time.perf_counter(), time.process_time()
    amount = do(*texts)
    return Trial(amount, time.perf_counter() - clock_s, time.process_time() - cores_s)
