"""Cleaning: what comes out is safe to store, search and show, and keeps its lines."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.cleaning import clean_document, clean_line, clean_text
from localsearch.types import Block, Document, Locator

_ANY = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from("\r\n\t\0\x0b\x0c\x1b\x85\u2028\u2029\ufeff\uffff\u0301e"),
    )
)


@given(_ANY)
def test_clean_text_is_safe_and_stays_as_it_is(text: str) -> None:
    clean = clean_text(text)
    clean.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]", clean)
    assert unicodedata.is_normalized("NFC", clean)
    assert clean_text(clean) == clean
    assert clean.split("\n") == clean.splitlines() or clean.endswith("\n") or not clean


@given(_ANY)
def test_line_numbers_stay_those_of_the_file(text: str) -> None:
    unix = text.replace("\r\n", "\n")
    breaks = unix.count("\n") or unix.count("\r")
    assert clean_text(text).count("\n") == breaks


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\ufeffmark", "mark"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("\ud83d\ude00 pair", "😀 pair"),
        ("e\u0301", "é"),
        ("a\x00b\x07", "ab"),
        ("mixed\rbreaks\nhere", "mixed breaks\nhere"),
    ],
)
def test_examples(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


def test_a_document_is_clean_everywhere() -> None:
    block = Block("a\x00", Locator(heading=("T\x1b\n x", "\x07"), symbol="s\x00", part="p\r"))
    document = Document(
        (block, Block(" \x00 ")), title=" a\n b\x00", notes=("n\x07",), member="m\x00"
    )
    assert clean_document(document) == Document(
        (Block("a", Locator(heading=("T x",), symbol="s", part="p")),),
        title="a b",
        notes=("n",),
        member="m",
    )
    assert clean_line("  a \t\n b ") == "a b"
