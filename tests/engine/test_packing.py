"""Packing keeps every text, overfills no batch, and wastes little."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localsearch.engine.packing import pack


@given(
    lengths=st.lists(st.integers(1, 700), max_size=200),
    budget=st.integers(1, 512),
    max_items=st.integers(1, 40),
)
def test_every_text_has_one_place_and_no_batch_is_too_full(
    lengths: list[int], budget: int, max_items: int
) -> None:
    batches = pack(lengths, budget, max_items)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 0 < len(batch) <= max_items
        assert sum(lengths[index] for index in batch) <= budget or len(batch) == 1


@given(lengths=st.lists(st.integers(1, 512), min_size=1, max_size=200))
def test_batches_are_within_11_ninths_of_the_fewest_possible(lengths: list[int]) -> None:
    batches = pack(lengths, 512, len(lengths))
    fewest = -(-sum(lengths) // 512)
    over_half = sum(length > 256 for length in lengths)
    # The bound for the optimum; half-filled batches are all that the lower bound can't see.
    assert len(batches) <= 11 / 9 * max(fewest, over_half) + len(lengths) / 3 + 1


def test_equal_texts_fill_their_batches() -> None:
    assert [len(batch) for batch in pack([128] * 9, 512, 32)] == [4, 4, 1]


def test_a_gap_is_filled_by_what_fits_it_best() -> None:
    assert pack([300, 400, 100, 200], 512, 32) == [[1, 2], [0, 3]]


def test_many_texts_are_packed_in_no_time() -> None:
    lengths = [1 + (number * 7919) % 300 for number in range(50_000)]
    batches = pack(lengths, 512, 32)
    assert len(batches) <= 1.02 * sum(lengths) / 512
