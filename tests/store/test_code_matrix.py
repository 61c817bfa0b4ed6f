"""Which rows are nearest by their codes, of thousands, in one look or two, on all threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from localsearch.store import code_matrix, quantise
from localsearch.store.code_blocks import Wanted
from localsearch.store.code_matrix import CodeMatrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.types import FloatMatrix


def nearest_found(
    vectors: FloatMatrix, quantiser: quantise.Quantiser, queries: FloatMatrix, count: int
) -> int:
    """How many of the queries' nearest `count` are among the hundred nearest by their codes."""
    rows = [(at, at, 1, code) for at, code in enumerate(quantiser.codes(vectors), start=1)]
    matrix = CodeMatrix()
    blocks = matrix.refresh("one", lambda last_id, limit: rows[last_id : last_id + limit])
    found = 0
    for query in queries:
        best = set((np.argsort(-(vectors @ query))[:count] + 1).tolist())
        offset = quantiser.offset(query)
        found += len(best.intersection(matrix.nearest(blocks, offset, 100, Wanted())))
    matrix.close()
    return found


@pytest.mark.parametrize("dimension", [384, 1024])
def test_the_first_look_sees_past_what_all_vectors_share(
    dimension: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As embeddings do: their mean is most of them, and some numbers are many times the others."""
    monkeypatch.setattr(code_matrix, "FEWEST", 300)
    generator = np.random.default_rng(dimension)
    scale = 1 + 5 * (generator.random(dimension) < 0.02)
    mean = 3 * scale * generator.standard_normal(dimension)
    topics = np.repeat(generator.standard_normal((1000, dimension)), 5, axis=0)
    vectors = mean + scale * (topics + 0.9 * generator.standard_normal((5000, dimension)))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    quantiser = quantise.fit(vectors)
    queries = vectors[:100:5] + 0.3 * (vectors[1000:1100:5] - quantiser.mean)
    assert nearest_found(vectors, quantiser, queries, 5) >= 90


@pytest.mark.parametrize("dimension", [384, 1024])
def test_passages_that_share_less_with_all_others_are_found_as_well(
    dimension: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far a vector lies from the mean says nothing of how near it is to a query."""
    monkeypatch.setattr(code_matrix, "FEWEST", 500)
    generator = np.random.default_rng(dimension)
    mean = 2 * generator.standard_normal(dimension)
    topics = np.repeat(generator.standard_normal((500, dimension)), 10, axis=0)
    shared = generator.uniform(0.2, 2, (5000, 1))
    vectors = shared * mean + topics + 1.5 * generator.standard_normal((5000, dimension))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    quantiser = quantise.fit(vectors)
    queries = vectors[:500:25] + 0.3 * (vectors[1000:1500:25] - quantiser.mean)
    assert nearest_found(vectors, quantiser, queries, 10) >= 0.97 * 20 * 10


def test_rows_of_many_blocks_are_found_on_all_threads() -> None:
    generator = np.random.default_rng(2)
    vectors = generator.standard_normal((140_000, 64)).astype(np.float32)
    quantiser = quantise.fit(vectors[:1000])
    every = [
        (number, number, number // 10, code)
        for number, code in enumerate(quantiser.codes(vectors), start=1)
    ]

    def rows_after(last_id: int, limit: int) -> Sequence[tuple[int, int, int, bytes]]:
        return every[last_id : last_id + limit]

    matrix = CodeMatrix()
    blocks = matrix.refresh("one", rows_after)
    for number in (1, 70_000, 140_000):
        assert number in matrix.nearest(blocks, vectors[number - 1], 20, Wanted())
    documents = np.zeros(2, np.bool_)
    documents[0] = True
    assert sorted(matrix.nearest(blocks, vectors[0], 20, Wanted(documents))) == list(range(1, 10))
    matrix.close()


def test_of_many_equal_rows_no_more_are_looked_at_closely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Copies of one text have one vector; the first look can't tell them apart."""
    monkeypatch.setattr(code_matrix, "FEWEST", 300)
    generator = np.random.default_rng(3)
    vectors = generator.standard_normal((10_000, 64)).astype(np.float32)
    vectors[100:9000] = vectors[99]
    quantiser = quantise.fit(vectors)
    rows = [(at, at, at, code) for at, code in enumerate(quantiser.codes(vectors), start=1)]
    matrix = CodeMatrix()
    blocks = matrix.refresh("one", lambda last_id, limit: rows[last_id : last_id + limit])
    looked_at: list[int] = []
    closely = code_matrix._closely

    def counted(picked: Sequence[Any], query: Any) -> tuple[Any, ...]:
        looked_at.extend(each.count for each in picked)
        return closely(picked, query)

    monkeypatch.setattr(code_matrix, "_closely", counted)
    found = matrix.nearest(blocks, quantiser.offset(vectors[99]), 20, Wanted())
    assert all(100 <= row <= 9000 for row in found)
    assert sum(looked_at) == 300
    assert matrix.nearest(blocks, quantiser.offset(vectors[9500]), 1, Wanted()) == [9501]
    matrix.close()


@pytest.mark.parametrize("documents", [3, 40, 4000])
def test_the_best_of_each_document_are_the_same_whatever_is_looked_at_first(
    documents: int,
) -> None:
    """A few long documents, whose rows come first, leave too few of the others at first."""
    generator = np.random.default_rng(documents)
    document_ids = generator.integers(documents, size=5000)
    scores = generator.standard_normal(5000).astype(np.float32)
    scores[document_ids == 0] += 5
    found = code_matrix._best_of_each(document_ids, scores, 100).tolist()
    expected: list[int] = []
    taken: dict[int, int] = {}
    for row in np.argsort(-scores).tolist():
        document = int(document_ids[row])
        taken[document] = taken.get(document, 0) + 1
        if taken[document] <= code_matrix.OF_DOCUMENT:
            expected.append(row)
    assert sorted(found) == sorted(expected[:100])
