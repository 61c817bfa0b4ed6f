from __future__ import annotations

import dataclasses
import threading
import zipfile
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

from localsearch.types import CancelledError

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.types import Progress, Why

LONG = "In summer the beds are watered in the evening, as the sun would dry them up. " * 12
# Of these, what's weighed isn't a lift.
_MULTIPLIED = ("cosine", "coverage")


def sum_of(why: Why) -> float:
    """The score that the sources and weights of a hit add up to."""
    weights = dict(why.weights)
    assert why.coverage is not None
    assert why.coverage_baseline is not None
    excess = max(0.0, why.coverage - why.coverage_baseline)
    lifts = sum(weight for source, weight in weights.items() if source not in _MULTIPLIED)
    cosine = weights["cosine"] * why.vector_score if why.vector_score is not None else 0.0
    return cosine + weights["coverage"] * excess + lifts


def update_without_embedding(index: Index) -> None:
    """Read what's new, and stop when its passages are to be embedded."""
    stop = threading.Event()

    def stop_before_embedding(progress: Progress) -> None:
        if progress.phase == "embedding":
            stop.set()

    with pytest.raises(CancelledError):
        index.update(progress=stop_before_embedding, cancel=stop)
    assert index.status().coverage.semantic < 1


@pytest.fixture
def mixed(index: Index, tmp_path: Path) -> Index:
    """An index of all sorts: an archive, a file without text, fragments, what isn't embedded."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "kettle.txt").write_text("Guarantee of the electric kettle, number ZQ7714.")
    (folder / "boiler.txt").write_text("Guarantee of the boiler, which ends in March.")
    (folder / "garten.txt").write_text("Im trockenen Sommer gießt man Tomaten jeden Abend.")
    (folder / "guide.md").write_text(f"# Water\n\n{LONG}\n\n# Boiler\n\n***")
    (folder / "pump.bin").write_bytes(bytes(range(256)))
    with zipfile.ZipFile(folder / "papers.zip", "w") as archive:
        archive.writestr("pump-warranty.txt", "The guarantee of the pump is five years.")
        archive.writestr("garden.md", LONG)
    index.add_roots([str(folder)])
    index.update()
    for number in range(70):
        (folder / f"late{number}.txt").write_text(f"Late guarantee {number} of the samovar.")
    update_without_embedding(index)
    return index


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("late guarantee of a samovar", {"keyword", "estimated"}),
        ("ZQ7714", {"keyword"}),
        ("kettle", {"keyword"}),
        ("pump", {"estimated", "members"}),
        ("pump warranty garden", {"members"}),
        ("ends", {"keyword"}),
        ("when to water tomatoes", {"fragment"}),
    ],
)
def test_every_hit_says_what_its_score_is_the_sum_of(
    mixed: Index, text: str, sources: set[str]
) -> None:
    query = dataclasses.replace(mixed.parse(text), passages=True, limit=100)
    *_, stage = mixed.search(query)
    assert stage.hits
    for hit in stage.hits:
        assert hit.score == pytest.approx(sum_of(hit.why))
    assert sources <= {source for hit in stage.hits for source, _ in hit.why.weights}


@pytest.mark.parametrize("text", ["samovar repair", "which samovar was mended in spring"])
def test_what_only_words_can_find_yet_is_hidden_by_no_neighbours(
    index: Index, tmp_path: Path, text: str
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(120):
        (folder / f"{number}.txt").write_text(f"{number} teapots were repaired in the spring.")
    index.add_roots([str(folder)])
    index.update()
    for number in range(5):
        (folder / f"new{number}.txt").write_text(f"The samovar: {number} parts of it are new.")
    update_without_embedding(index)
    *_, stage = index.search(index.parse(text))
    new = [hit for hit in stage.hits if PurePath(hit.path).name.startswith("new")]
    assert len(new) == 5
    assert stage.hits[0] in new
    assert all(hit.why.vector_score is None for hit in new)


def test_short_answers_are_fragments_in_no_script_before_another(
    index: Index, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    english = "Yes, the museum in the old town is open until {} on Sundays, and needs no booking."
    chinese = "是的，老城区的博物馆星期天也开放到{}点，不需要预约门票。"
    for name, answer in (("en.md", english), ("zh.md", chinese)):
        answers = (f"## {hour}\n\n{answer.format(hour)}" for hour in range(5))
        (folder / name).write_text("\n\n".join(answers))
    index.add_roots([str(folder)])
    index.update()
    for text in ("museum open on Sundays", "博物馆星期天开放"):
        query = dataclasses.replace(index.parse(text), passages=True)
        *_, stage = index.search(query)
        assert {PurePath(hit.path).name for hit in stage.hits} == {"en.md", "zh.md"}
        assert not any("fragment" in dict(hit.why.weights) for hit in stage.hits)


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
