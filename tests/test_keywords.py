from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch import keywords
from localsearch.keywords import (
    find_needles,
    fold,
    index_text,
    match_expression,
    phrase_term,
    query_terms,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Straße ÄRGER", "strasse arger"),
        ("机器学习", "机器 器学 学习 习"),
        ("ไทย", "ไท ทย ย"),
        ("snake_case", "snake case"),
        ("getUserName", "getusername \ue000 get user name"),
        ("C++ and C#", "c\ue001\ue001 and c\ue002 \ue000 c \ue000 c"),
        ("हिन्दी में", "हिन्दी में"),
        ("e\u0301te\u0301", "ete"),
    ],
)
def test_tokens_of_text(text: str, tokens: str) -> None:
    assert index_text(text) == tokens


def test_letters_people_type_one_for_the_other_fold_alike() -> None:
    assert fold("أَحْمَد") == fold("احمد")
    assert fold("ёлка") == fold("елка")
    assert fold("ＦＵＬＬ") == "full"
    assert fold("ILIK SÜT İSTANBUL") == fold("ılık süt istanbul") == "ilik sut istanbul"


def test_a_single_character_of_an_unspaced_script_looks_for_what_it_begins() -> None:
    assert [term.expression for term in query_terms("学")] == ['"学" *']


def test_prefix_only_for_the_last_word_and_from_two_letters_on() -> None:
    assert [t.prefix for t in query_terms("deep lear", prefix_last=True)] == [False, True]
    assert [t.prefix for t in query_terms("deep l", prefix_last=True)] == [False, False]


def test_phrases_keep_repeated_words() -> None:
    term = phrase_term("to be or not to be")
    assert term is not None
    assert term.tokens == ("to", "be", "or", "not", "to", "be")
    assert phrase_term("?!") is None


@pytest.mark.parametrize(
    ("phrase", "expression"),
    [
        ("GitHub Actions", '"github actions"'),
        ("C++ language", '"c\ue001\ue001 language"'),
        ("東京2020", '"東京 京 2020"'),
        ("2020東京", '"2020 東京"'),
        ("水", '"水" *'),
    ],
)
def test_phrases_follow_the_order_of_the_index(phrase: str, expression: str) -> None:
    term = phrase_term(phrase)
    assert term is not None
    assert term.expression == expression


def test_a_text_folds_as_its_characters_do() -> None:
    """Of all planes, surrogates of undecodable names among them."""
    every = [chr(codepoint) for codepoint in range(0x30000)]
    alone = [keywords._FOLDING[ord(each)] for each in every]
    for start in range(0, len(every), 256):
        end = start + 256
        assert fold("".join(every[start:end])) == "".join(alone[start:end])
    assert fold("ΟΔΟΣ ὁδός İstanbul Größe cafe\u0301") == "οδοσ οδοσ istanbul grosse cafe"


def test_needles_are_found_through_folding_and_only_at_word_starts() -> None:
    text = "Die Straße: party art article squeals"
    ranges = find_needles(text, ["strasse", "art", "squeal"])
    assert [text[a:b] for a, b in ranges] == ["Straße", "art", "squeal"]


def test_needles_of_unspaced_scripts_are_found_inside_runs() -> None:
    assert find_needles("深度机器学习", ["机器"]) == ((2, 4),)


@given(st.text(max_size=200))
def test_every_word_of_a_text_is_found_in_its_index(text: str) -> None:
    tokens = index_text(text).split(" ")
    for term in query_terms(text):
        if term.prefix:
            assert any(token.startswith(term.tokens[0]) for token in tokens)
        else:
            joined = " ".join(tokens)
            assert " ".join(term.tokens) in joined


@given(st.text(max_size=100))
def test_expressions_hold_nothing_that_fts_would_read_as_syntax(text: str) -> None:
    expression = match_expression(query_terms(text, prefix_last=True), "AND")
    around = re.sub(r'"[^"]+"', "x", expression)
    assert re.fullmatch(r"(x|\(x OR x\)|x \*|\(x \* OR x \*\)|( AND ))*", around), expression


@given(st.text(max_size=200), st.text(max_size=10))
def test_ranges_are_in_order_and_inside(text: str, needle: str) -> None:
    position = 0
    for start, end in find_needles(text, [fold(needle)]):
        assert position <= start < end <= len(text)
        position = end


def test_the_beginning_of_a_name_in_camel_case_is_found_by_its_parts() -> None:
    (term,) = query_terms("camelCase")
    assert term.expression == '("camelcase" OR "camel case")'
    assert " camel case name" in index_text("camelCaseName")
    (typed,) = query_terms("camelCa", prefix_last=True)
    assert typed.expression == '("camelca" * OR "camel ca" *)'


def test_plain_text_is_split_as_any_other() -> None:
    for codepoint in range(0x2071):
        character = chr(codepoint)
        for text in (character, f"a{character}b", f"a+{character}", f"1#{character}#"):
            assert keywords._runs(text) == keywords._RUN.findall(text), hex(codepoint)
