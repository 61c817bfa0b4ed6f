"""How fast is every installed model here, and with which kernels? Measured in under a minute."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localsearch.meanwhile import as_soon_as
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localsearch.config import Paths, Settings
    from localsearch.models import ModelState, Role
    from localsearch.models.speed import Trial

# For all models together; what a trial leaves of its share, the next ones have.
_LIMIT_S = 45.0
_POLL_S = 0.02
# Half a thousand English words, at 1.3 tokens a word with the vocabularies of Qwen3 and XLM-R.
PAGE_TOKENS = 650
PAGES = 10_000
# Two trials of the same kernels differ by less.
_CLEARLY_FASTER = 1.1
# The kernels that are used have the larger share of the time: without them there's no figure.
_SHARE_OF_USUAL = 0.7


@dataclass(frozen=True, slots=True)
class Machine:
    """What models run on: the probe's words on the kernels, llama.cpp's CPU features, threads."""

    kernels: str
    cpu_features: tuple[str, ...]
    threads: int


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What was measured of a model; `problem` says why there's nothing, "" if there is.

    `speed` is tokens a second of embedders and passages of about 200 tokens a second of others;
    `repacked` which kernels are the faster ones, and are used from now on; `other_kernels` how
    fast the others are beside them, None where only one kind was tried.
    """

    name: str
    role: Role
    in_use: bool
    quantisation: str
    speed: float = 0.0
    repacked: bool = False
    other_kernels: float | None = None
    problem: str = ""

    @property
    def indexing_s(self) -> float | None:
        """What embedding 10,000 pages would take, in seconds."""
        if self.role != "embedder" or not self.speed:
            return None
        return PAGES * PAGE_TOKENS / self.speed

    @property
    def candidate_ms(self) -> float | None:
        """What judging one passage takes, in milliseconds."""
        return None if self.role == "embedder" or not self.speed else 1000 / self.speed


def machine(paths: Paths, settings: Settings) -> Machine:
    """What models run on; raises ModelError where nothing runs."""
    from localsearch.engine.probe import probe_native
    from localsearch.engine.threads import usable_threads

    probed = probe_native(paths)
    pairs = (each.partition("=") for each in probed.cpu_features.replace(":", "|").split("|"))
    features = tuple(name.strip() for name, _, value in pairs if value.strip() == "1")
    return Machine(probed.detail, features, settings.models.threads or usable_threads())


def bench_models(
    paths: Paths,
    settings: Settings,
    names: Sequence[str] = (),
    *,
    cancel: threading.Event,
    limit_s: float = _LIMIT_S,
    starting: Callable[[str], None] = lambda _name: None,
) -> Iterator[ModelFigures]:
    """Try the installed models, or those named, one after the other; `starting` hears each name.

    The faster kernels and the speeds are remembered. Raises CancelledError; ModelError for a name
    that isn't installed, or when none is.
    """
    states = _wanted(paths, settings, names)
    ends_s = time.monotonic() + limit_s
    for number, state in enumerate(states):
        starting(state.name)
        share_s = max(0.0, ends_s - time.monotonic()) / (len(states) - number)
        yield _bench(paths, settings, state, cancel, share_s)


def _wanted(paths: Paths, settings: Settings, names: Sequence[str]) -> list[ModelState]:
    from localsearch.models import list_models
    from localsearch.models.catalogue import RECOMMENDED_EMBEDDER
    from localsearch.models.choose import find_named

    here = [state for state in list_models(paths, settings) if state.installed or state.in_use]
    if not here:
        raise ModelError(
            "no model is installed that could be measured",
            f"`localsearch models pull {RECOMMENDED_EMBEDDER}` fetches the recommended one.",
        )
    if not names:
        return here
    wanted = {find_named(paths, name).name for name in names}
    return [state for state in here if state.name in wanted]


def _bench(
    paths: Paths, settings: Settings, state: ModelState, cancel: threading.Event, share_s: float
) -> ModelFigures:
    from localsearch.engine.gguf import inspect_gguf
    from localsearch.engine.kernels import is_faster_repacked, remember_faster
    from localsearch.engine.probe import probe_native
    from localsearch.models.choose import find_named
    from localsearch.models.speed import note_speed

    figures = ModelFigures(state.name, state.role, state.in_use, "")
    try:
        # By its path: a model that the settings name so is known by it alone.
        path = state.path or find_named(paths, state.name).path
        quantisation = inspect_gguf(path).quantisation
        safe = probe_native(paths).extra_buffers_ok
        # Not what an earlier run found: that would have to be clearly wrong to be mended.
        usual = safe and is_faster_repacked(quantisation)
        figures = replace(figures, quantisation=quantisation, repacked=usual)
        ways = (usual, not usual) if safe else (usual,)
        trials = _try_ways(paths, settings, str(path), state.role, ways, cancel, share_s)
    except ModelError as error:
        return replace(figures, problem=error.cause)
    if not trials:
        return replace(figures, problem=f"too slow to tell how slow within {share_s:.0f} s")
    best = _faster(trials, usual)
    if len(trials) > 1:
        remember_faster(paths, quantisation, repacked=best)
    note_speed(paths.state_file, state.name, trials[best].amount, trials[best].clock_s)
    other = None if len(trials) < 2 else _cost(trials[best]) / _cost(trials[not best])
    return replace(figures, speed=trials[best].speed, repacked=best, other_kernels=other)


def _try_ways(
    paths: Paths,
    settings: Settings,
    name: str,
    role: Role,
    ways: Sequence[bool],
    cancel: threading.Event,
    share_s: float,
) -> dict[bool, Trial]:
    """Trials by whether the weights were repacked; without those that took too long."""
    from localsearch.models.speed import try_model

    trials: dict[bool, Trial] = {}
    ends_s = time.monotonic() + share_s
    for repacked in ways:
        left_s = ends_s - time.monotonic()
        if repacked is ways[0] and len(ways) > 1:
            left_s *= _SHARE_OF_USUAL
        with _stopping(cancel, left_s) as stop:
            try:
                trials[repacked] = try_model(
                    paths, settings, name, role, cancel=stop, repacked=repacked
                )
            except CancelledError:
                if cancel.is_set():
                    raise
    return trials


def _faster(trials: dict[bool, Trial], usual: bool) -> bool:
    """The kernels that were clearly faster by the cores' own time, else the usual ones.

    What else the machine does while they are tried, one after the other, slows the clock alone.
    """
    if len(trials) < 2:
        return next(iter(trials))
    if _cost(trials[not usual]) * _CLEARLY_FASTER < _cost(trials[usual]):
        return not usual
    return usual


def _cost(trial: Trial) -> float:
    return trial.cores_s / trial.amount


@contextlib.contextmanager
def _stopping(cancel: threading.Event, after_s: float) -> Iterator[threading.Event]:
    """An event that's set with `cancel`, or after some seconds."""
    stop = threading.Event()
    ends_s = time.monotonic() + after_s

    def is_over() -> bool:
        return cancel.is_set() or time.monotonic() >= ends_s

    with as_soon_as(is_over, stop.set, poll_s=_POLL_S):
        yield stop
