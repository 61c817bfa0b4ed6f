"""Batches begin with the best that waits, lose nobody and overfill nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localsearch.engine.turns import Candidate, take_batch


@given(st.lists(st.integers(1, 700), min_size=1, max_size=60), st.integers(1, 9))
def test_batches_hold_every_passage_once_and_none_straddles(lengths: list[int], most: int) -> None:
    waiting = [Candidate(index, [0] * length) for index, length in enumerate(lengths)]
    seen: list[int] = []
    while waiting:
        first = waiting[0].index
        batch = take_batch(waiting, 512, most)
        assert batch[0].index == first
        assert len(batch) <= most
        assert len(batch) == 1 or sum(len(each.tokens) for each in batch) <= 512
        seen += [each.index for each in batch]
    assert sorted(seen) == list(range(len(lengths)))


def test_a_passage_waits_for_few_that_came_after_it() -> None:
    waiting = [Candidate(0, [0] * 300), Candidate(1, [0] * 300), Candidate(2, [0] * 200)]
    assert [each.index for each in take_batch(waiting, 512, 8)] == [0, 2]
    assert [each.index for each in take_batch(waiting, 512, 8)] == [1]
