"""PDF pages of columns: read one after the other, in whatever order they were written."""

from __future__ import annotations

import itertools
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pypdf import PageObject, PdfWriter
from pypdf.generic import ArrayObject, NameObject, NumberObject

from converters.pdf_widths import FontWidths
from converters.registry import convert_file
from tests.converters.pdf_files import Placed, add_placed, pdf_bytes

_LEFT = textwrap.wrap(
    "The river rose slowly that spring, and nobody in the village thought much of it. "
    "Every morning the miller measured the water at the old bridge and wrote the number "
    "into a small book that his grandfather had begun. By the end of April the number "
    "had doubled, and the miller walked up to the town hall with the book under his arm "
    "to tell the mayor what the river would do before the first of May had come.",
    width=40,
)
_RIGHT = textwrap.wrap(
    "Bees need little more than a dry box, flowers within a mile and somebody who leaves "
    "them alone. Most of what is sold to beginners is of no use to the bees, and some of "
    "it harms them. A hive that stands in the morning sun, out of the wind, with water "
    "nearby, will do well in nine years out of ten; in the tenth nothing helps, as every "
    "old beekeeper knows who has lost a colony to a wet and cold summer season.",
    width=40,
)
_WIDE = "A title that goes over both of the columns below, as in a journal"


def column(lines: Sequence[str], x: float, *, top: float = 700) -> list[Placed]:
    return [Placed(x, top - 14 * row, line) for row, line in enumerate(lines)]


def across(*columns: Sequence[Placed]) -> list[Placed]:
    """The lines of columns row by row."""
    rows = itertools.zip_longest(*columns)
    return [line for row in rows for line in row if line is not None]


def read(folder: Path, lines: Sequence[Placed], *, in_one: bool = True, turn: int = 0) -> str:
    writer = PdfWriter()
    add_placed(writer, lines, in_one=in_one)
    if turn:
        writer.pages[0].rotate(turn)
    path = folder / "page.pdf"
    path.write_bytes(pdf_bytes(writer))
    (document,) = convert_file(str(path)).documents
    return "\n".join(block.text for block in document.blocks)


@pytest.mark.parametrize("in_one", [True, False])
@pytest.mark.parametrize("turn", [0, 90])
def test_columns_that_were_written_row_by_row_are_read_one_by_one(
    tmp_path: Path, *, in_one: bool, turn: int
) -> None:
    left, right = column(_LEFT, 50), column(_RIGHT, 310)
    text = read(tmp_path, across(left, right), in_one=in_one, turn=turn)
    assert text == "\n".join([*_LEFT, *_RIGHT])


def test_columns_that_were_written_one_by_one_stay_so(tmp_path: Path) -> None:
    text = read(tmp_path, [*column(_LEFT, 50), *column(_RIGHT, 310)])
    assert text == "\n".join([*_LEFT, *_RIGHT])


def test_lines_over_both_columns_part_what_is_above_from_what_is_below(tmp_path: Path) -> None:
    upper = across(column(_LEFT, 50), column(_RIGHT, 310))
    lower = across(column(_RIGHT, 50, top=440), column(_LEFT, 310, top=440))
    title, middle = Placed(110, 740, _WIDE, 12), Placed(60, 480, "And " + _WIDE)
    footer = Placed(290, 40, "- 7 -")
    text = read(tmp_path, [title, *upper, middle, *lower, footer])
    expected = [_WIDE, *_LEFT, *_RIGHT, "And " + _WIDE, *_RIGHT, *_LEFT, "- 7 -"]
    assert text == "\n".join(expected)


def test_lines_of_columns_need_not_be_level(tmp_path: Path) -> None:
    text = read(tmp_path, across(column(_LEFT, 50), column(_RIGHT, 310, top=694)))
    # pypdf takes a line that begins little lower for the same one.
    assert text.split() == " ".join([*_LEFT, *_RIGHT]).split()


def test_words_that_were_written_one_by_one_make_columns_too(tmp_path: Path) -> None:
    words: list[Placed] = []
    for line in across(column(_LEFT, 50), column(_RIGHT, 310)):
        start = 0
        for word in line.text.split():
            start = line.text.index(word, start)
            words.append(Placed(line.x + 6 * start, line.y, word))
            start += len(word)
    assert read(tmp_path, words) == "\n".join([*_LEFT, *_RIGHT])


def test_three_columns(tmp_path: Path) -> None:
    texts = [textwrap.wrap(" ".join(lines), width=24) for lines in (_LEFT, _RIGHT, _LEFT)]
    placed = [column(lines, 40 + 180 * n) for n, lines in enumerate(texts)]
    assert read(tmp_path, across(*placed)) == "\n".join(itertools.chain(*texts))


def test_columns_from_right_to_left_begin_at_the_right(tmp_path: Path) -> None:
    first = ["محضر الاجتماع ناقشنا ميزانية الربع القادم هنا"[::-1]] * 8
    second = ["يرجى إرسال الملاحظات قبل يوم الجمعة إلى البلدية"[::-1]] * 8
    text = read(tmp_path, across(column(second, 20), column(first, 320)))
    assert text.index("محضر") < text.rindex("محضر") < text.index("يرجى")


def test_the_rows_of_a_table_stay_together(tmp_path: Path) -> None:
    names = ["Bolts of steel, hexagonal", "Nuts", "Washers, M8", "Chain oil for wet weather",
             "Brake pads", "Inner tubes, 28 inches", "Spokes", "Pump", "Saddle bag, waxed",
             "Bell"]  # fmt: skip
    notes = ["in the drawer on the left", "ask Ada", "none left since the spring", "two bottles",
             "worn, to be replaced soon", "six", "a box of fifty", "lent to the neighbour",
             "new", "rings too softly"]  # fmt: skip
    amounts = [str(n * 7) for n in range(10)]
    rows = across(column(names, 50), column(notes, 300), column(amounts, 500))
    lines = read(tmp_path, rows).split("\n")
    assert lines == [" ".join(row) for row in zip(names, notes, amounts, strict=True)]


def test_cells_of_several_lines_stay_beside_their_neighbours(tmp_path: Path) -> None:
    asked = [f"{n}. {' '.join(_LEFT[n : n + 2])}" for n in range(7)]
    answered = [f"To {n}: {' '.join(_RIGHT[n : n + 2])}" for n in range(7)]
    lines: list[Placed] = []
    for row, cells in enumerate(zip(asked, answered, strict=True)):
        for cell, x in zip(cells, (50, 310), strict=True):
            lines += column(textwrap.wrap(cell, width=40), x, top=700 - 52 * row)
    text = " ".join(read(tmp_path, lines).split())
    assert text == " ".join(itertools.chain(*zip(asked, answered, strict=True)))


def _font_of(page: PageObject) -> Any:
    return page["/Resources"]["/Font"].raw_get("/F1")  # type: ignore[index]


def test_the_widths_of_a_font_are_read_once_for_all_pages() -> None:
    writer = PdfWriter()
    add_placed(writer, column(_LEFT, 50))
    page = writer.pages[0]
    other = writer.add_page(page)
    fonts = FontWidths()
    assert fonts.measure(_font_of(page)) is fonts.measure(_font_of(other))
    # The fixture's letters are all as wide.
    assert fonts.of_page(other).width("/F1", "ab".encode("utf-16-be")) == 1.2


def test_a_font_that_says_the_same_without_end_is_read_in_bounded_time() -> None:
    writer = PdfWriter()
    add_placed(writer, column(_LEFT, 50))
    page = writer.pages[0]
    font = _font_of(page).get_object()["/DescendantFonts"][0].get_object()
    font[NameObject("/W")] = ArrayObject([NumberObject(n) for n in (0, 65_535, 500)] * 100_000)
    began_s = time.process_time()
    width = FontWidths().of_page(page).width("/F1", "ab".encode("utf-16-be"))
    assert time.process_time() - began_s < 10
    assert width == 1.0


def test_a_page_of_one_column_with_words_apart_keeps_its_order(tmp_path: Path) -> None:
    lines = textwrap.wrap(" ".join([*_LEFT, *_RIGHT]), width=80)
    placed = [
        Placed(50 + 6 * 40 * half, 700 - 14 * row, line[40 * half : 40 * half + 40])
        for row, line in enumerate(lines)
        for half in (0, 1)
        if line[40 * half :]
    ]
    assert "".join(read(tmp_path, placed).split()) == "".join("".join(lines).split())
