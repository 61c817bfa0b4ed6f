"""While one file's text is worked with, the next is read; never is one taken for another."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from converters.sandbox import Sandbox
from converters.sandbox_process import ConvertingProcess
from converters.sandbox_wire import encode
from localsearch.types import ConversionError
from tests.converters import faulty

_ROOT = Path(__file__).parents[2]
_PLUGINS = tuple(name.lower() for name in faulty.ALL)
_LONG_AGO_S = 1_700_000_000


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = faulty.install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(site), str(_ROOT))))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(timeout_s=60, memory_bytes=1_000_000_000) as opened:
        # Nothing is expected of a process that isn't there yet.
        assert _read(opened, _file(tmp_path, "begin.count")) == "1 begin.count"
        yield opened


def _file(folder: Path, name: str, content: str = "", *, at_s: int = _LONG_AGO_S) -> str:
    path = folder / name
    path.write_text(content or name, encoding="utf-8")
    os.utime(path, (at_s, at_s))
    return str(path)


def _read(sandbox: Sandbox, path: str) -> str:
    (document,) = sandbox.convert(path, plugins=_PLUGINS).documents
    return document.blocks[0].text


def _expect(sandbox: Sandbox, *paths: str) -> None:
    sandbox.expect(paths, plugins=_PLUGINS)


def _wait_for_the_end_of(sandbox: Sandbox) -> None:
    assert sandbox.child_pid is not None
    psutil.Process(sandbox.child_pid).wait(timeout=60)


def test_each_file_is_read_once(sandbox: Sandbox, tmp_path: Path) -> None:
    paths = [_file(tmp_path, f"{name}.count") for name in "abcde"]
    texts = []
    for position, path in enumerate(paths):
        _expect(sandbox, *paths[position : position + 2])
        texts.append(_read(sandbox, path))
    assert texts == ["2 a.count", "3 b.count", "4 c.count", "5 d.count", "6 e.count"]


def test_what_is_not_asked_for_is_left_aside(sandbox: Sandbox, tmp_path: Path) -> None:
    skipped, wanted = _file(tmp_path, "a.count"), _file(tmp_path, "b.count")
    _expect(sandbox, skipped, wanted)
    assert _read(sandbox, wanted) == "3 b.count"
    # It was read before, and is still as it was.
    assert _read(sandbox, skipped) == "2 a.count"
    assert _read(sandbox, skipped) == "4 a.count"


def test_what_was_read_before_something_new_is_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    paths = [_file(tmp_path, f"{name}.count") for name in "abcde"]
    new = _file(tmp_path, "new.count")
    _expect(sandbox, *paths[:4])
    assert _read(sandbox, paths[0]) == "2 a.count"
    assert _read(sandbox, new) == "6 new.count"
    _file(tmp_path, "c.count", "changed")
    texts = []
    for position, path in enumerate(paths[1:], 1):
        _expect(sandbox, *paths[position:])
        texts.append(_read(sandbox, path))
    assert texts == ["3 b.count", "8 changed", "5 d.count", "7 e.count"]


def test_long_answers_that_nobody_wants_yet_are_dropped(sandbox: Sandbox, tmp_path: Path) -> None:
    long = _file(tmp_path, "a.count", "heating " * 30_000)
    _expect(sandbox, long)
    assert _read(sandbox, _file(tmp_path, "b.count")) == "3 b.count"
    assert _read(sandbox, long)[:9] == "4 heating"


def test_nobody_waits_for_what_others_are_to_be_read_for(sandbox: Sandbox, tmp_path: Path) -> None:
    slow, small = _file(tmp_path, "a.loop"), _file(tmp_path, "b.count")
    new = _file(tmp_path, "new.count")
    _expect(sandbox, slow, small)
    began_s = time.monotonic()
    assert _read(sandbox, new) == "1 new.count"
    # A file may take 60 s.
    assert time.monotonic() - began_s < 40


def test_of_larger_files_two_are_asked_for_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    large = [_file(tmp_path, f"{name}.count", "x" * 60_000) for name in "abc"]
    _expect(sandbox, *large)
    assert len(sandbox._expected) == 2
    assert [_read(sandbox, path)[0] for path in large] == ["2", "3", "4"]
    middling = [_file(tmp_path, f"{name}.count", "x" * 30_000) for name in "defgh"]
    _expect(sandbox, *middling)
    assert len(sandbox._expected) == 3


def test_an_answer_is_never_taken_for_that_of_another_file(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    paths = [_file(tmp_path, f"{name}.count") for name in "abc"]
    _expect(sandbox, *paths)
    # As where the program is interrupted before it waits for the answer.
    sandbox._expected.popleft()
    assert [_read(sandbox, path)[2:] for path in paths] == ["a.count", "b.count", "c.count"]


def test_other_ways_of_reading_it_are_other_files(sandbox: Sandbox, tmp_path: Path) -> None:
    path = _file(tmp_path, "a.count", "a long text")
    _expect(sandbox, path)
    (document,) = sandbox.convert(path, text_limit=4, plugins=_PLUGINS).documents
    assert "only the first 4 characters were read" in document.notes


def test_a_file_that_changed_is_read_again(sandbox: Sandbox, tmp_path: Path) -> None:
    path = _file(tmp_path, "a.count", "old")
    _expect(sandbox, path)
    _file(tmp_path, "a.count", "new")
    assert _read(sandbox, path) == "3 new"


def test_many_small_files_are_asked_for_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    paths = [_file(tmp_path, f"{number}.count") for number in range(30)]
    texts, most = [], 0
    for position in range(len(paths)):
        _expect(sandbox, *paths[position:])
        most = max(most, len(sandbox._expected))
        texts.append(_read(sandbox, paths[position]))
    assert texts == [f"{number + 2} {number}.count" for number in range(30)]
    assert most == 8


def test_nobody_waits_for_long_requests_to_be_read(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 200) / ("b" * 200) / ("c" * 200) / ("d" * 200)
    folder.mkdir(parents=True)
    paths = [_file(folder, f"{number}.count") for number in range(8)]
    many = (*_PLUGINS, *(f"somebodys-converter-{number}" for number in range(12)))
    sandbox.expect([_file(tmp_path, "a.loop"), *paths], plugins=many)
    # A pipe may hold no more than 4 kB, and the process reads none of it meanwhile.
    assert sum(8 + len(encode(each.request)) for each in sandbox._expected) <= 4096
    assert len(sandbox._expected) > 2


def test_files_after_one_that_must_wait_wait_as_well(sandbox: Sandbox, tmp_path: Path) -> None:
    first, last = _file(tmp_path, "a.count"), _file(tmp_path, "c.count")
    new = tmp_path / "b.count"
    new.write_text("new")
    paths = [first, str(new), last]
    texts = []
    for position, path in enumerate(paths):
        _expect(sandbox, *paths[position:])
        texts.append(_read(sandbox, path))
    assert texts == ["2 a.count", "3 new", "4 c.count"]


def test_answers_that_nobody_takes_are_held_up_to_a_bound(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("converters.sandbox._EXTRA_REPLY_BYTES", 1000)
    paths = [_file(tmp_path, f"{number}.count", f"{number}" * 900) for number in range(6)]
    child = sandbox._child
    assert child is not None
    sandbox.expect(paths, text_limit=1000, plugins=_PLUGINS)
    _wait_for_the_end_of(sandbox)
    assert child._read_bytes - child._taken_bytes <= 5000
    texts = [
        sandbox.convert(path, text_limit=1000, plugins=_PLUGINS).documents[0].blocks[0].text
        for path in paths
    ]
    assert [text.split()[-1][:1] for text in texts] == list("012345")
    assert sandbox._child is not child


def test_what_was_just_written_is_not_read_ahead(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "a.count"
    path.write_text("now")
    _expect(sandbox, str(path), str(tmp_path / "missing.count"))
    assert _read(sandbox, str(path)) == "2 now"


def test_a_crash_costs_the_expected_file_only(sandbox: Sandbox, tmp_path: Path) -> None:
    crash, good = _file(tmp_path, "a.abort"), _file(tmp_path, "b.count")
    _expect(sandbox, crash, good)
    with pytest.raises(ConversionError, match="crashed"):
        _read(sandbox, crash)
    assert _read(sandbox, good) == "1 b.count"
    _expect(sandbox, crash, good)
    assert _read(sandbox, good) == "1 b.count"


@pytest.mark.parametrize("bad", ["d.abort", "d.leave"])
def test_a_crash_costs_none_of_the_many_around_it(
    sandbox: Sandbox, tmp_path: Path, bad: str
) -> None:
    paths = [_file(tmp_path, name) for name in ("a.count", "b.count", bad, "e.count", "f.count")]
    texts = []
    for position, path in enumerate(paths):
        _expect(sandbox, *paths[position:])
        try:
            texts.append(_read(sandbox, path))
        except ConversionError as error:
            texts.append(error.cause[:21])
    assert texts == [
        "2 a.count", "3 b.count", "the converter crashed", "1 e.count", "2 f.count",
    ]  # fmt: skip


def test_a_loop_costs_none_of_the_many_around_it(tmp_path: Path) -> None:
    names = ("a.count", "b.count", "c.loop", "d.count", "e.count")
    paths = [_file(tmp_path, name) for name in names]
    with Sandbox(timeout_s=2, memory_bytes=1_000_000_000) as sandbox:
        assert _read(sandbox, paths[0]) == "1 a.count"
        _expect(sandbox, *paths)
        assert [_read(sandbox, path) for path in paths[:2]] == ["2 a.count", "3 b.count"]
        with pytest.raises(ConversionError, match="more than 2 s"):
            _read(sandbox, paths[2])
        assert [_read(sandbox, path) for path in paths[3:]] == ["1 d.count", "2 e.count"]


def test_a_loop_costs_the_expected_file_only(tmp_path: Path) -> None:
    first, loop, good = (_file(tmp_path, name) for name in ("a.count", "b.loop", "c.count"))
    with Sandbox(timeout_s=2, memory_bytes=1_000_000_000) as sandbox:
        assert _read(sandbox, first) == "1 a.count"
        _expect(sandbox, first, loop)
        assert _read(sandbox, first) == "2 a.count"
        _expect(sandbox, loop, good)
        with pytest.raises(ConversionError, match="more than 2 s"):
            _read(sandbox, loop)
        assert _read(sandbox, good) == "1 c.count"


def test_a_loop_is_ended_while_nobody_waits_for_it(tmp_path: Path) -> None:
    first, loop, good = (_file(tmp_path, name) for name in ("a.count", "b.loop", "c.count"))
    with Sandbox(timeout_s=1, memory_bytes=1_000_000_000) as sandbox:
        assert _read(sandbox, first) == "1 a.count"
        _expect(sandbox, loop)
        _wait_for_the_end_of(sandbox)
        with pytest.raises(ConversionError, match="more than 1 s"):
            _read(sandbox, loop)
        assert _read(sandbox, good) == "1 c.count"


def test_memory_is_watched_while_nobody_waits(sandbox: Sandbox, tmp_path: Path) -> None:
    loop, good = _file(tmp_path, "b.loop"), _file(tmp_path, "c.count")
    child = sandbox._child
    assert child is not None
    # The system's own limit would end it before; where there's none, this one does.
    child._memory_bytes = 1
    _expect(sandbox, loop)
    _wait_for_the_end_of(sandbox)
    assert _read(sandbox, good) == "1 c.count"


def test_a_process_that_ended_unnoticed_costs_no_file(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sandbox.child_pid is not None
    psutil.Process(sandbox.child_pid).kill()
    _wait_for_the_end_of(sandbox)
    # As where it ends between the look at it and the request.
    monkeypatch.setattr(ConvertingProcess, "alive", True)
    assert _read(sandbox, _file(tmp_path, "a.count")) == "1 a.count"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signal")
def test_used_up_processor_time_is_the_reason(sandbox: Sandbox, tmp_path: Path) -> None:
    hungry = _file(tmp_path, "a.xcpu")
    _expect(sandbox, hungry)
    with pytest.raises(ConversionError, match="too much of the processor's time"):
        _read(sandbox, hungry)


def test_a_process_is_replaced_all_the_same(tmp_path: Path) -> None:
    paths = [_file(tmp_path, f"{name}.count") for name in "abcde"]
    texts = []
    with Sandbox(timeout_s=60, memory_bytes=1_000_000_000, max_files=2) as sandbox:
        for position, path in enumerate(paths):
            _expect(sandbox, *paths[position : position + 2])
            texts.append(_read(sandbox, path))
    assert texts == ["1 a.count", "2 b.count", "1 c.count", "2 d.count", "1 e.count"]
