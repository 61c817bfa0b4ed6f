"""Does llama.cpp compute here what the official recipe does? Small models of known vectors tell.

A kernel that's miscompiled or doesn't fit the processor need not crash: it may just be wrong, and
search would be worse without anybody knowing why.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localsearch.config import ModelSettings
from localsearch.engine.embedder import load_embedder
from localsearch.engine.random_qwen3 import Qwen3Shape, write_random_qwen3

if TYPE_CHECKING:
    from localsearch.config import Paths
    from localsearch.engine.random_qwen3 import Quantisation

# Made by tests/golden/generate.py with transformers; a test holds them to the whole set.
GOLDEN_FILE = Path(__file__).with_name("self_test.json")
# Least cosine to the unquantised model's vectors. F32 is the promise of the golden tests; the rest
# leave twice the distance that rounding the weights of this model makes (measured: F16 0.999998,
# Q8_0 0.9992, Q4_K_M 0.952, Q4_0 0.935).
LEAST_COSINES: dict[Quantisation, float] = {
    "F32": 0.9999,
    "F16": 0.9999,
    "Q8_0": 0.998,
    "Q4_K_M": 0.90,
    "Q4_0": 0.87,
}


@dataclass(frozen=True, slots=True)
class KernelTest:
    """How near a quantisation's vectors come to the golden ones: the lowest cosine of all texts."""

    quantisation: str
    cosine: float
    least: float

    @property
    def passed(self) -> bool:
        """Whether they come near enough; a cosine that isn't a number doesn't."""
        return self.cosine >= self.least


def run_self_test(paths: Paths) -> tuple[KernelTest, ...]:
    """Embed the golden texts with a small model in each quantisation; takes a second or so.

    Raises ModelError where llama.cpp can't be loaded or doesn't run at all.
    """
    golden = json.loads(GOLDEN_FILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="lsx-") as folder:
        return tuple(
            KernelTest(
                quantisation, _lowest_cosine(Path(folder), quantisation, golden, paths), least
            )
            for quantisation, least in LEAST_COSINES.items()
        )


def _lowest_cosine(
    folder: Path, quantisation: Quantisation, golden: dict[str, Any], paths: Paths
) -> float:
    import numpy as np

    path = folder / f"{quantisation}.gguf"
    shape = Qwen3Shape(**golden["shape"])
    write_random_qwen3(path, shape, seed=golden["seed"], quantisation=quantisation)
    settings = ModelSettings(gpu_layers=0)
    embedder = load_embedder(
        path, name="self-test", settings=settings, paths=paths, weights_sha256=""
    )
    try:
        vectors = embedder.embed_documents(golden["texts"])
    finally:
        embedder.close()
    expected = np.array(golden["vectors"], dtype=np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    return float((vectors * expected).sum(axis=1).min())
