"""Which quantisation would run fastest on this machine? One layer of each tells, in seconds."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.engine.probe import probe_native
from localsearch.engine.random_qwen3 import QWEN3_0_6B, Qwen3Shape, write_random_qwen3
from localsearch.engine.runtime import Context, Model, Span
from localsearch.types import CancelledError

if TYPE_CHECKING:
    import threading

    from localsearch.config import Paths
    from localsearch.engine.random_qwen3 import Quantisation

# A model is its layers over and over, so one of Qwen3-0.6B's size is as good as 28.
_ONE_LAYER = Qwen3Shape(
    layers=1, hidden=QWEN3_0_6B.hidden, heads=QWEN3_0_6B.heads, kv_heads=QWEN3_0_6B.kv_heads,
    head_dimension=QWEN3_0_6B.head_dimension, feed_forward=QWEN3_0_6B.feed_forward, context=1024,
)  # fmt: skip
QUANTISATIONS: tuple[Quantisation, ...] = ("Q8_0", "Q4_K_M", "Q4_0", "F16")
_TOKENS, _SEQUENCES = 256, 2
_ROUNDS = 5
# What isn't tried by then is left out; a machine that's so busy tells little.
_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class QuantisationSpeed:
    """How many times as fast as Q8_0 a quantisation is here, with the faster kernels for it."""

    quantisation: str
    beside_q8_0: float
    repacked: bool


def measure_quantisations(
    paths: Paths, *, threads: int, cancel: threading.Event
) -> tuple[QuantisationSpeed, ...]:
    """Try each quantisation with both kinds of kernels, in some seconds; the fastest comes first.

    Compared by the time of the cores, as other programs would decide it by the clock. Raises
    ModelError, CancelledError.
    """
    ways = (True, False) if probe_native(paths).extra_buffers_ok else (False,)
    ends_s = time.monotonic() + _LIMIT_S
    costs: dict[Quantisation, dict[bool, float]] = {}
    with tempfile.TemporaryDirectory(prefix="lsx-") as folder:
        for quantisation in QUANTISATIONS:
            if costs and time.monotonic() > ends_s:
                break
            path = Path(folder) / f"{quantisation}.gguf"
            write_random_qwen3(path, _ONE_LAYER, quantisation=quantisation)
            costs[quantisation] = {way: _cost_s(path, way, threads, cancel) for way in ways}
    usual = min(costs["Q8_0"].values())
    found = []
    for quantisation, by_way in costs.items():
        way = min(by_way, key=by_way.__getitem__)
        found.append(QuantisationSpeed(quantisation, usual / by_way[way], way))
    return tuple(sorted(found, key=lambda each: -each.beside_q8_0))


def _cost_s(path: Path, repacked: bool, threads: int, cancel: threading.Event) -> float:
    """Processor time of a batch, in the least disturbed of some rounds."""
    spans = [Span(each, range(_TOKENS * each, _TOKENS * (each + 1))) for each in range(_SEQUENCES)]
    took_s = []
    with (
        Model(path, extra_buffers=repacked, gpu_layers=0) as model,
        Context(
            model, output="hidden", batch_tokens=_TOKENS * _SEQUENCES, max_sequences=_SEQUENCES,
            ubatch_tokens=_TOKENS, threads=threads,
        ) as context,
    ):  # fmt: skip
        for _ in range(1 + _ROUNDS):
            if cancel.is_set():
                raise CancelledError
            context.clear()
            began_s = time.process_time()
            context.decode(spans)
            took_s.append(time.process_time() - began_s)
    # The first one pays for touching memory.
    return min(took_s[1:])
