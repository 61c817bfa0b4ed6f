"""The preview shows the file at the passage, marked, however big or strange the file is."""

from __future__ import annotations

from pathlib import Path

from localsearch.types import Locator, Why
from tests.tui.conftest import StagedIndex
from tests.tui.driving import opened
from tests.tui.making import make_hit
from tui.markdown_lines import render_markdown
from tui.preview_render import render_preview
from tui.preview_source import PreviewSource, SourceLine, load_preview, without_overlap


async def test_the_passage_is_on_screen_in_a_long_file(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search('"high water"')
        assert driver.names == ["tides.txt"]
        assert "High water at noon" in driver.text.split("╭─ tides.txt")[1]
        page = driver.preview.page
        assert page is not None
        top = driver.preview.scroll_offset.y
        assert top <= page.focus < top + driver.preview.size.height


async def test_code_is_coloured_and_numbered(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("with_backoff")
        page = driver.preview.page
        assert page is not None
        assert page.number_width
        numbered = {row.number: row.content for row in page.rows if row.number}
        assert "def with_backoff" in numbered[4].plain
        assert any("$text-accent" in str(span.style) for span in numbered[4].spans)


async def test_markdown_is_rendered(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("sencha")
        shown = driver.text.split("╭─ tea.md")[1]
        assert "• sencha" in shown
        assert "**" not in shown


async def test_the_keys_scroll(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search('"high water"')
        driver.preview.focus()
        before = driver.preview.scroll_offset.y
        await driver.press("pagedown")
        await driver.until(lambda: driver.preview.scroll_offset.y > before)
        await driver.press("home")
        await driver.until(lambda: driver.preview.scroll_offset.y == 0)


async def test_n_goes_through_the_passages(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("sencha")
        driver.preview.focus()
        first = driver.preview.hit
        assert first is not None
        assert "passage" in driver.text
        await driver.press("n")
        await driver.until(lambda: driver.preview.hit not in (None, first))
        await driver.press("N")
        await driver.until(
            lambda: driver.preview.hit is not None and driver.preview.hit.text == first.text
        )


async def test_a_resized_preview_is_laid_out_anew(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("sencha")
        assert driver.preview.page is not None
        wide = driver.preview.page.width
        await driver.pilot.resize_terminal(84, 30)
        await driver.until(
            lambda: driver.preview.page is not None and driver.preview.page.width != wide
        )
        assert driver.preview.page.width == driver.preview.text_width


async def test_a_file_that_is_gone_is_shown_from_the_index(index: StagedIndex) -> None:
    async with opened(index) as driver:
        await driver.search("tomatoes")
        hit = driver.hits.highlighted
        assert hit is not None
        Path(hit.path).unlink()
        await driver.search("tomatoes evening")
        await driver.until(lambda: driver.preview.page and driver.preview.page.source.note)
        assert "Water the tomatoes" in driver.text


def test_a_passage_is_found_again_when_the_file_grew_above_it(index: StagedIndex) -> None:
    hit = next(
        stage.hits[0] for stage in index.search(index.parse("noon", mode="keyword")) if stage.hits
    )
    path = Path(hit.path)
    path.write_text("one more line\n" * 7 + path.read_text(encoding="utf-8"), encoding="utf-8")
    source = load_preview(index, hit)
    assert hit.locator.line_start is not None
    passage = [line.number for line in source.lines if line.passage]
    assert passage[0] == hit.locator.line_start + 7


def test_text_of_pages_is_joined_without_what_chunks_share() -> None:
    assert without_overlap("one two three four five", "three four five six") == "six"
    assert without_overlap("one two", "three four") == "three four"
    assert without_overlap("ends with a", "a b c") == "a b c"


def make_source(text: str, form: str, **changes: object) -> PreviewSource:
    lines = tuple(
        SourceLine(line, number, passage=True) for number, line in enumerate(text.split("\n"), 1)
    )
    hit = make_hit("/x.md", **changes)
    return PreviewSource(hit, lines, form, needles=("green tea",))  # type: ignore[arg-type]


def test_words_are_marked_across_a_line_break() -> None:
    page = render_preview(make_source("the green\ntea is\nblue tea", "prose"), 60)
    marked = [row.content.plain for row in page.rows if row.content.spans]
    assert marked == ["the green", "tea is"]


def test_a_sentence_found_by_meaning_is_underlined() -> None:
    source = make_source("- It *steeps*\n  in water.\n- Cold.", "markdown", why=Why(vector_rank=1),
                         snippet="- It *steeps* in water. - Cold.", nearest=(2, 23))  # fmt: skip
    page = render_preview(source, 60)
    underlined = [
        row.content.plain[span.start : span.end]
        for row in page.rows
        for span in row.content.spans
        if str(span.style) == "underline"
    ]
    assert " ".join(underlined) == "It steeps in water."


def test_every_form_is_laid_out_at_every_width() -> None:
    text = (
        "# A `b` *c*\n\n> quote\n\n1. one\n   - two\n\n| a | b |\n|---|---|\n| 茶 | d |\n\n"
        "```py\nx=1\n```\n<b>\n---\n"
    )
    for width in (1, 8, 20, 200):
        for form in ("code", "markdown", "prose"):
            assert render_preview(make_source(text, form), width).rows


def test_markdown_lines_know_where_they_come_from() -> None:
    lines = render_markdown("# Head\n\ntext over\ntwo lines\n\n- item\n")
    where = {line.content.plain: (line.first, line.last) for line in lines if line.content}
    assert where == {"Head": (0, 1), "text over two lines": (2, 4), "item": (5, 6)}


def test_unfinished_markdown_is_rendered_too() -> None:
    for text in ("```py\nx", "| a |\n|--", "- ", "> > >", "[x](", "<!--", "\n\n\n"):
        render_markdown(text)


def test_a_hit_without_text_says_that_its_name_was_found(index: StagedIndex) -> None:
    hit = make_hit("/x/photo.jpg", text="", snippet="", chunk_id=None, locator=Locator())
    assert "name" in load_preview(index, hit).note


async def test_what_was_found_in_a_passage_longer_than_the_screen_is_seen(
    index: StagedIndex, user_home: Path
) -> None:
    words = "word " * 380
    (user_home / "library" / "one-line.txt").write_text(f"{words} zebra {words}")
    index.update()
    async with opened(index) as driver:
        await driver.search("zebra")
        assert driver.names == ["one-line.txt"]
        page, top = driver.preview.page, driver.preview.scroll_offset.y
        assert page is not None
        height = driver.preview.scrollable_content_region.height
        assert page.focus_rows > height
        assert any("zebra" in row.content.plain for row in page.rows[top : top + height])


async def test_a_passage_deep_in_a_very_long_line_is_shown(
    index: StagedIndex, user_home: Path
) -> None:
    words = "word " * 4000
    (user_home / "library" / "one-line.txt").write_text(f"{words} zebra {words}")
    index.update()
    async with opened(index) as driver:
        await driver.search("zebra")
        assert driver.names == ["one-line.txt"]
        await driver.until(lambda: "very long" in driver.text)
        page, top = driver.preview.page, driver.preview.scroll_offset.y
        assert page is not None
        height = driver.preview.scrollable_content_region.height
        assert any("zebra" in row.content.plain for row in page.rows[top : top + height])
