"""How many of the nearest of real vectors does the first look at the codes keep?

    python -m benchmarks.real_vectors INDEX VECTORS [--json FILE]

INDEX is the index file of a real model that `benchmarks.quality --work` made (`all/data/index.db`
there); the queries are those of the vectors in VECTORS (`vectors.npz`) that no passage has.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from localsearch.store import Store, code_matrix
from localsearch.store.code_matrix import CodeMatrix, Wanted
from localsearch.store.codes import KEPT
from localsearch.store.quantise import fit

if TYPE_CHECKING:
    from localsearch.types import FloatMatrix

COUNTS_KEPT = (100, 300, 500, KEPT)
NEAREST = (10, 50, 100)
FIRST_LOOK = 1000


def read(index: Path, remembered: Path) -> tuple[FloatMatrix, FloatMatrix]:
    """The vectors of passages, each once, and those of queries."""
    with Store(index, readonly=True) as store:
        model = store.vectors.serving_model()
        assert model is not None
        # Ids have gaps where files were read again.
        chunk_ids = range(1, 2 * store.documents.chunk_count() + 1)
        found = store.vectors.of_chunks(model, chunk_ids)
    passages = np.unique(np.stack(list(found.values())), axis=0)
    known = {each.tobytes() for each in passages}
    with np.load(remembered) as kept:
        every = kept["vectors"]
    return passages, np.stack([each for each in every if each.tobytes() not in known])


def shares_kept(passages: FloatMatrix, queries: FloatMatrix) -> dict[str, dict[str, float]]:
    """The share of the nearest that's among those that are kept, by how many of both."""
    order = np.argsort(-(passages @ queries.T), axis=0)
    quantiser = fit(passages)
    rows = [(at, at, 1, code) for at, code in enumerate(quantiser.codes(passages), start=1)]
    matrix = CodeMatrix()
    # As of a large index, where the first look chooses from all.
    code_matrix._FEWEST = FIRST_LOOK
    matrix.refresh("real", lambda last_id, limit: rows[last_id : last_id + limit])
    shares: dict[str, dict[str, float]] = {}
    for count in COUNTS_KEPT:
        found = [set(matrix.nearest(quantiser.offset(query), count, Wanted())) for query in queries]
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
    parser.add_argument("index", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--json", type=Path, help="file for the figures")
    wanted = parser.parse_args()
    passages, queries = read(wanted.index, wanted.vectors)
    print(f"{len(passages):,} vectors of {passages.shape[1]} numbers, {len(queries):,} queries")
    shares = shares_kept(passages, queries)
    for kept, each in shares.items():
        print(f"  {kept:10} {each}")
    if wanted.json:
        told = {"passages": len(passages), "queries": len(queries), "shares": shares}
        wanted.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
