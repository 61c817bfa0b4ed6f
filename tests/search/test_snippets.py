from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localsearch.search.snippets import SNIPPET_CHARACTERS, make_snippet, text_position


def test_a_short_text_is_shown_whole_with_its_marks() -> None:
    snippet, marks = make_snippet("The  tide\nturns at noon.", ["noon"])
    assert snippet == "The tide turns at noon."
    assert [snippet[a:b] for a, b in marks] == ["noon"]


def test_a_long_text_is_shown_where_the_words_stand_together() -> None:
    text = "alpha " * 100 + "the harbour pilot waits " + "beta " * 100
    snippet, marks = make_snippet(text, ["harbour", "pilot"])
    assert snippet.startswith("…")
    assert snippet.endswith("…")
    assert [snippet[a:b] for a, b in marks] == ["harbour", "pilot"]


@given(st.text(max_size=2000), st.lists(st.text(min_size=1, max_size=5), max_size=3))
def test_snippets_are_bounded_and_marks_inside(text: str, needles: list[str]) -> None:
    snippet, marks = make_snippet(text, needles)
    assert len(snippet) <= SNIPPET_CHARACTERS + 2
    for start, end in marks:
        assert 0 <= start < end <= len(snippet)


@given(st.text(max_size=2000), st.lists(st.text(min_size=1, max_size=5), max_size=3))
def test_what_is_marked_is_found_again_in_the_text(text: str, needles: list[str]) -> None:
    snippet, marks = make_snippet(text, needles)
    for start, _ in marks:
        position = text_position(text, snippet, start)
        assert position is not None
        assert text[position] == snippet[start] or (text[position] + snippet[start]).isspace()


def test_the_word_is_found_not_its_letters() -> None:
    text = "The party\nhas  an\n\nart show." + " And so on." * 100
    snippet, marks = make_snippet(text, ["art"])
    assert text_position(text, snippet, marks[0][0]) == text.index("art show")


def test_a_place_that_is_no_part_of_the_text_is_none() -> None:
    assert text_position("abc", "xyz", 1) is None
    assert text_position("", "", 0) is None
