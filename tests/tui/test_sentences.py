"""What's found by meaning alone has its nearest sentence marked, once the list is painted."""

from __future__ import annotations

from tests.tui.conftest import StagedIndex
from tests.tui.driving import Driver, opened


def sentences(driver: Driver) -> dict[str, str]:
    """The marked sentences in the list, by file name."""
    return {
        hit.path.rpartition("/")[2]: hit.snippet[slice(*hit.nearest)]
        for hit in driver.hits.hits
        if hit.nearest is not None
    }


def underlined(driver: Driver) -> str:
    """What's underlined on the screen."""
    return " ".join(
        segment.text.strip()
        for strip in driver.app.screen._compositor.render_strips()
        for segment in strip
        if segment.style is not None and segment.style.underline
    )


async def test_the_sentence_is_marked_in_list_and_preview(index: StagedIndex) -> None:
    index.script, index.by_meaning = [[0, 1]], True
    async with opened(index) as driver:
        driver.main.query_input.write("tomatoes water")
        await driver.until(lambda: "tomatoes water" in index.asked)
        index.step.release()
        await driver.until(lambda: not driver.searching)
        # The list is there before any sentence is.
        assert driver.names
        assert sentences(driver) == {}
        index.reading.release(10)
        await driver.until(lambda: "garden.txt" in sentences(driver))
        await driver.until(lambda: driver.preview.hit == driver.hits.highlighted)
        sentence = sentences(driver)[driver.current]
        assert underlined(driver).count(sentence.split()[0]) == 2


async def test_a_newer_query_stops_the_search_for_sentences(index: StagedIndex) -> None:
    index.script, index.by_meaning = [[0]], True
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked)
        index.step.release()
        await driver.until(lambda: not driver.searching)
        driver.main.query_input.write("tomatoes")
        await driver.until(lambda: "sentences of tea" in index.aborted)
        assert sentences(driver) == {}


async def test_a_sentence_stays_marked_while_the_list_settles(index: StagedIndex) -> None:
    index.script, index.by_meaning = [[0, 1, 2, 3], [3, 2, 1, 0]], True
    async with opened(index) as driver:
        driver.main.query_input.write("tea")
        await driver.until(lambda: "tea" in index.asked)
        index.step.release()
        index.reading.release(10)
        # While hits are judged, the highlighted one alone is read.
        await driver.until(lambda: len(sentences(driver)) == 1)
        known = sentences(driver)
        index.step.release()
        await driver.until(lambda: len(sentences(driver)) > 1)
        assert known.items() <= sentences(driver).items()
