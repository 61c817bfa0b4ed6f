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


def test_rare_wording_weighs_more_than_common() -> None:
    texts = ["error in line 1", "error in line 2", "error in line 3", "code E4711", "no line"]
    found = compare_wording("error in E4711", texts, ["en"] * 5)
    assert found[3].share > found[0].share


@pytest.mark.parametrize("query", ["睡", "睡眠", "ab"])
def test_a_short_query_is_looked_for_whole(query: str) -> None:
    texts = [f"xx{query}yy", "other", "nothing", "here", "at all"]
    assert excesses(query, texts, [None] * 5) == [1.0, 0.0, 0.0, 0.0, 0.0]


@given(st.text(), st.lists(st.text(), max_size=8))
def test_shares_are_shares(query: str, texts: list[str]) -> None:
    for each in compare_wording(query, texts, [None] * len(texts)):
        assert 0 <= each.share <= 1 + 1e-9
        assert 0 <= each.excess <= 1 + 1e-9
