"""What codes tell of the products of vectors."""

from __future__ import annotations

import numpy as np
import pytest

from localsearch.store import quantise


@pytest.mark.parametrize("dimension", [32, 100, 384, 1024, 2560])
def test_estimates_follow_the_products(dimension: int) -> None:
    generator = np.random.default_rng(dimension)
    vectors = generator.standard_normal((300, dimension)).astype(np.float32) + 3
    query = generator.standard_normal(dimension).astype(np.float32)
    quantiser = quantise.quantiser_from(quantise.fit(vectors).to_bytes())
    rows = quantise.taken_apart(quantiser.codes(vectors))
    firsts, seconds = np.split(np.concatenate((rows.quick, rows.rest.T)), 2)
    coded = quantise.coded_query(query)
    levels = np.clip(np.floor((vectors - quantiser.mean) / quantiser.step) + 2, 0, 3)
    whole = np.clip(np.rint(query / (np.abs(query).max() / 7.5)), -8, 7)
    assert np.array_equal(2 * coded.counts(firsts) + coded.counts(seconds), levels @ whole)
    estimates = coded.estimates(firsts, seconds, rows.factors, rows.bases)
    # They tell how far apart two products are, but for one number that's the same in all.
    products = vectors @ (query + quantiser.mean)
    assert np.corrcoef(estimates, products)[0, 1] > 0.9
    slope = np.polyfit(products, estimates, 1)[0]
    assert slope == pytest.approx(1, abs=0.1)
    quick = quantise.quick_query(query)
    quickly = quick.quick_estimates(rows.quick, rows.quick_factors, rows.bases)
    assert np.corrcoef(quickly, products)[0, 1] > 0.6
    assert np.polyfit(products, quickly, 1)[0] == pytest.approx(1, abs=0.25)
