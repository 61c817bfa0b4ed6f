"""Web pages: main text, odd markup, and pages made to hurt."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.html import html_blocks, html_document
from localsearch.types import Block, ConversionError


def blocks_of(markup: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in html_document(markup.encode()).blocks]


@pytest.mark.parametrize(
    ("markup", "blocks"),
    [
        ("loose text", [("paragraph", "loose text")]),
        ("<p>one<p>two", [("paragraph", "one"), ("paragraph", "two")]),
        ("a<br>b<br><br>c", [("paragraph", "a\nb\nc")]),
        ("<p>a <b>b</b><i>c</i>\n d</p>", [("paragraph", "a bc d")]),
        ("<h2>Head ¶</h2>t", [("heading", "Head"), ("paragraph", "t")]),
        ("<pre>a\n  b\n</pre>", [("code", "a\n  b")]),
        (
            "<pre>a <h2>T</h2> b</pre>c",
            [("paragraph", "a"), ("heading", "T"), ("code", " b"), ("paragraph", "c")],
        ),
        ("<ol><li>a<li>b<ol><li>c</ol></ol>", [("list", "- a\n- b\n  - c")]),
        ("<table><tr><td>a<br>b<td>c</table>", [("table", "a b | c")]),
        (
            "<table><tr><td><ul><li>x<li>y</ul><td>z</table>",
            [("list", "- x\n- y"), ("paragraph", "z")],
        ),
        (
            "<table><tr><td><p>x</p><p>y</p><td>z</table>",
            [("paragraph", "x"), ("paragraph", "y"), ("paragraph", "z")],
        ),
        ("<table><tr><td><ol><li>x<li>y</ol><td>z</table>", [("table", "x y | z")]),
        ("<li>stray item</li></ul></table></pre>", [("paragraph", "stray item")]),
        ("<h1>Unclosed <p>text", [("heading", "Unclosed text")]),
        ("<p>&#0;&#x1F600;&nbsp;&copy;</p>", [("paragraph", "\ufffd😀\xa0©")]),
        ("", []),
        ("<!-- only a comment -->", []),
    ],
)
def test_blocks_read_like_the_page(markup: str, blocks: list[tuple[str, str]]) -> None:
    assert blocks_of(markup) == blocks


def test_a_small_main_element_does_not_hide_the_page() -> None:
    page = f"<body><main>Skip</main><div>{'The real text of the page. ' * 20}</div></body>"
    assert any("The real text" in text for _, text in blocks_of(page))


def test_the_main_element_is_the_page_where_it_holds_most_of_its_text() -> None:
    story = "<p>The ferry leaves from the western pier at noon, in winter an hour later.</p>" * 3
    markup = f"<body><div class=teaser>Buy our newspaper</div><main>{story}</main></body>"
    text = "\n".join(block.text for block in html_document(markup.encode()).blocks)
    assert "western pier" in text
    assert "newspaper" not in text


def test_a_script_is_no_long_tag() -> None:
    numbers = ", ".join(map(str, range(12_000)))
    script = f"<script>for (var i=0; i<n; i++) {{}} var data = [{numbers}];</script>"
    (block,) = html_document(f"{script}<p>The tide table.</p>".encode()).blocks
    assert block.text == "The tide table."


def test_headings_form_a_path() -> None:
    page = html_document(b"<h1>A</h1><h3>B</h3>x<h2>C</h2>y<h1>D</h1>z")
    assert [block.locator.heading for block in page.blocks if block.kind == "paragraph"] == [
        ("A", "B"),
        ("A", "C"),
        ("D",),
    ]


def test_html_inside_other_formats_keeps_all_of_its_text() -> None:
    blocks = html_blocks("<nav>menu</nav><p>text</p><script>no</script>")
    assert blocks == (Block("menu"), Block("text"))


@pytest.mark.parametrize("tag", ["div", "b", "span", "table", "blockquote", "font"])
def test_pages_nested_to_hurt_are_refused(tag: str) -> None:
    with pytest.raises(ConversionError, match=r"nested .* deep"):
        html_document(f"<{tag}>".encode() * 200_000)


@pytest.mark.parametrize(
    "markup",
    ["<p>" * 50_000, "<table><tr><td>" * 500, "<a href=x>" * 1500, "<" * 100_000, "&" * 100_000,
     "<h1>" * 1500, "<ul><li>" * 900, "<!--" * 50_000],
    ids=["p", "tables", "links", "brackets", "entities", "headings", "lists", "comments"],
)  # fmt: skip
def test_odd_pages_are_read(markup: str) -> None:
    assert html_document(markup.encode() + b" end").kind == "web"


_PIECES = st.sampled_from(
    ["<h1>", "</h1>", "<p>", "</p>", "<table>", "<tr>", "<td>", "</table>", "<ul>", "<li>", "</ul>",
     "<pre>", "</pre>", "<dl><dt>", "<dd>", "<br>", "<nav>", "</nav>", "<main>", "<b>", "</b>",
     "<script>", "</script>", "<!--", "-->", "<template>", "<svg><title>", "</svg>"]
)  # fmt: skip


@given(st.lists(st.one_of(_PIECES, st.just("word")), max_size=40))
def test_no_markup_loses_its_words_twice_or_breaks(pieces: list[str]) -> None:
    shown = sum(
        block.text.count("word") for block in html_document("".join(pieces).encode()).blocks
    )
    assert shown <= pieces.count("word")


def test_words_in_a_drawing_are_read_where_there_are_no_others() -> None:
    drawing = "<svg><title>Icon</title><text>Sous le vent</text><text><tspan>x</tspan></text></svg>"
    for page, texts in (
        (f"<body><div>{drawing}</div></body>", ["Sous le vent\nx"]),
        (f"<body>{drawing}<p>Die Pumpe ist alt.</p></body>", ["Die Pumpe ist alt."]),
    ):
        document = html_document(page.encode())
        assert [block.text for block in document.blocks] == texts


def test_nested_tables_take_time_in_proportion() -> None:
    def seconds(depth: int) -> float:
        markup = "<table><tr><th>word<ul><li>one</li></ul>" * depth
        began_s = time.process_time()
        assert blocks_of(f"<html><body>{markup}</body></html>")
        return time.process_time() - began_s

    few = min(seconds(100) for _ in range(3))
    assert min(seconds(800) for _ in range(3)) < 25 * few
