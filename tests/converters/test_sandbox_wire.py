"""What's written on a pipe comes out of it the same, however it's cut on the way."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from io import BufferedReader
from typing import BinaryIO

import pytest

from converters.sandbox_wire import FrameReader, MessageTooLargeError, write_frame


@pytest.fixture
def pipe() -> Iterator[tuple[BufferedReader, BinaryIO]]:
    reading, writing = os.pipe()
    with open(reading, "rb") as output, open(writing, "wb") as into:
        yield output, into


def _limit() -> int:
    return 1_000_000


def test_all_that_is_there_is_read_in_one_go(pipe: tuple[BufferedReader, BinaryIO]) -> None:
    output, into = pipe
    sent = [b"first", b"", b"third"]
    for data in sent:
        write_frame(into, data)
    frames = FrameReader(output)
    assert not frames.holds_more
    assert [frames.read(_limit), frames.holds_more] == [b"first", True]
    assert [frames.read(_limit), frames.read(_limit)] == sent[1:]
    assert not frames.holds_more


def test_a_message_may_be_longer_than_the_pipe(pipe: tuple[BufferedReader, BinaryIO]) -> None:
    output, into = pipe
    long = bytes(range(256)) * 3000

    def write() -> None:
        write_frame(into, long)
        write_frame(into, b"next")

    thread = threading.Thread(target=write)
    thread.start()
    frames = FrameReader(output)
    assert frames.read(_limit) == long
    assert frames.read(_limit) == b"next"
    thread.join()


@pytest.mark.parametrize("written", [b"", b"\0\0\0", b"\0\0\0\0\0\0\0\x05four"])
def test_what_breaks_off_is_the_end(pipe: tuple[BufferedReader, BinaryIO], written: bytes) -> None:
    output, into = pipe
    into.write(written)
    into.close()
    assert FrameReader(output).read(_limit) is None


def test_too_much_is_refused_before_it_is_read(pipe: tuple[BufferedReader, BinaryIO]) -> None:
    output, into = pipe
    into.write(b"\xff" * 8)
    into.flush()
    with pytest.raises(MessageTooLargeError):
        FrameReader(output).read(_limit)
