from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.search.wording import compare_wording

if TYPE_CHECKING:
    from collections.abc import Sequence


def excesses(query: str, texts: list[str], languages: Sequence[str | None]) -> list[float]:
    return [each.excess for each in compare_wording(query, texts, languages)]


def test_what_every_passage_holds_says_nothing() -> None:
    texts = [f"the tide of the bay {word}" for word in ("ash", "elm", "oak", "yew", "fir")]
    assert excesses("the tide", texts, ["en"] * 5) == [0.0] * 5


def test_a_passage_is_compared_with_those_in_its_language() -> None:
    english = [f"the length of the {word}" for word in ("rope", "mast", "keel", "boom", "sail")]
    german = [f"Ort, Zeit und {word}" for word in ("Flut", "Ebbe", "Tiefe", "Kiel 7", "Pier")]
    found = excesses("the length of the mole", [*english, *german], ["en"] * 5 + ["de"] * 5)
    # All English ones share "the length of the", which is usual there.
    assert max(found[:5]) < 0.2
    few = excesses("the length of the mole", [*english, *german], ["en"] * 5 + [None] * 5)
    assert few == pytest.approx(found)


@pytest.mark.parametrize("holding", [5, 6, 9])
def test_a_word_that_more_than_half_of_them_hold_still_counts(holding: int) -> None:
    texts = ["the boiler"] * holding + ["the garden"] * (10 - holding)
    found = excesses("boiler", texts, ["en"] * 10)
    assert min(found[:holding]) > 0.05
    assert found[holding:] == [0.0] * (10 - holding)


def test_scripts_without_spaces_are_compared_by_pairs() -> None:
    # Its three words stand there each by itself, so that no three characters are the query's.
    texts = ["猫在睡觉。", "学习需要睡眠和时间", "时间", "没有", "房子"]
    found = compare_wording("睡眠时间学习", texts, ["zh"] * 5)
    assert found[1].share > 0.4
    assert found[0].share == 0


@pytest.mark.parametrize("query", ["睡", "睡眠", "ab"])
def test_a_short_query_is_looked_for_whole(query: str) -> None:
    texts = [f"xx{query}yy", "other", "nothing", "here", "at all"]
    found = compare_wording(query, texts, [None] * 5)
    assert [each.share for each in found] == [1.0, 0.0, 0.0, 0.0, 0.0]


@given(st.text(), st.lists(st.text(), max_size=8))
def test_shares_are_shares(query: str, texts: list[str]) -> None:
    for each in compare_wording(query, texts, [None] * len(texts)):
        assert 0 <= each.share <= 1 + 1e-9
        assert 0 <= each.excess <= 1 + 1e-9
