"""How fast is the engine, beside llama-cpp-python's own calls and beside what the machine can do?

    python -m benchmarks.engine [--parts embed,folder,rerank,load] [--folder DIR] [--json FILE]

Runs models of the true 0.6B shape with random weights, which are as fast as real ones; `--models`
keeps them, as it takes half a minute to make one. What is compared takes turns in the same run, and
ratios are medians of the rounds' own ratios, so that other programs disturb both sides. "By time of
the cores" compares processor time in place of the clock's, for machines that are busy.

Exit code 1 when a figure misses its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.engine_embedding import embedding_figures, folder_figures
from benchmarks.engine_loading import interruption_figures, loading_figures
from benchmarks.engine_reranking import SHORTER_TOKENS, reranking_figures
from benchmarks.engine_rounds import benchmark_paths, generated_model, settings_for
from localsearch.engine.embedder import GgufEmbedder
from localsearch.engine.gguf import inspect_gguf
from localsearch.engine.kernels import repacks
from localsearch.engine.reranker import GgufReranker
from localsearch.engine.runtime import Model
from localsearch.engine.threads import usable_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.engine_rounds import Figure
    from localsearch.config import Paths

_PARTS = ("embed", "folder", "rerank", "load")
_QUANTISATIONS = ("Q8_0", "Q4_0", "Q4_K_M")


def main() -> int:
    """Print the figures as they come; 1 when one misses its limit."""
    given = _arguments()
    figures: list[Figure] = []
    machine = _machine()
    print(*(f"{name}: {value}" for name, value in machine.items()), sep="\n")
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(given.models) if given.models else Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        for label in [given.model] if given.model else given.quantisations.split(","):
            path = Path(given.model) if given.model else generated_model(kept, label)
            home = benchmark_paths(Path(scratch) / f"home-{path.stem}")
            for figure in _figures(path, home, given, path.stem if given.model else label):
                figures.append(figure)
                _print(figure)
    if given.json:
        found = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
        Path(given.json).write_text(json.dumps(found, indent=1), encoding="utf-8")
    missed = [figure for figure in figures if not figure.reached]
    print(f"{len(missed)} missed their limits" if missed else "all limits are reached")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default="embed,rerank,load", help=f"of {','.join(_PARTS)}")
    parser.add_argument(
        "--quantisations", default="Q8_0,Q4_K_M", help=f"of {','.join(_QUANTISATIONS)}"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=20, help="passages to rerank at once")
    parser.add_argument(
        "--shorter", default=",".join(map(str, SHORTER_TOKENS)),
        help="tokens of shorter passages to rerank, too; '' for none",
    )  # fmt: skip
    parser.add_argument("--threads", type=int, default=0, help="0: as the program chooses")
    parser.add_argument("--folder", help="texts (.txt, .md) for the part `folder`")
    parser.add_argument("--model", help="a GGUF of one's own instead, such as the starter")
    parser.add_argument("--models", help="folder that keeps the generated models")
    parser.add_argument("--json", help="file to write the figures and all samples to")
    given = parser.parse_args()
    if "folder" in given.parts.split(",") and not given.folder:
        parser.error("the part `folder` needs --folder DIR")
    unknown = {*given.parts.split(",")} - {*_PARTS} | {*given.quantisations.split(",")} - {
        *_QUANTISATIONS
    }
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return given


def _figures(path: Path, paths: Paths, given: argparse.Namespace, label: str) -> Iterator[Figure]:
    """All that was asked for of one model; its weights are in memory once for all of it."""
    parts, threads, rounds = given.parts.split(","), given.threads, given.rounds
    if "load" in parts:
        yield from loading_figures(path, rounds, label=label)
    settings = settings_for(threads)
    # The kernels that the program itself chooses; `Llama.embed` has no choice of them.
    repacked = repacks(paths, inspect_gguf(path).quantisation)
    label += " repacked" if repacked else " as it is"
    with Model(path, extra_buffers=repacked) as model:
        embedder = GgufEmbedder(model, name=label, settings=settings, weights_sha256=label)
        if "embed" in parts:
            yield from embedding_figures(embedder, model, threads, rounds, label=label)
        if "folder" in parts:
            yield from folder_figures(
                embedder, model, threads, rounds,
                label=label, folder=Path(given.folder), paths=paths,
            )  # fmt: skip
        if "load" in parts:
            yield from interruption_figures(embedder, rounds, label=label)
        if "rerank" in parts:
            reranker = GgufReranker(model, name=label, threads=threads, task="")
            yield from reranking_figures(
                reranker, model, threads, rounds, label=label, candidates=given.candidates,
                shorter=tuple(int(each) for each in given.shorter.split(",") if each),
            )  # fmt: skip
            reranker._drop_context()
        # With it go the weights, which both share.
        embedder.close()


def _print(figure: Figure) -> None:
    limit = ""
    if figure.limit is not None:
        sign = "≤" if figure.at_most else "≥"
        limit = f"{sign} {figure.limit:g}  {'ok' if figure.reached else 'MISSED'}"
    print(f"{figure.name:<68} {figure.value:10.3f} {figure.unit:<13} {limit}".rstrip(), flush=True)


def _machine() -> dict[str, str]:
    from localsearch.engine.native import library

    facts = {
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "python": platform.python_version(),
        "threads": str(usable_threads()),
        "load of the last minute": f"{os.getloadavg()[0]:.1f}",
        "llama.cpp": library().llama_print_system_info().decode("utf-8", "replace").strip(),
    }
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():
        for line in cpu.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "flags"):
                facts.setdefault(f"CPU's {name.strip()}", value.strip())
    return facts


if __name__ == "__main__":
    sys.exit(main())
