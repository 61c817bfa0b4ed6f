"""What a user types becomes the query that they mean."""

from __future__ import annotations

import time
import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from converters.formats import FORMATS
from converters.registry import kind_for
from localsearch.query import format_query, parse_query, problems, values
from localsearch.query.values import KINDS
from localsearch.types import Filters, Query

BERLIN = ZoneInfo("Europe/Berlin")
# A Monday, in winter time.
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=BERLIN)


def parse(text: str, *, prefix_last: bool = False) -> Query:
    return parse_query(text, now=NOW, prefix_last=prefix_last)


def filters(text: str) -> Filters:
    query = parse(text)
    assert query.text == "", "everything was meant to be a filter"
    return query.filters


def test_words_phrases_and_exclusions() -> None:
    query = parse('tide "harbour pilot" -ferry tables -"car park"')
    assert query.text == "tide tables"
    assert query.phrases == ("harbour pilot",)
    assert query.excluded == ("ferry", "car park")
    assert query.raw == 'tide "harbour pilot" -ferry tables -"car park"'


@pytest.mark.parametrize(
    "quoted",
    [
        '"a b"',
        "“a b”",
        "„a b“",
        "„a b”",
        "”a b”",
        "«a b»",
        "»a b«",
        "「a b」",
        "『a b』",
        "＂a b＂",
    ],
)
def test_every_languages_quotes_hold_a_phrase(quoted: str) -> None:
    assert parse(f"x {quoted} y").phrases == ("a b",)
    assert parse(f"-{quoted}").excluded == ("a b",)
    assert filters(f"path:{quoted}").path_globs == ("a b",)


def test_chinese_quotes_need_no_blanks_around_them() -> None:
    query = parse("关于「机器学习」的笔记 和“深度”学习")
    assert query.phrases == ("机器学习", "深度")
    assert query.text == "关于 的笔记 和 学习"


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org/a?b=c", "std::vector", "12:30", "foo:bar", "note: this", "C:\\Users",
        "don't", 'a 5" pipe', "a-b", "well-known", "--rerank", "-", "- x", "a:b:c", "path", ":x",
        "a && b | c", "SELECT * FROM files; --", "NEAR(a b)", "col:x*", "(a OR b) AND NOT c",
        "🦀🦀", "kind:", "after: all", "Size: XL",
    ],
)  # fmt: skip
def test_what_is_no_operator_is_free_text_to_the_letter(text: str) -> None:
    query = parse(text)
    assert query.text == text
    assert query.filters == Filters()
    assert (query.phrases, query.excluded) == ((), ())
    assert problems(text, now=NOW) == ()


def test_quotes_that_stand_open_are_left_out() -> None:
    assert parse('"harbour pil').text == "harbour pil"
    assert parse('tide "').text == "tide"
    assert parse('-"car').excluded == ("car",)
    assert parse('""').phrases == ()


def test_a_dash_joins_after_a_quote() -> None:
    query = parse('the "state"-owned railway')
    assert query.phrases == ("state",)
    assert query.excluded == ()
    assert query.text == "the owned railway"


def test_path_and_root_filters() -> None:
    found = filters('path:src/** -path:**/test_* in:notes,work in:"tax, 2024"')
    assert found.path_globs == ("src/**",)
    assert found.not_path_globs == ("**/test_*",)
    assert found.roots == ("notes", "work", "tax, 2024")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("kind:pdf", ("pdf",)),
        ("kind:pdf,code", ("pdf", "code")),
        ("kind:pdf|mail kind:code", ("pdf", "mail", "code")),
        ("Kind:E-Mail", ("mail",)),
        ("kind:markdown", ("text",)),
        ("kind:photos", ("image",)),
        ("kind:csv", ("sheet",)),
        ("kind:.csv,*.tsv", ("sheet",)),
        ("kind:json,py", ("data", "code")),
        ("ｋｉｎｄ：ＰＤＦ", ("pdf",)),
    ],
)
def test_kinds(text: str, kinds: tuple[str, ...]) -> None:
    assert filters(text).kinds == kinds


def test_kinds_left_out() -> None:
    assert filters("-kind:code,pdf -kind:mail") == Filters(not_kinds=("code", "pdf", "mail"))
    both = filters("kind:pdf,code -kind:pdf")
    assert both == Filters(kinds=("pdf", "code"), not_kinds=("pdf",))


def test_extensions_and_languages() -> None:
    assert filters("ext:py,.PYI ext:*.c++").extensions == ("py", "pyi", "c++")
    assert filters("-ext:min").not_path_globs == ("*.min",)
    assert filters("lang:zh,German lang:pt-BR lang:deu lang:greek").languages == (
        "zh", "de", "pt", "el",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("size:>1M", 1_000_001, None),
        ("size:>=1.5MB", 1_500_000, None),
        ("size:<10k", None, 9_999),
        ("size:<=10KiB", None, 10_240),
        ("size:1M..5M", 1_000_000, 5_000_000),
        ("size:1G..", 1_000_000_000, None),
        ("size:..5", None, 5),
        ("size:>1k size:>2k size:<9k size:<8k", 2001, 7999),
    ],
)
def test_sizes(text: str, low: int | None, high: int | None) -> None:
    found = filters(text)
    assert (found.size_min, found.size_max) == (low, high)


def test_dates_narrow_down() -> None:
    found = filters("after:2024 after:2024-05 before:2025 before:2024-12-24")
    assert found.after_ns == _ns(2024, 5, 1)
    assert found.before_ns == _ns(2024, 12, 24)


def _ns(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=BERLIN).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("kind:pfd", "kind:pdf"),
        ("-kind:pfd", "-kind:pdf"),
        ("kind:pdf,emial", "kind:pdf,mail"),
        ("lang:germann", "lang:de"),
        ("lang:xx", ""),
        ("after:yesterdy", "after:yesterday"),
        ('after:"last wek"', 'after:"last week"'),
        ("after:banana", ""),
        ("after:2024-13", ""),
        ("after:05/06/2024", ""),
        ("after:9999", ""),
        ("size:1M", "size:>1m"),
        ("size:5M..1M", "size:1m..5m"),
        ("size:big", ""),
        ("size:>99999999999999999P", ""),
        ("ext:tar.gz", "ext:gz"),
        ("knd:pdf", "kind:pdf"),
        ("path:[z-a]", ""),
        ("path:foo\\", "path:foo"),
    ],
)
def test_a_bad_value_is_plain_text_and_said(text: str, suggestion: str) -> None:
    query = parse(f"x {text} y")
    assert query.filters == Filters()
    assert query.text == f"x {text} y" or text.startswith("-")
    (problem,) = problems(f"x {text} y", now=NOW)
    assert problem.text == text
    assert problem.suggestion == suggestion
    assert problem.cause


def test_what_cant_be_excluded_is_said() -> None:
    (problem,) = problems("-lang:de", now=NOW)
    assert "can't be excluded" in problem.cause
    assert parse("-lang:de").excluded == ("lang:de",)


def test_an_unknown_folder_name_is_said() -> None:
    (problem,) = problems("in:nots x", now=NOW, roots=("Notes", "work"))
    assert problem.suggestion == "in:Notes"
    assert problems("in:work x", now=NOW, roots=("Notes", "work")) == ()
    assert problems("in:anything", now=NOW) == ()


def test_an_unknown_folder_is_plain_text() -> None:
    query = parse_query("in:nots,work tide", now=NOW, roots=("notes", "work"))
    assert query.filters.roots == ()
    assert (query.text, query.filters.roots) == ("tide", ())
    assert parse_query("in:nots", now=NOW, roots=("notes", "work")).text == "in:nots"
    query = parse_query("in:NOTES,work tide", now=NOW, roots=("notes", "work"))
    assert query.filters.roots == ("notes", "work")
    both = parse_query("in:notes", now=NOW, roots=("Notes", "notes"))
    assert both.filters.roots == ("notes",)


def test_a_folder_further_in_is_suggested_as_a_path() -> None:
    (problem,) = problems(
        "in:Taxes", now=NOW, roots=("Documents",), folder_named={"Taxes": "taxes"}.get
    )
    assert problem.suggestion == "path:taxes"
    assert "Documents" in problem.cause


def test_an_endings_kind_is_the_one_its_files_are_indexed_as() -> None:
    for each in FORMATS:
        for suffix in each.suffixes:
            if suffix[1:] not in KINDS:
                assert values.parse_kind(suffix) == kind_for("x" + suffix), suffix


def test_prefix_counts_for_a_word_that_is_being_typed() -> None:
    assert parse("tide tab", prefix_last=True).prefix_last
    assert not parse("tide tab").prefix_last
    assert not parse("tide tab ", prefix_last=True).prefix_last
    assert not parse("tide kind:pdf", prefix_last=True).prefix_last
    assert not parse('"tide"', prefix_last=True).prefix_last


def test_options_pass_through() -> None:
    query = parse_query(
        "x", now=NOW, limit=3, mode="keyword", rerank=False, budget_s=0.5, passages=True,
        within=("/a",),
    )  # fmt: skip
    assert (query.limit, query.mode, query.rerank, query.budget_s) == (3, "keyword", False, 0.5)
    assert query.passages
    assert query.filters.within == ("/a",)


# Pieces that mean something, so that random queries meet in what is hard.
PIECES = st.sampled_from(
    ["-", '"', "“", "”", "„", "«", "»", "「", "」", "＂", "〝", "〞", "〟", " ", "　", ":", "：",
     ",", "|", "path:", "in:", "kind:", "ext:", "lang:", "after:", "before:", "size:", "pdf",
     "code", "zh", "src/**", "2024-05", "3d", "yesterday", "last week", "banana", ">1M",
     "1k..2k", "5M..1M", "x", "e\u0301", "\u0301", "ﬁ", "Å", "\x00", "\x1b[31m", "\ud800", "\n",
     "关于", "ｋｉｎｄ：", "--", "İ", "ß"]
)  # fmt: skip
QUERIES = st.one_of(
    st.lists(PIECES, max_size=25).map("".join),
    st.text(st.characters(), max_size=200),
    st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=25).map("".join),
)


@given(QUERIES, st.booleans())
@example('"" -"" path:"" “"a" b', False)
@example('after:"“banana”"', False)
@example('-a”»」』＂〞"“', False)
@example('in:"a,b" "c', True)
def test_no_query_raises_and_every_one_can_be_written_again(text: str, typing: bool) -> None:
    query = parse(text, prefix_last=typing)
    assert unicodedata.is_normalized("NFC", query.text)
    for part in (query.text, *query.phrases, *query.excluded, *query.filters.path_globs):
        part.encode()
        assert "\x00" not in part
    problems(text, now=NOW)
    written = format_query(query, now=NOW)
    again = parse(written, prefix_last=query.prefix_last)
    assert _without_raw(again) == _without_raw(query), written
    assert format_query(again, now=NOW) == written


def _without_raw(query: Query) -> tuple[object, ...]:
    return (
        query.text, query.phrases, query.excluded, query.filters, query.prefix_last, query.limit,
    )  # fmt: skip


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8).filter(
    lambda word: unicodedata.is_normalized("NFC", word)
)


@given(
    st.builds(
        Query,
        raw=st.just(""),
        text=st.lists(WORDS, max_size=4).map(" ".join),
        phrases=st.lists(st.lists(WORDS, min_size=1).map(" ".join), max_size=2, unique=True).map(
            tuple
        ),
        excluded=st.lists(WORDS, max_size=2, unique=True).map(tuple),
        filters=st.builds(
            Filters,
            path_globs=st.lists(WORDS, max_size=2, unique=True).map(tuple),
            roots=st.lists(WORDS, max_size=2, unique=True).map(tuple),
            kinds=st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
            not_kinds=st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
            languages=st.lists(st.sampled_from(["de", "zh", "ar"]), unique=True).map(tuple),
            after_ns=st.none() | st.integers(0, 4 * 10**15).map(lambda us: us * 1000),
            before_ns=st.none() | st.integers(0, 4 * 10**15).map(lambda us: us * 1000),
            size_min=st.none() | st.integers(0, 2**62),
            size_max=st.none() | st.integers(0, 2**62),
        ),
    )
)
def test_a_query_made_by_a_program_survives_being_written(query: Query) -> None:
    assert _without_raw(parse(format_query(query, now=NOW))) == _without_raw(query)


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "-a ",
        '"',
        "“",
        "„",
        "„“",
        "«a",
        "kind:pdf ",
        "kind:zz ",
        "a:",
        "「",
        '" ',
        "path:“",
        "-",
    ],
)
def test_ten_thousand_characters_take_no_time(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    took_ms = []
    for _ in range(3):
        # This thread's own time: others may be at work on the machine.
        start_s = time.thread_time()
        parse(text)
        took_ms.append((time.thread_time() - start_s) * 1000)
    # Five to ten were measured; the allowance is for slower machines.
    assert min(took_ms) < 25
