"""Names and contents of files are data: neither markup nor escape codes reach the terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsearch.types import Failure
from tests.tui.conftest import StagedIndex
from tests.tui.driving import opened
from tests.tui.making import NOW_S, make_hit
from tui.widgets.hit_rows import RowStyle, draw_hit, marked_text

HOSTILE = "[b]evil[/b] \x1b[31mred\x1b]0;title\x07 \u202etxt.exe $(x) 100%"
STYLE = RowStyle(
    width=60, snippet_lines=2, spaced=True, now_s=NOW_S, home="/home/ada", best=1.0
)  # fmt: skip


def is_safe(text: str) -> bool:
    return not any(
        (ord(character) < 32 and character != "\n")
        or 0x7F <= ord(character) < 0xA0
        or character in "\u202e\u2066\u200f"
        for character in text
    )


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no such names")
async def test_a_hostile_file_is_shown_as_it_is_named(index: StagedIndex, user_home: Path) -> None:
    name = HOSTILE.replace("/", "∕")
    for suffix in (".txt", ".md", ".py"):
        (user_home / "library" / (name + suffix)).write_text(
            f"zebra {HOSTILE} in {suffix}\n# [link=x]zebra[/link] \x9b2J \x1b[2J\n",
            encoding="utf-8",
        )
    index.update()
    async with opened(index) as driver:
        for query in ("zebra", "evil"):
            await driver.search(query)
            assert len(driver.names) >= 3
            for _ in range(3):
                await driver.press("down")
                await driver.until(lambda: not driver.searching)
                assert is_safe(driver.text)
            assert "[b]evil" in driver.text
        await driver.press("alt+e")
        await driver.until(lambda: "Why it's here" in driver.text)
        assert is_safe(driver.text)
        await driver.press("escape", "alt+y")
        await driver.until(lambda: "Copied" in driver.text)
        assert is_safe(driver.text)
        await driver.press("alt+d")
        await driver.until(lambda: "Any folder" in driver.text)
        assert is_safe(driver.text)


async def test_hostile_folders_and_failures_are_data_too(
    index: StagedIndex, user_home: Path
) -> None:
    folder = user_home / "[red]root[" / "in\x1b[2Jner"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("zebra")
    index.add_roots([str(folder)])
    index.update()
    status = replace(index.status(), failures=(Failure("/x/[/nothing]\x1b[2J", "[b]why\x1b[2J"),))
    index.status = lambda: status  # type: ignore[method-assign]
    async with opened(index) as driver:
        await driver.until(lambda: driver.app.keeper.state.status)
        await driver.press("f2")
        await driver.until(lambda: "~/[red]root[" in driver.text)
        assert is_safe(driver.text)
        await driver.press("2")
        await driver.until(lambda: "[b]why" in driver.text)
        assert is_safe(driver.text)
        await driver.press("1", "a")
        await driver.until(lambda: "[red]root[" in driver.text)
        assert is_safe(driver.text)


async def test_a_hostile_error_is_data_too(index: StagedIndex) -> None:
    async with opened(index) as driver:
        index.failure = ValueError(HOSTILE)
        await driver.search("tea")
        assert "[b]evil" in driver.text
        assert is_safe(driver.text)


any_text = st.text(st.characters(), max_size=60)


@given(any_text, any_text, any_text, st.integers(0, 50), st.integers(0, 50), st.integers(12, 90))
@settings(max_examples=150, deadline=None)
def test_a_row_is_safe_and_fits_whatever_it_shows(
    path: str, title: str, snippet: str, start: int, length: int, width: int
) -> None:
    highlights = ((min(start, len(snippet)), min(start + length, len(snippet))),)
    hit = make_hit("/" + path, title=title, snippet=snippet, highlights=highlights)
    style = replace(STYLE, width=width)
    lines = draw_hit(hit, style, current=True, marked=False)
    assert len(lines) == style.height
    for line in lines:
        assert is_safe(line.plain)
        assert line.cell_length <= max(width, 20)


@given(any_text, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_marks_stay_within_the_text(text: str, ranges: list[tuple[int, int]]) -> None:
    inside = [(a, b) for a, b in ranges if a <= b <= len(text)]
    marked = marked_text(text, inside, "bold")
    assert is_safe(marked.plain)
    assert all(0 <= span.start <= span.end <= len(marked.plain) for span in marked.spans)
