"""How the engine's benchmarks take turns and time: what is compared runs in the same round."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localsearch.config import ModelSettings, Paths
from localsearch.engine.random_qwen3 import QWEN3_0_6B, write_random_qwen3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localsearch.engine.random_qwen3 import Pooling, Quantisation

BATCH_TOKENS = 512
# English words that the generated vocabulary spells in one token each.
_WORDS = ("water", "light", "market", "garden", "night", "morning", "sleep", "memory", "answer")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `limit` is what the value must reach, None for what's only told."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_most: bool = False
    samples: tuple[float, ...] = field(default=())

    @property
    def reached(self) -> bool:
        """Whether the value is on the right side of its limit."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.at_most else self.value >= self.limit


@dataclass(frozen=True, slots=True)
class Timed:
    """What one piece of work took: seconds on the clock, and of all cores together."""

    clock_s: float
    cores_s: float


def timed(work: Callable[[], object]) -> Timed:
    """Run it once."""
    clock_s, cores_s = time.perf_counter(), time.process_time()
    work()
    return Timed(time.perf_counter() - clock_s, time.process_time() - cores_s)


def take_turns(
    works: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, tuple[Timed, ...]]:
    """Time each work once a round, after one round that isn't counted.

    The order turns round every time, so that none is always the one after the warmest.
    """
    names = list(works)
    for name in names:
        works[name]()
    times: dict[str, list[Timed]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 else reversed(names):
            times[name].append(timed(works[name]))
    return {name: tuple(taken) for name, taken in times.items()}


def median_ratio(of: tuple[Timed, ...], to: tuple[Timed, ...], *, work: float = 1.0) -> Figure:
    """How many times as fast `of` is: the median of the rounds' own ratios, which share their load.

    `work` is how much more of it `of` does.
    """
    ratios = tuple(work * b.clock_s / a.clock_s for a, b in zip(of, to, strict=True))
    return Figure("", statistics.median(ratios), "×", samples=ratios)


def median_ratio_of_cores(
    of: tuple[Timed, ...], to: tuple[Timed, ...], *, work: float = 1.0
) -> float:
    """As `median_ratio`, by the time of all cores, which other programs disturb less."""
    return statistics.median(work * b.cores_s / a.cores_s for a, b in zip(of, to, strict=True))


def per_second(taken: tuple[Timed, ...], amount: float) -> Figure:
    """The median of what was done in a second."""
    rates = tuple(amount / each.clock_s for each in taken)
    return Figure("", statistics.median(rates), "/s", samples=rates)


def generated_model(
    folder: Path, quantisation: Quantisation, *, pooling: Pooling = "unset"
) -> Path:
    """A model of the 0.6B's true shape with random weights, made once in that folder."""
    kind = "" if pooling == "unset" else f"-{pooling}"
    path = folder / f"random-0.6b{kind}-{quantisation}.gguf"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        write_random_qwen3(draft, QWEN3_0_6B, quantisation=quantisation, pooling=pooling)
        draft.replace(path)
    return path


def benchmark_paths(base: Path) -> Paths:
    """A home of the benchmark's own."""
    return Paths(*(base / name for name in ("config", "data", "state", "models", "run")))


def text_of(tokens: int, count: Callable[[str], int], *, seed: int = 0) -> str:
    """A text of exactly so many tokens."""
    words = [_WORDS[(seed * 7 + number * (1 + seed % 5)) % len(_WORDS)] for number in range(tokens)]
    while count(text := " ".join(words)) > tokens:
        words.pop()
    while count(text) < tokens:
        text += "."
    if count(text) != tokens:
        raise ValueError(f"no text of {tokens} tokens can be made of this vocabulary")
    return text


def settings_for(threads: int) -> ModelSettings:
    """The default settings but for the threads."""
    return ModelSettings(threads=threads)
