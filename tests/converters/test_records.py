"""Data, tables, subtitles and notebooks: every vector gives what it must, where it must."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.records import flat_record
from converters.registry import convert_file
from converters.rows import RecordWriter, column_letters
from localsearch.types import ConversionError
from tests.converters.office_files import convert
from tests.converters.record_vectors import RECORD_VECTORS
from tests.converters.vectors import Vector


@pytest.mark.parametrize("vector", RECORD_VECTORS, ids=lambda vector: vector.name)
def test_vector(vector: Vector, tmp_path: Path) -> None:
    path = tmp_path / vector.name
    path.write_bytes(vector.data)
    conversion = convert_file(str(path))
    assert conversion.converter == vector.converter
    (document,) = conversion.documents
    text = "\n".join(block.text for block in document.blocks)
    for phrase in vector.includes:
        assert phrase in text
    for phrase in vector.excludes:
        assert phrase not in text
    assert (document.title, document.kind) == (vector.title, vector.kind)
    for phrase, fields in vector.at.items():
        found = [block.locator for block in document.blocks if phrase in block.text]
        assert found, f"{phrase!r} is in no block"
        assert {name: getattr(found[0], name) for name in fields} == dict(fields)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.srt", b"\n \n"),
        ("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n\n"),
        ("a.vtt", b"WEBVTT\n\nNOTE made by a tool\n"),
        ("a.ass", b"[Script Info]\nTitle: Film\n\n[V4+ Styles]\nStyle: Default,Arial\n"),
        ("a.ipynb", b"[1, 2]"),
        ("a.ipynb", b'{"cells": '),
        ("a.json", b"\x00\x01\x02" * 50),
    ],
)
def test_what_is_something_else_is_refused(name: str, data: bytes, tmp_path: Path) -> None:
    with pytest.raises(ConversionError):
        convert(tmp_path / name, data)


@pytest.mark.parametrize("suffix", ["srt", "vtt", "ass"])
def test_subtitles_without_times_are_plain_text(suffix: str, tmp_path: Path) -> None:
    document = convert(tmp_path / f"a.{suffix}", b"ANNA: No times in here.\n\nBEN: None.\n")
    assert document.kind == "text"
    assert [block.text for block in document.blocks] == ["ANNA: No times in here.", "BEN: None."]
    assert document.blocks[1].locator.line_start == 3


def test_what_is_broken_in_json_is_said(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.json", b'{"a": 1,\n"b": oops,\n"c": 3}')
    assert document.notes == ("not valid JSON in line 2, read as text from there",)
    assert document.blocks[0].text == "a: 1"
    assert document.blocks[1].locator.line_start == 2


def test_aliases_are_not_expanded(tmp_path: Path) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 30))
    document = convert(tmp_path / "a.yaml", b"l0: &l0 lol\n" + levels.encode())
    assert sum(len(block.text) for block in document.blocks) < 2 * len(levels)


def test_text_beyond_the_limit_is_left_out_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,word\n" + b"1,abcdefgh\n" * 10_000)
    (document,) = convert_file(str(path), text_limit=5_000).documents
    assert sum(len(block.text) for block in document.blocks) <= 5_000
    assert any("5,000 characters" in note for note in document.notes)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="aé土 \n", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("kmn"), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(_VALUES)
def test_a_record_is_one_line_that_holds_every_word(value: object) -> None:
    line = flat_record(value)
    assert "\n" not in line

    def check(current: object) -> None:
        if isinstance(current, dict | list):
            for each in current.values() if isinstance(current, dict) else current:
                check(each)
        elif isinstance(current, str | int) and not isinstance(current, bool):
            assert " ".join(str(current).split()) in line

    check(value)


def test_only_a_row_of_names_is_a_header() -> None:
    assert RecordWriter().line(["1", "2"]) == "1 | 2"
    named = RecordWriter()
    named.line(["名前", "合計"])
    assert named.line(["田中", "3"]) == "名前: 田中; 合計: 3"
    unnamed = RecordWriter()
    unnamed.line(["2024", "2025"])
    assert unnamed.line(["a", "b"]) == "a | b"


@pytest.mark.parametrize(
    ("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")]
)
def test_column_letters(number: int, letters: str) -> None:
    assert column_letters(number) == letters


_PICTURE = base64.b64encode(bytes(range(256)) * 4000).decode()


@pytest.mark.parametrize(
    "encoded",
    [
        _PICTURE,
        base64.b64encode(b"Text in it is no text that anybody looks for.\n" * 30).decode(),
        "-----BEGIN CERTIFICATE-----\n"
        + base64.encodebytes(bytes(range(256)) * 10).decode()
        + "-----END CERTIFICATE-----\n",
        base64.encodebytes(bytes(range(256)) * 10).decode(),
        f"data:image/png;base64,{_PICTURE}",
        bytes(range(256)).hex() * 10,
    ],
    ids=lambda encoded: encoded[:20],
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_encoded_pictures_are_no_words(name: str, encoded: str, tmp_path: Path) -> None:
    record = json.dumps({"who": "Albers", "photo": encoded, "files": [encoded, "last"]})
    document = convert(tmp_path / name, record.encode())
    text = "\n".join(block.text for block in document.blocks)
    assert "who: Albers" in text
    assert "last" in text
    assert len(text) < 100


@pytest.mark.parametrize(
    "value",
    [
        "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        " ".join(["heating"] * 500),
        "暖房" * 1000,
        "https://example.org/" + "?page=1&" * 300,
        "ACGTTGCA" * 200,
        "1415926535" * 200,
        "/Volumes/Data2/HeatingSystem/Bills2024" * 40,
        "heating_system_of_2024_in_House_12_" * 40,
        "Heating-System-2024-" * 80,
        "5f2b8c0e9d1a4736a8b5c4d3e2f1a0b9c8d7e6f5 " * 49 + "5f2b8c0e",
    ],
    ids=lambda value: value[:20],
)
def test_keys_and_long_texts_stay(value: str) -> None:
    assert flat_record({"it": value}) == f"it: {value}"
