"""Does search find the function that answers, and not just its file?

    python -m benchmarks.code SET [--work DIR] [--every N] > figures.json

SET is made by `python -m benchmarks.code_set functions`. A hit is right when it shows a passage of
the right file whose lines overlap those of the function. Asked as the program asks, in each mode,
all passages of a file shown.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from benchmarks.quality import build_pool
from benchmarks.remembering import RememberingEmbedder
from localsearch import config
from localsearch.query import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.api import Index
    from localsearch.types import Hit, Mode

MODES: tuple[Mode, ...] = ("keyword", "semantic", "hybrid")


def rank_of(hits: Sequence[Hit], judged: dict[str, Any], docs: Path) -> int | None:
    """The rank, from 1, of the first hit that shows the function."""
    path = str(docs / judged["relevant"][0])
    first, last = judged["lines"]
    for rank, hit in enumerate(hits, start=1):
        start = hit.locator.line_start or 0
        end = hit.locator.line_end or start
        if path in (hit.path, *hit.copies) and start <= last and end >= first:
            return rank
    return None


def measure(index: Index, mode: Mode, questions: Sequence[dict[str, Any]], docs: Path) -> Any:
    """recall@1, recall@10 and MRR@10 of the functions."""
    ranks = []
    for judged in questions:
        query = dataclasses.replace(
            index.parse("", mode=mode, limit=10),
            raw=judged["query"],
            text=plain_text(judged["query"]),
            passages=True,
        )
        *_, last = index.search(query)
        ranks.append(rank_of(last.hits, judged, docs))
    return {
        "functions": len(ranks),
        "recall_at_1": float(np.mean([rank == 1 for rank in ranks])),
        "recall_at_10": float(np.mean([rank is not None for rank in ranks])),
        "mrr_at_10": float(np.mean([1 / rank if rank else 0 for rank in ranks])),
    }


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), help="Keep the index and vectors here.")
@click.option("--every", type=click.IntRange(1), default=1, help="Ask each so manieth question.")
def main(source: Path, work: Path | None, every: int) -> None:
    """Measure search for functions on SOURCE; see the module's text."""
    from localsearch.models import open_embedder

    docs = source.resolve() / "docs" / "en"
    lines = (source / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines][::every]
    with tempfile.TemporaryDirectory() as scratch:
        base = config.private_dir((work or Path(scratch)).resolve())
        real = open_embedder(config.find_paths(), config.Settings())
        embedder = RememberingEmbedder(real, base / "vectors.npz")
        pool = build_pool(docs, base / "en", embedder)
        figures = {mode: measure(pool.index, mode, questions, docs) for mode in MODES}
        embedder.keep()
        pool.index.close()
        real.close()
    for mode, each in figures.items():
        click.echo(f"{mode:9} {each}", err=True)
    click.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
