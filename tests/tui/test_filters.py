"""Chips write the query language, and read it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.filters import (
    CHIPS,
    date_choices,
    folder_choices,
    kind_choices,
    language_choices,
    read_filter,
    write_filter,
)

KIND, FOLDER, LANGUAGE, DATE = CHIPS


def test_a_filter_is_written_replaced_and_taken_away() -> None:
    text = write_filter("green tea", KIND, "kind:pdf")
    assert text.split() == ["green", "tea", "kind:pdf"]
    text = write_filter(text, KIND, "kind:mail")
    assert text.split() == ["green", "tea", "kind:mail"]
    assert write_filter(text, KIND, "") == "green tea"


def test_filters_of_other_chips_and_exclusions_stay() -> None:
    text = write_filter('tea -cup kind:pdf lang:zh "green leaf"', KIND, "")
    assert text == 'tea -cup lang:zh "green leaf"'
    assert write_filter("tea -kind:pdf", KIND, "") == "tea"


def test_a_chip_shows_what_the_query_says() -> None:
    assert read_filter("tea kind:pdf ext:txt", KIND) == "pdf, txt"
    assert read_filter('tea after:"last week"', DATE) == "since last week"
    assert read_filter("tea -lang:zh", LANGUAGE) == "not zh"
    assert read_filter("tea foo:bar", FOLDER) == ""


def test_a_value_that_is_not_known_makes_no_chip() -> None:
    assert read_filter("tea kind:pfd", KIND) == ""
    assert read_filter("tea kind:pdf,pfd", KIND) == "pdf,pfd"
    assert read_filter("tea lang:klingonish", LANGUAGE) == ""


def test_every_choice_is_read_back_by_its_chip() -> None:
    choices = {
        KIND: kind_choices(),
        FOLDER: folder_choices([("My notes", "/home/ada/My notes")], ["/home/ada/x y", "/srv"]),
        LANGUAGE: language_choices(["ja", ""]),
        DATE: date_choices(2026),
    }
    for chip, offered in choices.items():
        for choice in offered:
            text = write_filter("tea", chip, choice.value)
            assert text.startswith("tea ")
            assert read_filter(text, chip), choice
            assert write_filter(text, chip, "").strip() == "tea"


def test_languages_of_the_results_come_first() -> None:
    assert [choice.value for choice in language_choices(["ja", "de"])][:2] == ["lang:ja", "lang:de"]


@given(st.text(max_size=60))
def test_whatever_is_typed_taking_a_filter_away_leaves_none(text: str) -> None:
    for chip in CHIPS:
        assert read_filter(write_filter(text, chip, ""), chip) == ""
