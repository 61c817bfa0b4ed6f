"""Lines are read out of any file, of any size, in any encoding."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.text_window import read_window


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1, max_size=30),
       st.integers(1, 30), st.integers(0, 10))  # fmt: skip
@settings(max_examples=60)
def test_a_window_holds_the_lines_asked_for(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], first: int, more: int
) -> None:
    path = tmp_path_factory.mktemp("window") / "x.txt"
    path.write_text("".join(f"{line}|\n" for line in lines), encoding="utf-8")
    window = read_window(str(path), first, first + more)
    expected = [f"{line}|" for line in lines[first - 1 : first + more]]
    if first <= len(lines):
        assert window == (first, expected)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.txt", "один\nдва\nтри\n".encode(encoding))
    assert read_window(path, 1, 2) == (1, ["один", "два"])


def test_an_old_encoding_is_recognised(tmp_path: Path) -> None:
    text = "Съешь же ещё этих мягких французских булок, да выпей чаю.\n" * 20
    path = write(tmp_path / "a.txt", text.encode("cp1251"))
    window = read_window(path, 2, 2)
    assert window is not None
    assert "французских булок" in window[1][0]


def test_a_big_file_is_read_in_its_middle_only(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    with path.open("wb") as stream:
        for number in range(1, 1_500_001):
            stream.write(b"%09d some line of a log that goes on\n" % number)
    assert path.stat().st_size > 60_000_000
    window = read_window(str(path), 1_400_000, 1_400_002)
    assert window is not None
    assert [line[:9] for line in window[1]] == ["001400000", "001400001", "001400002"]


def test_an_endless_line_is_cut(tmp_path: Path) -> None:
    window = read_window(write(tmp_path / "min.js", b"x" * 3_000_000), 1, 5)
    assert window is not None
    assert len(window[1][0]) < 10_000


def test_what_is_no_file_has_no_window(tmp_path: Path) -> None:
    assert read_window(str(tmp_path), 1, 2) is None
    assert read_window(str(tmp_path / "missing"), 1, 2) is None
    os.mkfifo(tmp_path / "pipe")
    assert read_window(str(tmp_path / "pipe"), 1, 2) is None
