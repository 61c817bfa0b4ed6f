from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.types import Why

LONG = "In summer the beds are watered in the evening, as the sun would dry them up. " * 12
# Of these, what's weighed isn't a lift.
_MULTIPLIED = ("cosine", "coverage")


def sum_of(why: Why) -> float:
    """The score that the sources and weights of a hit with a vector add up to."""
    weights = dict(why.weights)
    assert why.vector_score is not None
    assert why.coverage is not None
    assert why.coverage_baseline is not None
    excess = max(0.0, why.coverage - why.coverage_baseline)
    lifts = sum(weight for source, weight in weights.items() if source not in _MULTIPLIED)
    return weights["cosine"] * why.vector_score + weights["coverage"] * excess + lifts


@pytest.mark.parametrize(
    "text", ["boiler guarantee", "ZQ7714", "kettle", "ends", "when to water tomatoes"]
)
def test_every_hit_says_what_its_score_is_the_sum_of(
    index: Index, tmp_path: Path, text: str
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "kettle.txt").write_text("Guarantee of the electric kettle, number ZQ7714.")
    (folder / "boiler.txt").write_text("Guarantee of the boiler, which ends in March.")
    (folder / "garten.txt").write_text("Im trockenen Sommer gießt man Tomaten jeden Abend.")
    (folder / "guide.md").write_text(f"# Water\n\n{LONG}\n\n# Boiler\n\n***")
    index.add_roots([str(folder)])
    index.update()
    *_, stage = index.search(index.parse(text))
    assert stage.hits
    for hit in stage.hits:
        assert hit.score == pytest.approx(sum_of(hit.why))


def test_what_words_rank_first_is_lifted_the_most(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number, when in enumerate(("daily", "rarely", "weekly")):
        (folder / f"{number}.txt").write_text(
            f"The tomatoes are watered {when}. " + "Tomatoes. " * number
        )
    index.add_roots([str(folder)])
    index.update()
    *_, stage = index.search(index.parse("tomatoes weekly"))
    lifts = {hit.why.keyword_rank: dict(hit.why.weights)["keyword"] for hit in stage.hits}
    assert set(lifts) == {1, 2, 3}
    assert lifts[1] > lifts[2] > lifts[3] > 0


def test_a_fragment_that_says_nothing_is_lowered_and_a_short_document_is_not(
    index: Index, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    rows = "\n\n".join(f"## Step {number}\n\n{LONG}" for number in range(3))
    (folder / "guide.md").write_text(f"{rows}\n\n## End\n\n».")
    (folder / "short.txt").write_text("Buy milk.")
    index.add_roots([str(folder)])
    index.update()
    query = dataclasses.replace(index.parse("what to buy"), passages=True)
    *_, stage = index.search(query)
    lowered = {hit.text.strip() for hit in stage.hits if "fragment" in dict(hit.why.weights)}
    assert lowered == {"## End\n\n»."}
