"""A file that takes longer than its time: what was read until then is kept, and noted once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from converters import markdown
from converters.collecting import OUT_OF_TIME
from converters.formats import FORMATS
from converters.markdown import markdown_marks
from converters.registry import Conversion, convert_file
from localsearch.types import Document
from tests.converters.large_files import LARGE_FILES, eml, mbox

# Those whose libraries don't have to see all of a file before they give any of it.
_STOPS_EARLY = frozenset(
    ("a.txt", "a.md", "a.mbox", "a.zip", "a.tar", "mbox.zip", "a.epub", "a.ods", "a.odt", "a.odp")
)
_LEAST_SPEED_UP = 1.4


def _written(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def _blocks(read: Conversion) -> list[str]:
    return [block.text for document in read.documents for block in document.blocks]


def _late_notes(documents: tuple[Document, ...]) -> int:
    return sum(note == OUT_OF_TIME for document in documents for note in document.notes)


def test_there_is_a_large_file_of_each_format() -> None:
    suffixes = {name.rpartition(".")[2] for name in LARGE_FILES}
    without = {
        each.name for each in FORMATS if not {suffix[1:] for suffix in each.suffixes} & suffixes
    }
    assert without == {"legacy-office"}


@pytest.mark.parametrize("name", LARGE_FILES)
def test_a_large_file_is_kept_as_far_as_it_was_read(tmp_path: Path, name: str) -> None:
    path = _written(tmp_path, name, LARGE_FILES[name]())
    began_s = time.process_time()
    whole = convert_file(path)
    whole_s = time.process_time() - began_s
    assert not _late_notes(whole.documents)
    began_s = time.process_time()
    read = convert_file(path, time_s=0)
    read_s = time.process_time() - began_s
    assert 1 <= len(_blocks(read)) < len(_blocks(whole))
    assert _late_notes(read.documents) == 1
    if name in _STOPS_EARLY:
        assert read_s * _LEAST_SPEED_UP < whole_s


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv", "a.eml"])
def test_a_file_that_was_read_whole_says_nothing(tmp_path: Path, name: str) -> None:
    data = b"Subject: One\n\n" if name == "a.eml" else b"One"
    read = convert_file(_written(tmp_path, name, data), time_s=0)
    assert len(_blocks(read)) >= 1
    assert not _late_notes(read.documents)


def test_a_mail_folder_ends_where_its_time_is_up(tmp_path: Path) -> None:
    read = convert_file(_written(tmp_path, "a.mbox", mbox(500)), time_s=0)
    assert _blocks(read)[0].startswith("From: Ana")
    assert len(read.documents) == 2
    assert read.documents[-1].notes == (OUT_OF_TIME,)


def test_a_message_of_far_too_many_parts_keeps_the_first(tmp_path: Path) -> None:
    path = _written(tmp_path, "a.eml", eml(20_000))
    (document,) = convert_file(path).documents
    assert document.title == "Many parts"
    assert len(document.blocks) == 1_000
    assert document.notes == ("only the first 1,000 parts were read",)
    (document,) = convert_file(path, time_s=0).documents
    assert document.title == "Many parts"
    assert document.blocks
    assert document.notes == (OUT_OF_TIME,)


_PIECES = (
    "# Heading\n",
    "words\nof two lines\n",
    "under\n=====\n",
    "- item\n\n  its second paragraph\n- item\n",
    "```\n# no heading\n\n- no item\n```\n",
    "| a | b |\n| - | - |\n| 1 | 2 |\n",
    "> quoted\nlazily\n",
    "<div>\n*page*\n</div>\n",
    "    indented\n\n    code\n",
    "1. one\n2. two\n",
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_slices_of_markdown_say_what_the_whole_says(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    pairs = [f"{first}\n{second}\n" for first in _PIECES for second in _PIECES]
    lines = "".join(pairs).split("\n")
    whole = list(markdown_marks(lines))
    monkeypatch.setattr(markdown, "_SLICE_ROWS", size)
    assert list(markdown_marks(lines)) == whole
