"""Search as you type: at once, in order, never stale, never moving under the user."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from textual.events import Paste

from localsearch.types import MEANING_IS_OFF, Stage, StoreDamagedError
from tests.tui.conftest import FILES, StagedIndex
from tests.tui.driving import opened
from tui.screens.main import _while_learning
from tui.widgets.query_input import MOST_CHARACTERS
from tui.widgets.stage_line import StageLine


async def test_typing_finds_by_word(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press(*"green tea")
        await driver.until(lambda: {"tea.md", "prices.txt"} <= set(driver.names))
        await driver.until(lambda: not driver.searching)
        assert "green tea" in driver.text
        assert driver.preview.hit == driver.hits.highlighted


async def test_an_unfinished_word_finds_already(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.press(*"tomat")
        await driver.until(lambda: driver.names == ["garden.txt"])


async def test_any_script_can_be_pasted(index: StagedIndex) -> None:
    async with opened(index) as driver:
        driver.main.query_input.post_message(Paste("睡眠"))
        await driver.until(lambda: "睡眠.txt" in driver.names)
        await driver.search("الشاي")
        assert driver.current == "الشاي.txt"


async def test_all_lines_that_are_pasted_are_asked_as_one(index: StagedIndex) -> None:
    async with opened(index) as driver:
        query = driver.main.query_input
        query.post_message(Paste("green\r\n  tea\x00x\nprices\r"))
        await driver.until(lambda: query.value == "green tea x prices")
        # What stands before it isn't joined to it.
        query.post_message(Paste(" low"))
        await driver.until(lambda: query.value == "green tea x prices low")
        query.select_all()
        query.post_message(Paste("tomatoes "))
        await driver.until(lambda: query.value == "tomatoes ")


async def test_a_page_that_is_pasted_is_cut_and_that_is_said(index: StagedIndex) -> None:
    async with opened(index) as driver:
        query = driver.main.query_input
        query.write("green ")
        query.post_message(Paste("tea\n" * 5_000))
        await driver.until(lambda: query.value.startswith("green tea tea"))
        assert len(query.value) == MOST_CHARACTERS
        await driver.until(
            lambda: any("at most 2,000" in each.message for each in driver.app._notifications)
        )


async def test_a_pause_makes_one_full_search_of_many_letters(index: StagedIndex) -> None:
    index.script = [[0]]
    async with opened(index) as driver:
        index.asked.clear()
        await driver.press(*"tomatoes")
        await driver.until(lambda: "tomatoes" in index.asked)
        index.step.release()
        await driver.until(lambda: not driver.searching)
        # Whatever the speed of this machine: never one for each letter, and the whole word last.
        assert index.asked[-1] == "tomatoes"
        assert len(index.asked) < len("tomatoes")


async def test_a_newer_query_aborts_the_older(index: StagedIndex) -> None:
    index.script = [[0, 1, 2, 3]]
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked)
        driver.main.query_input.write("tea water")
        await driver.until(lambda: "tea" in index.aborted)


async def test_stale_results_never_paint(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tomatoes")
        index.script, index.deaf = [[0], [0]], True
        driver.main.query_input.write("sencha")
        await driver.until(lambda: "sencha" in index.asked)
        painted: list[list[str]] = []
        show = driver.main.show_stage

        def record(stage: object) -> None:
            show(stage)  # type: ignore[arg-type]
            painted.append(driver.names)

        driver.main.show_stage = record  # type: ignore[method-assign]
        driver.main.query_input.write("tomatoes")
        await driver.until(lambda: painted)
        # The deaf search of the older query goes through all of its stages now.
        index.step.release(2)
        index.step.release(2)
        await driver.until(lambda: not driver.searching)
        assert all(names == ["garden.txt"] for names in painted)


async def test_the_best_hit_is_highlighted_until_the_user_moves(index: StagedIndex) -> None:
    index.script = [[1, 0, 2, 3], [3, 2, 1, 0]]
    async with opened(index, size=(80, 24)) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked and len(driver.names) == 4)
        by_word = driver.names
        index.step.release()
        await driver.until(lambda: driver.names == [by_word[at] for at in (1, 0, 2, 3)])
        assert driver.current == by_word[1]
        index.step.release()
        await driver.until(lambda: not driver.searching)
        assert driver.current == by_word[3]
        assert driver.hits.scroll_offset.y == 0
        assert driver.preview.hit == driver.hits.highlighted


async def test_the_highlight_stays_on_its_hit_once_the_user_has_moved(index: StagedIndex) -> None:
    index.script = [[3, 0, 2, 1], [3, 2, 1, 0]]
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked and len(driver.names) == 4)
        await driver.press("down", "down")
        chosen = driver.current
        index.step.release(2)
        await driver.until(lambda: not driver.searching)
        assert driver.current == chosen
        assert driver.hits.cursor == 2


async def test_nothing_above_the_highlight_moves_once_the_user_has(index: StagedIndex) -> None:
    index.script = [[3, 2, 1, 0]]
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked and len(driver.names) == 4)
        before = driver.names
        await driver.press("down")
        index.step.release()
        await driver.until(lambda: not driver.searching)
        assert driver.names == [before[0], before[1], before[3], before[2]]
        assert driver.current == before[1]


async def test_another_query_starts_at_the_top(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        await driver.press("down", "down")
        assert driver.hits.cursor == 2
        await driver.search("tea water")
        assert driver.hits.cursor == 0


async def test_escape_stops_what_still_settles(index: StagedIndex) -> None:
    index.script = [[0, 1, 2, 3]]
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked)
        await driver.press("escape")
        await driver.until(lambda: not driver.searching)
        assert "tea" in index.aborted
        assert len(driver.names) == 4
        assert driver.main.query_input.value == "tea"


async def test_the_stage_and_the_deadline_are_shown(index: StagedIndex) -> None:
    index.script = [[0, 1, 2, 3], [0, 1, 2, 3]]
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked)
        await driver.until(lambda: "by word" in driver.text and "searching …" in driver.text)
        assert "━" not in driver.text
        index.step.release()
        await driver.until(lambda: "by word and meaning" in driver.text)
        assert "━" in driver.text
        index.step.release()
        await driver.until(lambda: "the best 4 judged" in driver.text)
        await driver.until(lambda: "12 ms" in str(driver.main.query_one(StageLine).render()))


async def test_nothing_is_said_to_be_missing_while_it_is_looked_for(index: StagedIndex) -> None:
    index.script = [[]]
    async with opened(index) as driver:
        driver.main.query_input.write("xqzvwk")
        await driver.until(lambda: "searching …" in driver.text)
        assert "Nothing found" not in driver.text
        index.step.release()
        await driver.until(lambda: "Nothing found" in driver.text)
        assert "searching …" not in driver.text


async def test_nothing_found_is_not_said_of_the_next_query(index: StagedIndex) -> None:
    index.script = [[]]
    async with opened(index) as driver:
        driver.main.query_input.write("xqzvwk")
        index.step.release()
        await driver.until(lambda: "Try fewer words" in driver.text)
        driver.main.query_input.write("xqzvwkj")
        await driver.until(lambda: "searching …" in driver.text)
        assert "Nothing found" not in driver.text
        assert "Try fewer words" not in driver.text
        index.step.release()
        await driver.until(lambda: "Try fewer words" in driver.text)


async def test_a_final_list_has_the_time_it_took_and_none_left(index: StagedIndex) -> None:
    index.script = [[0, 1, 2, 3]]
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked)
        line = driver.main.query_one(StageLine)
        painted: list[str] = []
        show = driver.main.show_stage

        def record(stage: Stage) -> None:
            show(stage)
            painted.append(str(line.render()))

        driver.main.show_stage = record  # type: ignore[method-assign]
        index.step.release()
        await driver.until(lambda: painted)
        assert "12 ms" in painted[-1]
        assert "━" not in painted[-1]


async def test_the_list_follows_the_index(index: StagedIndex, user_home: Path) -> None:
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.search("tea")
        before, current = driver.names, driver.current
        assert current
        (user_home / "library" / "tea_tea.txt").write_text("Tea, tea, and more tea.")
        index.update()
        await driver.until(lambda: "tea_tea.txt" in driver.names)
        assert sorted(driver.names) == sorted([*before, "tea_tea.txt"])
        assert driver.current == current
        await driver.search("xqzvwk")
        assert "Nothing found" in driver.text
        (user_home / "library" / "odd.txt").write_text("xqzvwk")
        index.update()
        await driver.until(lambda: driver.names == ["odd.txt"])


async def test_the_best_is_first_while_the_index_grows_and_nobody_has_moved(
    index: StagedIndex, user_home: Path
) -> None:
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.search("tea")
        first = driver.current
        driver.app.keeper.state = dataclasses.replace(driver.app.keeper.state, running=True)
        (user_home / "library" / "tea_tea.txt").write_text("Tea, tea, and more tea.")
        index.update()
        await driver.until(lambda: driver.current == "tea_tea.txt" != first)
        assert driver.names[0] == driver.current
        await driver.press("down")
        moved_to = driver.current
        (user_home / "library" / "tea.tea.txt").write_text("Tea, tea, tea, and tea.")
        index.update()
        await driver.until(lambda: "tea.tea.txt" in driver.names)
        assert driver.current == moved_to


async def test_what_changed_last_is_there_before_anything_is_asked(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.until(lambda: driver.preview.hit is not None)
        assert driver.names == [name.rpartition("/")[2] for name in FILES]
        assert "Changed last" in driver.text
        # A place in this list is no measure of anything.
        assert "▪" not in driver.text


async def test_what_was_not_understood_is_said_whole(index: StagedIndex) -> None:
    async with opened(index, size=(80, 24)) as driver:
        await driver.search("tea kind:teapot")
        assert "there is no kind teapot" in " ".join(driver.text.split())
        await driver.search("tea")
        assert "teapot" not in driver.text


async def test_files_or_passages(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tea")
        files = len(driver.names)
        await driver.press("alt+g")
        await driver.until(lambda: not driver.searching)
        assert len(driver.names) >= files
        assert "passages" in driver.text


async def test_an_error_says_cause_and_remedy(index: StagedIndex) -> None:
    async with opened(index) as driver:
        index.failure = StoreDamagedError("the index is damaged", "Run `localsearch doctor`.")
        await driver.search("tea")
        await driver.until(lambda: "the index is damaged" in driver.text)
        await driver.until(lambda: "localsearch doctor" in driver.text)


async def test_a_fault_of_ours_shows_no_traceback(index: StagedIndex) -> None:
    async with opened(index) as driver:
        index.failure = ZeroDivisionError("oops")
        await driver.search("tea")
        await driver.until(lambda: "something went wrong" in driver.text)
        assert "Traceback" not in driver.text
        index.failure = None
        await driver.search("sencha")
        assert driver.names == ["tea.md"]


async def test_an_index_without_files_says_so(empty_index: StagedIndex, user_home: Path) -> None:
    (user_home / "empty").mkdir()
    empty_index.add_roots([str(user_home / "empty")])
    empty_index.update()
    async with opened(empty_index) as driver:
        await driver.until(lambda: "hold no files yet" in driver.text)


async def test_nothing_found_says_what_to_do(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("xylophone")
        assert "Nothing found" in driver.text
        assert "Try fewer words" in driver.text


async def test_it_searches_within_a_folder(index: StagedIndex, user_home: object) -> None:
    async with opened(index, within=f"{user_home}/library/code") as driver:
        await driver.search("tea")
        assert driver.names == ["retry.py"]


async def test_quitting_waits_for_nothing(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("sencha")
        index.script, index.deaf = [[0, 1, 2, 3]], True
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked)
        began_s = time.monotonic()
        await driver.press("ctrl+q")
        await driver.until(lambda: driver.app.return_value == 0)
        assert time.monotonic() - began_s < 1
        assert index.aborted == []
        index.step.release(9)


async def test_meaning_is_not_claimed_before_anything_is_embedded(index: StagedIndex) -> None:
    index.script = [[0]]
    index.by_vectors = False
    async with opened(index) as driver:
        index.step.release()
        await driver.search("sencha")
        await driver.until(lambda: not driver.searching and "✓" in driver.text)
        assert "by word" in driver.text
        assert "by word and meaning" not in driver.text


def test_a_notice_says_more_than_that_meaning_is_still_learnt() -> None:
    off = f"{MEANING_IS_OFF} nothing has been embedded yet. Run `localsearch index`."
    assert "still being learnt" in _while_learning(off)
    assert "nothing has been embedded" not in _while_learning(off)
    both = _while_learning(f"in:x was searched for as it stands. {off}")
    assert both.startswith("in:x was searched for as it stands. By word so far")
    assert _while_learning("in:x is no folder.") == "in:x is no folder."
