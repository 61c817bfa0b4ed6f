"""Chunks hold all of the text, in order, where their locators say, within the model's window."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from localsearch.chunking.chunker import chunk_document, estimate_tokens
from localsearch.types import Block, BlockKind, Chunk, Document, Locator


def count_pieces(text: str) -> int:
    """About what a tokenizer does: four letters, or one of anything else, make a token."""
    return len(re.findall(r"[a-zA-Z]{1,4}|[^\sa-zA-Z]", text))


def count_bytes(text: str) -> int:
    """The most tokens that a tokenizer can make of a text."""
    return len(text.encode("utf-8", "surrogatepass"))


def count_generously(text: str) -> int:
    """Parts count for more than the whole, as with tokenizers that mark a text's start."""
    return 2 + len(text) // 3


COUNTERS: list[Callable[[str], int]] = [
    count_pieces,
    count_bytes,
    count_generously,
    estimate_tokens,
]


def chunks_of(
    document: Document,
    count: Callable[[str], int] = count_pieces,
    target: int = 64,
    overlap: int = 12,
    maximum: int = 96,
) -> list[Chunk]:
    return chunk_document(
        document,
        count_tokens=count,
        target_tokens=target,
        overlap_tokens=overlap,
        max_tokens=maximum,
    )


def dense(text: str) -> str:
    """Without any white space."""
    return "".join(text.split())


FRAGMENTS = [
    "The quick brown fox. ",
    "It rained! ",
    "Why? ",
    "e.g. this ",
    "睡眠帮助记忆。",
    "本を読む。",
    "भारत एक देश है। ",
    "ما اسمك؟ ",
    "ภาษาไทยไม่มีช่องว่าง",
    "👩‍👩‍👧‍👦",
    "é\u0301\u0301",
    "🇩🇪🇫🇷",
    "\n",
    "\n\n",
    "  indented",
    "\t",
    "x" * 90,
    "字" * 70,
    "a\u0301" * 40,
    "한국어 문장입니다. ",
    "\u1112\u1161\u11ab",
    "z\u200d",
    "\r\n",
    ",;:",
    "…",
]

texts = st.lists(
    st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=12)), min_size=0, max_size=40
).map("".join)
kinds: st.SearchStrategy[BlockKind] = st.sampled_from(
    ["heading", "paragraph", "list", "table", "code", "note"]
)
headings = st.lists(st.sampled_from(["One", "Two", "三", "h" * 300, " "]), max_size=4).map(tuple)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A file of lines, cut into blocks that know their lines, or don't."""
    blocks: list[Block] = []
    line = 1
    for _ in range(draw(st.integers(1, 6))):
        text = draw(texts)
        kind: BlockKind = draw(kinds)
        last = line + text.count("\n")
        heading = draw(headings) if draw(st.booleans()) else ()
        locator = Locator(
            line_start=line,
            line_end=last,
            heading=heading,
            page=draw(st.sampled_from([None, 1, 2])),
            symbol=draw(st.sampled_from([None, None, "f", "g" * 200])),
        )
        blocks.append(Block(text, locator, kind))
        line = last + draw(st.integers(1, 3))
    return Document(tuple(blocks))


def lines_of(document: Document) -> dict[int, str]:
    return {
        (block.locator.line_start or 0) + number: line
        for block in document.blocks
        for number, line in enumerate(block.text.split("\n"))
    }


@settings(max_examples=400, deadline=None)
@given(documents(), st.sampled_from(COUNTERS), st.sampled_from([(16, 0), (24, 8), (64, 12)]))
def test_what_every_document_keeps(
    document: Document, count: Callable[[str], int], size: tuple[int, int]
) -> None:
    target, overlap = size
    maximum = target + target // 2
    chunks = chunks_of(document, count, target, overlap, maximum)
    assert chunks == chunks_of(document, count, target, overlap, maximum)
    lines = lines_of(document)
    everything = dense("".join(block.text for block in document.blocks))
    covered = {0}
    for chunk in chunks:
        assert chunk.text.strip()
        assert chunk.tokens == count(chunk.embedded_text) or len(chunk.text) == 1
        assert chunk.tokens <= maximum
        # In order, nothing left out: each goes on where the one before may have ended.
        text = dense(chunk.text)
        places = [at for at in range(len(everything)) if everything.startswith(text, at)]
        covered = {at + len(text) for at in places for end in covered if at <= end < at + len(text)}
        assert covered
        # Where the locator says.
        start, end = chunk.locator.line_start, chunk.locator.line_end
        assert start is not None
        assert end is not None
        there = "\n".join(lines.get(number, "") for number in range(start, end + 1))
        assert text in dense(there)
        shown = chunk.text.split("\n")
        assert shown[0].strip() in lines[start]
        assert shown[-1].strip() in lines[end]
    assert len(everything) in covered


@settings(max_examples=200, deadline=None)
@given(texts.filter(str.strip))
def test_no_cut_inside_a_grapheme(text: str) -> None:
    whole = set()
    place = 0
    for grapheme in regex.findall(r"\X", text):
        whole.add(place)
        place += len(grapheme)
    whole.add(place)
    place = 0
    for chunk in chunks_of(Document((Block(text),)), count_pieces, 24, 0, 200):
        place = text.index(chunk.text, place)
        assert place in whole or text[place - 1].isspace()
        place += len(chunk.text)
        assert place in whole or text[place : place + 1].isspace()


@settings(max_examples=100, deadline=None)
@given(st.lists(texts.filter(str.strip), min_size=2, max_size=6), st.data())
def test_an_edit_changes_no_chunk_under_other_headings(
    parts: list[str], data: st.DataObject
) -> None:
    def chunked(written: list[str]) -> dict[tuple[str, ...], list[str]]:
        blocks = [Block(text, Locator(heading=(f"h{n}",))) for n, text in enumerate(written)]
        by_heading: dict[tuple[str, ...], list[str]] = {}
        for chunk in chunks_of(Document(tuple(blocks))):
            by_heading.setdefault(chunk.heading_path, []).append(chunk.embedded_text)
        return by_heading

    edited = data.draw(st.integers(0, len(parts) - 1))
    before = chunked(parts)
    after = chunked([*parts[:edited], data.draw(texts), *parts[edited + 1 :]])
    before.pop((f"h{edited}",), None)
    after.pop((f"h{edited}",), None)
    assert before == after


@pytest.mark.parametrize("as_one_block", [False, True])
def test_an_edit_at_the_start_leaves_most_chunks_of_a_long_text(as_one_block: bool) -> None:
    sentences = [f"Sentence number {n} says {n * 7919 % 1000} things." for n in range(600)]

    def embedded(written: list[str]) -> set[str]:
        blocks = [Block("\n".join(written))] if as_one_block else [Block(each) for each in written]
        return {chunk.embedded_text for chunk in chunks_of(Document(tuple(blocks)))}

    before = embedded(sentences)
    after = embedded(["Something else stands here now.", "And here.", *sentences[1:]])
    assert len(before - after) <= 8
    assert len(before) > 50


# Structure


def test_small_neighbours_merge_and_no_border_is_crossed() -> None:
    first = Locator(heading=("A",), page=1)
    blocks = [
        Block("one", first), Block("two", first),
        Block("three", replace(first, page=2)),
        Block("four", Locator(heading=("A", "B"), page=2)),
        Block("five", Locator(symbol="f")), Block("six", Locator(symbol="g")),
        Block("seven", Locator(slide=1)), Block("eight", Locator(slide=2)),
        Block("nine", Locator(sheet="S", cell="A1")), Block("ten", Locator(sheet="S", cell="A2")),
        Block("eleven", Locator(part="a")), Block("twelve", Locator(part="b")),
    ]  # fmt: skip
    chunks = chunks_of(Document(tuple(blocks)))
    assert [chunk.text for chunk in chunks] == [
        "one\n\ntwo", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ]  # fmt: skip
    assert chunks[0].heading_path == ("A",)
    assert chunks[0].embedded_text == "A\none\n\ntwo"
    assert chunks[2].heading_path == ("A", "B")
    assert chunks[3].heading_path == ("f",)


def test_subtitles_merge_from_the_first_time_to_the_last() -> None:
    blocks = tuple(
        Block(f"line {n}", Locator(time_start_s=n, time_end_s=n + 0.5)) for n in range(4)
    )
    (chunk,) = chunks_of(Document(blocks))
    assert (chunk.locator.time_start_s, chunk.locator.time_end_s) == (0, 3.5)


def test_a_title_goes_with_the_long_text_beneath_it() -> None:
    at = Locator(heading=("Title",))
    text = "A sentence of some words. " * 40
    chunks = chunks_of(Document((Block("Title", at, "heading"), Block(text, at))))
    assert chunks[0].text.startswith("Title\n\nA sentence")


def test_lines_are_narrowed_only_where_they_are_known() -> None:
    text = "\n".join(f"line {n} has some words in it" for n in range(1, 41))
    exact = chunks_of(Document((Block(text, Locator(line_start=11, line_end=50), "code"),)))
    assert len(exact) > 3
    assert exact[0].locator.line_start == 11
    assert exact[-1].locator.line_end == 50
    for chunk in exact:
        assert chunk.text.startswith(f"line {(chunk.locator.line_start or 0) - 10} ")
        assert chunk.text.count("\n") == (chunk.locator.line_end or 0) - (
            chunk.locator.line_start or 0
        )
    loose = chunks_of(Document((Block(text, Locator(line_start=11, line_end=99)),)))
    assert {(chunk.locator.line_start, chunk.locator.line_end) for chunk in loose} == {(11, 99)}


def test_indentation_stays_and_blank_lines_at_the_ends_go() -> None:
    (chunk,) = chunks_of(
        Document(
            (Block("\n\n    x = 1\n    y = 2\n\n", Locator(line_start=1, line_end=6), "code"),)
        )
    )
    assert chunk.text == "    x = 1\n    y = 2"
    assert (chunk.locator.line_start, chunk.locator.line_end) == (3, 4)


def test_paragraphs_stay_whole_where_they_can() -> None:
    paragraphs = [f"Paragraph {n}. " + "It has a few words. " * 5 for n in range(8)]
    for chunk in chunks_of(Document((Block("\n\n".join(paragraphs)),)), overlap=0):
        assert chunk.text.startswith("Paragraph")


@pytest.mark.parametrize(
    ("sentence", "joint"),
    [
        ("Dr. no is a name, e.g. of a man", ". "),
        ("睡眠帮助记忆学习之后要复习", "。"),
        ("ما هو اسم هذه المدينة", "؟ "),
        ("भारत एक बहुत बड़ा देश है", "। "),
    ],
)
def test_cuts_come_between_sentences_and_the_last_ones_are_repeated(
    sentence: str, joint: str
) -> None:
    text = "".join(f"{sentence} {n}{joint}" for n in range(30))
    chunks = chunks_of(Document((Block(text),)), overlap=30)
    assert len(chunks) > 2
    for chunk in chunks:
        assert chunk.text.startswith(sentence)
        assert chunk.text.endswith(joint.strip())
    for before, after in pairwise(chunks):
        first = after.text[: after.text.index(joint)]
        assert first in before.text


@pytest.mark.parametrize("closing", ["»).", "。", "”。"])
@pytest.mark.parametrize("as_one_block", [True, False])
def test_no_chunk_is_mere_punctuation(closing: str, as_one_block: bool) -> None:
    sentences = [
        piece for n in range(400) for piece in (f"Sentence {n} is here.\n", f"{closing}\n")
    ]
    blocks = [Block("".join(sentences))] if as_one_block else list(map(Block, sentences))
    for chunk in chunks_of(Document(tuple(blocks)), overlap=0):
        assert chunk.text.startswith("Sentence")


@pytest.mark.parametrize("rows", [["}"], [",,,,"], ["* * *", "text here"]])
@pytest.mark.parametrize("as_one_block", [True, False])
def test_runs_of_punctuation_are_cut_at_their_lines(rows: list[str], as_one_block: bool) -> None:
    lines = ["The header of a long table.\n", *(f"{row}\n" for row in rows * 600)]
    blocks = [Block("".join(lines), kind="table")] if as_one_block else list(map(Block, lines))
    chunks = chunks_of(Document(tuple(blocks)), overlap=0)
    assert all(chunk.tokens <= 64 + 8 for chunk in chunks)
    whole = {line.strip() for line in lines}
    assert {line for chunk in chunks for line in chunk.text.splitlines() if line} <= whole


def test_thai_is_cut_between_graphemes_without_spaces() -> None:
    text = "ที่นี่มีผู้คนมากมาย" * 40
    chunks = chunks_of(Document((Block(text),)), overlap=0)
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(regex.match(r"\p{L}", chunk.text) for chunk in chunks)


# Headings


def test_absurd_headings_are_trimmed_from_the_front_then_cut() -> None:
    long = tuple(f"heading {n}" for n in range(1000))
    (chunk,) = chunks_of(Document((Block("text", Locator(heading=long)),)))
    assert chunk.heading_path == long[-len(chunk.heading_path) :]
    assert 1 < len(chunk.heading_path) < 20
    (chunk,) = chunks_of(Document((Block("text", Locator(heading=("top", "word " * 100_000))),)))
    assert len(chunk.heading_path) == 1
    assert chunk.heading_path[0].startswith("word word")
    assert chunk.tokens <= 64


# Cost


class Counting:
    """A counter that knows how much it was asked to count."""

    def __init__(self) -> None:
        self.characters = 0
        self.calls = 0

    def __call__(self, text: str) -> int:
        self.characters += len(text)
        self.calls += 1
        return count_pieces(text)


@pytest.mark.parametrize(
    "text",
    [
        "A sentence of seven words stands here. " * 2000,
        ("A sentence. " * 3 + "\n\n") * 1500,
        "word " * 15_000,
        "字" * 60_000,
        "x" * 80_000,
        "def f(x):\n    return x + 1\n\n" * 2000,
        ("So it goes on and on, " * 40 + ". \n\n") * 80,
        "มีผู้คน" * 8000,
        " \n" * 30_000 + "end",
    ],
    ids=["sentences", "paragraphs", "words", "chinese", "solid", "code", "long", "thai", "blank"],
)
def test_each_character_is_counted_a_few_times_at_most(text: str) -> None:
    counter = Counting()
    chunks = chunks_of(Document((Block(text),)), counter, 256, 32, 480)
    assert chunks
    assert counter.characters <= 4 * len(text)


def test_cost_grows_with_length_only() -> None:
    def seconds(length: int) -> float:
        document = Document((Block("字" * length),))
        # Of this process alone, whatever else the machine does.
        begin_s = time.process_time()
        chunks_of(document, len, 256, 32, 480)
        return time.process_time() - begin_s

    seconds(1000)
    assert seconds(1_600_000) < 80 * max(seconds(100_000), 0.005)


def test_sizes_that_hold_no_sentence_are_refused() -> None:
    document = Document((Block("text"),))
    for target, overlap, maximum in ((8, 0, 64), (64, 64, 96), (64, 12, 32)):
        with pytest.raises(ValueError, match="sizes"):
            chunks_of(document, count_pieces, target, overlap, maximum)


def test_nothing_comes_of_nothing() -> None:
    assert chunks_of(Document(())) == []
    assert chunks_of(Document((Block(""), Block(" \n\t")))) == []


def test_estimates_follow_the_script() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("a") == 1
    english = "The quick brown fox jumps over the lazy dog. " * 10
    assert 90 <= estimate_tokens(english) <= 160
    assert estimate_tokens("睡眠帮助记忆") == 6
    assert 8 <= estimate_tokens("सत्यमेव जयते नानृतं") <= 16


def headed(text: str, kind: BlockKind, *path: str, page: int | None = None) -> Block:
    return Block(text, Locator(heading=path, page=page), kind)


def test_a_heading_goes_with_what_stands_beneath_it() -> None:
    title, part = headed("Manual", "heading", "Manual"), headed("Care", "heading", "Manual", "Care")
    text = headed("Wipe it dry.", "paragraph", "Manual", "Care")
    (chunk,) = chunks_of(Document((title, part, text)), len, 256, 32, 480)
    assert chunk.text == "Manual\n\nCare\n\nWipe it dry."
    assert chunk.locator.heading == ("Manual", "Care")


def test_a_heading_with_nothing_beneath_it_stands_alone() -> None:
    other = headed("Index", "heading", "Index")
    text = headed("Wipe it dry.", "paragraph", "Care")
    overleaf = headed("Wipe it dry.", "paragraph", "Index", "Care", page=2)
    for following in ((), (text,), (overleaf,)):
        first = chunks_of(Document((other, *following)), len, 256, 32, 480)[0]
        assert first.text == "Index"
