"""A new ranking never moves what the user looks at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localsearch.types import Hit, Locator
from tests.tui.making import make_hit
from tui.hits import arrange, hit_key


def hits(*numbers: int) -> tuple[Hit, ...]:
    return tuple(make_hit(f"/files/{number}.md", chunk_id=number) for number in numbers)


def keys(ranked: tuple[Hit, ...]) -> list[object]:
    return [hit_key(hit) for hit in ranked]


def test_the_best_hit_is_highlighted_until_the_user_moves() -> None:
    arranged = arrange(hits(1, 2, 3), 0, hits(3, 2, 1), moved=False)
    assert keys(arranged.hits) == keys(hits(3, 2, 1))
    assert arranged.cursor == 0


def test_rows_down_to_the_highlight_stay_once_the_user_has_moved() -> None:
    arranged = arrange(hits(1, 2, 3, 4), 1, hits(4, 3, 2, 1, 5), moved=True)
    assert keys(arranged.hits) == keys(hits(1, 2, 4, 3, 5))
    assert arranged.cursor == 1


def test_a_kept_row_is_shown_in_its_newer_version() -> None:
    newer = make_hit("/files/1.md", chunk_id=1, score=0.9, score_kind="rerank")
    arranged = arrange(hits(1, 2), 1, (newer, *hits(2)), moved=True)
    assert arranged.hits[0] is newer


def test_another_passage_of_the_file_stands_for_it_where_files_are_listed() -> None:
    newer = make_hit("/files/2.md", chunk_id=22)
    arranged = arrange(hits(1, 2), 1, (*hits(3), newer), moved=True)
    assert keys(arranged.hits) == keys((*hits(1), newer, *hits(3)))


def test_where_passages_are_listed_none_stands_for_another() -> None:
    passages = tuple(make_hit("/files/2.md", chunk_id=each) for each in (21, 22))
    arranged = arrange(hits(1, 2), 1, (*hits(3), *passages), moved=True)
    assert keys(arranged.hits) == keys((*hits(1, 2, 3), *passages))


def test_a_file_found_by_name_is_told_by_its_place() -> None:
    named = make_hit(chunk_id=None, locator=Locator())
    assert hit_key(named) == (named.path, "", Locator())


def test_an_emptied_list_keeps_what_the_user_has_walked_through() -> None:
    assert keys(arrange(hits(1, 2, 3), 1, (), moved=True).hits) == keys(hits(1, 2))
    assert arrange(hits(1, 2, 3), 1, (), moved=False).hits == ()


@given(
    st.lists(st.integers(0, 12), unique=True, max_size=10),
    st.lists(st.integers(0, 12), unique=True, max_size=10),
    st.integers(0, 9),
    st.booleans(),
)
def test_nothing_is_lost_or_doubled(
    before: list[int], after: list[int], cursor: int, moved: bool
) -> None:
    shown = hits(*before)
    at = min(cursor, len(shown) - 1) if shown else None
    arranged = arrange(shown, at, hits(*after), moved=moved)
    found = keys(arranged.hits)
    assert len(set(found)) == len(found)
    assert set(keys(hits(*after))) <= set(found)
    assert (arranged.cursor is None) == (not arranged.hits)
    if moved and at is not None:
        assert found[: at + 1] == keys(shown[: at + 1])
        assert arranged.cursor == at
    elif after:
        assert found == keys(hits(*after))
        assert arranged.cursor == 0
