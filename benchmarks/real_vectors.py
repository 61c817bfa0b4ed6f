"""How many of the nearest of real vectors do the looks at the codes keep?

    python -m benchmarks.real_vectors WORK [WORK ...] [--numbers N] [--json FILE]

Each WORK is a folder that `benchmarks.quality --work` left: the passages are those of its indexes,
all put together, the queries those of its vectors that no passage has. The first look chooses as
many rows as in a search, and fewer, as that's a larger share of these than of a million. With
--numbers only the first N of each vector are used, which tells how it changes with their length.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np

from localsearch.store import Store, code_matrix
from localsearch.store.code_blocks import Wanted
from localsearch.store.code_matrix import CodeMatrix
from localsearch.store.codes import KEPT
from localsearch.store.quantise import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.types import FloatMatrix

COUNTS_KEPT = (100, KEPT, 1000)
NEAREST = (10, 50, 100)
FIRST_LOOKS = (1000, code_matrix.FEWEST)


def read(works: Sequence[Path]) -> tuple[FloatMatrix, FloatMatrix]:
    """The vectors of all passages, each once, and those of queries."""
    passages = np.unique(np.concatenate([_of_passages(each) for each in works]), axis=0)
    known = {each.tobytes() for each in passages}
    every = np.concatenate([np.load(each / "vectors.npz")["vectors"] for each in works])
    others = [each for each in np.unique(every, axis=0) if each.tobytes() not in known]
    return passages, np.stack(others)


def _of_passages(work: Path) -> FloatMatrix:
    mixed = work / "all/data/index.db"
    paths = [mixed] if mixed.exists() else sorted(work.glob("*/data/index.db"))
    found: list[FloatMatrix] = []
    for path in paths:
        with Store(path, readonly=True) as store:
            model = store.vectors.serving_model()
            assert model is not None
            # Ids have gaps where files were read again.
            chunk_ids = range(1, 2 * store.documents.chunk_count() + 1)
            found.extend(store.vectors.of_chunks(model, chunk_ids).values())
    return np.stack(found)


def shortened(vectors: FloatMatrix, numbers: int | None) -> FloatMatrix:
    """The first numbers of each, of unit length again."""
    first = vectors[:, :numbers]
    unit: FloatMatrix = first / np.linalg.norm(first, axis=1, keepdims=True)
    return unit


def shares_kept(passages: FloatMatrix, queries: FloatMatrix) -> dict[str, dict[str, float]]:
    """The share of the nearest that's among those that are kept, by how many of both."""
    order = np.argsort(-(passages @ queries.T), axis=0)[: max(NEAREST)]
    quantiser = fit(passages)
    rows = [(at, at, 1, code) for at, code in enumerate(quantiser.codes(passages), start=1)]
    matrix = CodeMatrix()
    blocks = matrix.refresh("real", lambda last_id, limit: rows[last_id : last_id + limit])
    shares: dict[str, dict[str, float]] = {}
    for count in COUNTS_KEPT:
        found = [
            set(matrix.nearest(blocks, quantiser.offset(query), count, Wanted()))
            for query in queries
        ]
        of_each = shares[f"{count} kept"] = {}
        for nearest in NEAREST:
            truth = (order[:nearest].T + 1).tolist()
            pairs = zip(found, truth, strict=True)
            each = [len(ours.intersection(true)) / nearest for ours, true in pairs]
            of_each[f"of the nearest {nearest}"] = float(np.mean(each))
    matrix.close()
    return shares


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("works", type=Path, nargs="+", metavar="WORK")
    parser.add_argument("--queries", type=int, default=1500, help="at most so many of them")
    parser.add_argument("--numbers", type=int, help="use only the first so many of each vector")
    parser.add_argument("--json", type=Path, help="file for the figures")
    wanted = parser.parse_args()
    passages, queries = (shortened(each, wanted.numbers) for each in read(wanted.works))
    queries = np.random.default_rng(0).permutation(queries)[: wanted.queries]
    print(f"{len(passages):,} vectors of {passages.shape[1]} numbers, {len(queries):,} queries")
    told: dict[str, object] = {"passages": len(passages), "queries": len(queries)}
    for count in FIRST_LOOKS:
        with mock.patch.object(code_matrix, "FEWEST", count):
            shares = told[f"first look chooses {count}"] = shares_kept(passages, queries)
        print(f" first look chooses {count:,}")
        for kept, each in shares.items():
            print(f"  {kept:10} {each}", flush=True)
    if wanted.json:
        wanted.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
