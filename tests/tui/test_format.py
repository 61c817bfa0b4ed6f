"""How values are worded, at every width, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from localsearch.terminal import counted
from localsearch.types import Locator
from tests.tui.making import DAY_NS, NOW_S, make_hit
from tui.format import (
    describe_age,
    describe_bytes,
    describe_duration,
    describe_percent,
    describe_place,
    describe_score,
    ellipsise,
    is_judged,
    range_of_scores,
    shorten_path,
)


@given(st.text(), st.integers(0, 60))
def test_a_text_never_takes_more_cells_than_it_may(text: str, width: int) -> None:
    assert cell_len(ellipsise(text, width)) <= max(width, 0)


@given(st.text(min_size=1).map("/".join), st.integers(2, 80))
def test_a_path_never_takes_more_cells_than_it_may(path: str, width: int) -> None:
    assert cell_len(shorten_path("/" + path, width, home="/home/ada")) <= width


def test_a_path_keeps_its_name_and_loses_its_middle() -> None:
    path = "/home/ada/Documents/contracts/2023/flat/lease-final.pdf"
    shown = shorten_path(path, 34, home="/home/ada")
    assert shown.startswith("~/Doc")
    assert "…" in shown
    assert shown.endswith("/lease-final.pdf")


def test_a_path_of_wide_characters_is_measured_in_cells() -> None:
    shown = shorten_path("/文档/合同/二〇二三/租房合同最终版.pdf", 26, home="/home/ada")
    assert cell_len(shown) <= 26
    assert shown.endswith("租房合同最终版.pdf")


def test_a_path_shows_no_control_characters() -> None:
    assert "\x1b" not in shorten_path("/a/\x1b[31mred\x1b[0m.txt", 80)


def test_places_name_what_is_known() -> None:
    locator = Locator(page=3, line_start=10, line_end=24, heading=("Lease", "Heating"))
    assert describe_place(locator) == "page 3 · lines 10–24 · Heating"
    assert describe_place(locator, headings=0) == "page 3 · lines 10–24"
    assert describe_place(Locator(line_start=7, line_end=7, symbol="retry")) == "line 7 · retry"
    assert describe_place(Locator(sheet="Costs", cell="B4")) == "Costs!B4"
    assert describe_place(Locator(time_start_s=3725)) == "1:02:05"
    assert describe_place(Locator(), "inbox/letter.eml") == "letter.eml"
    assert describe_place(Locator()) == ""


@pytest.mark.parametrize(
    ("days", "age"), [(0, "now"), (0.5, "12 h"), (3, "3 d"), (100, "3 mo"), (1000, "2 y")]
)
def test_ages(days: float, age: str) -> None:
    assert describe_age(int(NOW_S * 1e9 - days * DAY_NS), NOW_S) == age


def test_numbers_read_as_a_person_would_say_them() -> None:
    assert [describe_bytes(size) for size in (0, 999, 1000, 1_250_000, 4e12)] == [
        "0 B", "999 B", "1.0 kB", "1.2 MB", "4.0 TB",
    ]  # fmt: skip
    assert [describe_duration(s) for s in (0.2, 59, 61, 7800, 360_000)] == [
        "1 s", "59 s", "1 min", "2 h 10 min", "100 h",
    ]  # fmt: skip
    assert (counted(1, "file"), counted(1204, "file")) == ("1 file", "1,204 files")


def test_only_the_whole_is_a_hundred_per_cent() -> None:
    assert describe_percent(0.9999) == "99 %"
    assert describe_percent(1.0) == "100 %"


def test_only_a_judge_speaks_in_per_cent() -> None:
    judged = make_hit(score=0.874, score_kind="rerank")
    assert describe_score(judged, 1.0, 0.0) == "87 %"
    for kind in ("fusion", "vector", "keyword", "likelihood"):
        assert "%" not in describe_score(make_hit(score=0.5, score_kind=kind), 1.0, 0.0)


def test_other_scores_are_bars_between_the_worst_and_the_best() -> None:
    bars = [describe_score(make_hit(score=score), 0.86, 0.80) for score in (0.86, 0.83, 0.80)]
    assert bars == ["▪▪▪▪▪", "▪▪···", "▪····"]
    assert describe_score(make_hit(score=-2.0, score_kind="likelihood"), -2.0, -2.0) == "▪▪▪▪▪"


def test_what_a_judge_has_not_seen_has_no_score_beside_the_others() -> None:
    judged = [make_hit(score=score, score_kind="likelihood") for score in (-1.0, -3.0)]
    hits = [*judged, make_hit(score=0.8, score_kind="fusion")]
    worst, best = range_of_scores(hits)
    assert is_judged(hits)
    bars = [describe_score(hit, best, worst, judged=True) for hit in hits]
    assert bars == ["▪▪▪▪▪", "▪····", ""]
    assert not is_judged(hits[2:])
    assert range_of_scores(hits[2:]) == (0.8, 0.8)
