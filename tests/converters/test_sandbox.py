"""No file can hurt, hang or slow the program, whatever it makes its converter do."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from converters.registry import convert_file
from converters.sandbox import Sandbox
from localsearch.types import CancelledError, ConversionError, NoTextError
from tests.converters import faulty

_ROOT = Path(__file__).parents[2]
_PLUGINS = tuple(name.lower() for name in faulty.ALL)
# Enough for Python and its libraries, and soon used up.
_MEMORY_BYTES = 1_000_000_000

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = faulty.install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(site), str(_ROOT))))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=60, memory_bytes=_MEMORY_BYTES) as opened:
        yield opened


def _file(folder: Path, suffix: str, content: str = "") -> str:
    path = folder / f"file.{suffix}"
    path.write_text(content, encoding="utf-8")
    return str(path)


def _read(sandbox: Sandbox, path: str) -> str:
    (document,) = sandbox.convert(path, plugins=_PLUGINS).documents
    return document.blocks[0].text


def _skip_without_filter() -> None:
    try:
        import pyseccomp  # noqa: F401
    except RuntimeError:
        pytest.skip("the system has no libseccomp")


def _still_reads(sandbox: Sandbox, folder: Path) -> bool:
    return _read(sandbox, _file(folder, "txt", "Still here.\n")) == "Still here."


def test_it_gives_what_reading_here_gives(sandbox: Sandbox) -> None:
    for path in sorted((_ROOT / "sample").rglob("*.*")):
        assert sandbox.convert(str(path)) == convert_file(str(path))


def test_the_first_answer_may_be_long(sandbox: Sandbox, tmp_path: Path) -> None:
    text = "\n".join(f"{number} words and more words" for number in range(20_000))
    (document,) = sandbox.convert(_file(tmp_path, "log", text)).documents
    assert sum(len(block.text) for block in document.blocks) > 100_000


def test_it_raises_what_reading_here_raises(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(NoTextError, match="binary file"):
        sandbox.convert(str(tmp_path / "photo.jpg"))
    with pytest.raises(ConversionError, match="can't be opened"):
        sandbox.convert(str(tmp_path / "missing.txt"))
    (tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(ConversionError) as here:
        convert_file(str(tmp_path / "damaged.pdf"))
    with pytest.raises(ConversionError) as there:
        sandbox.convert(str(tmp_path / "damaged.pdf"))
    assert (there.value.cause, there.value.remedy) == (here.value.cause, here.value.remedy)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names there are Unicode")
def test_names_that_are_no_unicode_are_read(sandbox: Sandbox, tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt")
    Path(os.fsdecode(path)).write_text("Ein Kaffee.\n")
    assert _read(sandbox, os.fsdecode(path)) == "Ein Kaffee."


def test_a_loop_costs_its_file_only(tmp_path: Path) -> None:
    with Sandbox(timeout_s=2, memory_bytes=_MEMORY_BYTES) as sandbox:
        began_s = time.monotonic()
        with pytest.raises(ConversionError, match="reading it took more than 2 s"):
            _read(sandbox, _file(tmp_path, "loop"))
        assert time.monotonic() - began_s < 60
        assert _still_reads(sandbox, tmp_path)


def test_memory_without_end_costs_its_file_only(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"more memory than is allowed \(1\.0 GB\)"):
        _read(sandbox, _file(tmp_path, "hoard"))
    assert _still_reads(sandbox, tmp_path)


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [("abort", r"crashed \(signal 6\)"), ("leave", r"crashed \(exit code 3\)")],
)
def test_a_crash_costs_its_file_only(
    sandbox: Sandbox, tmp_path: Path, suffix: str, reason: str
) -> None:
    assert _still_reads(sandbox, tmp_path)
    with pytest.raises(ConversionError, match=reason):
        _read(sandbox, _file(tmp_path, suffix))
    assert _still_reads(sandbox, tmp_path)


def test_no_connection_is_made(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        with pytest.raises(ConversionError, match="converters may not use the network"):
            _read(sandbox, _file(tmp_path, "connect", str(port)))
        with pytest.raises(BlockingIOError):
            server.accept()


@linux_only
@pytest.mark.parametrize(
    "suffix", ["nativesocket", "nativewrite", "nativefork", "nativesignal", "nativelimits"]
)
def test_the_kernel_refuses_what_passes_python(
    sandbox: Sandbox, tmp_path: Path, suffix: str
) -> None:
    _skip_without_filter()
    wanted = tmp_path / "written"
    assert _read(sandbox, _file(tmp_path, suffix, str(wanted))) == "made -1 errno 1"
    assert not wanted.exists()


def test_no_program_is_started(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="may not start programs"):
        _read(sandbox, _file(tmp_path, "spawn"))
    with pytest.raises(ConversionError, match="may not start programs"):
        sandbox.convert(_file(tmp_path, "spawn"), ocr=True, plugins=_PLUGINS)


@pytest.mark.skipif(sys.platform == "win32", reason="its stand-in is a shell script")
def test_only_ocr_may_start_tesseract(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho Recognised.\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    path = _file(tmp_path, "recognise")
    with pytest.raises(ConversionError, match="may not start programs"):
        sandbox.convert(path, plugins=_PLUGINS)
    (document,) = sandbox.convert(path, ocr=True, plugins=_PLUGINS).documents
    assert document.blocks[0].text.strip() == "Recognised."


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract isn't installed")
def test_the_real_tesseract_reads_a_page(sandbox: Sandbox, tmp_path: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("L", (1240, 400), 255)
    words = "The tenant gives three months notice"
    ImageDraw.Draw(page).text((80, 150), words, font=ImageFont.load_default(48), fill=0)
    scan = tmp_path / "scan.pdf"
    page.save(scan, resolution=150)
    with pytest.raises(ConversionError, match="scanned pages"):
        sandbox.convert(str(scan))
    (document,) = sandbox.convert(str(scan), ocr=True).documents
    assert words in document.blocks[0].text
    assert document.blocks[0].locator.page == 1


def test_no_file_is_written_or_deleted(sandbox: Sandbox, tmp_path: Path) -> None:
    wanted = tmp_path / "written"
    with pytest.raises(ConversionError, match="may not write files"):
        _read(sandbox, _file(tmp_path, "write", str(wanted)))
    assert not wanted.exists()
    wanted.write_text("kept")
    with pytest.raises(ConversionError):
        _read(sandbox, _file(tmp_path, "delete", str(wanted)))
    assert wanted.read_text() == "kept"


def test_gigabytes_of_text_are_cut(tmp_path: Path) -> None:
    with Sandbox(timeout_s=60, memory_bytes=2_000_000_000) as sandbox:
        path = _file(tmp_path, "gigabytes")
        conversion = sandbox.convert(path, text_limit=1_000_000, plugins=_PLUGINS)
    length = sum(len(block.text) for each in conversion.documents for block in each.blocks)
    assert length <= 1_000_000


def test_an_answer_longer_than_its_bound_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="gave more than is read from one file"):
        sandbox.convert(_file(tmp_path, "headings"), text_limit=1000, plugins=_PLUGINS)
    assert _still_reads(sandbox, tmp_path)


def test_what_a_converter_prints_goes_nowhere(sandbox: Sandbox, tmp_path: Path) -> None:
    assert _read(sandbox, _file(tmp_path, "chatter")) == "read ''"
    assert _still_reads(sandbox, tmp_path)


def test_endless_recursion_is_a_reason(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="nested too deeply"):
        _read(sandbox, _file(tmp_path, "recurse"))


def test_the_environment_stays_outside(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "1234")
    names = _read(sandbox, _file(tmp_path, "secrets")).split()
    assert "SECRET_TOKEN" not in names
    assert "HOME" not in names


def test_one_process_reads_many_files(sandbox: Sandbox, tmp_path: Path) -> None:
    path = _file(tmp_path, "pid")
    assert len({_read(sandbox, path) for _ in range(300)}) == 1


def test_a_process_is_replaced_after_so_many_files(tmp_path: Path) -> None:
    path = _file(tmp_path, "pid")
    with Sandbox(timeout_s=60, memory_bytes=_MEMORY_BYTES, max_files=3) as sandbox:
        pids = [_read(sandbox, path) for _ in range(7)]
    assert [pids.index(pid) for pid in pids] == [0, 0, 0, 3, 3, 3, 6]
    assert not any(psutil.pid_exists(int(pid)) for pid in pids)


def test_a_process_that_grew_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    first = _read(sandbox, _file(tmp_path, "pid"))
    assert _read(sandbox, _file(tmp_path, "grow")) == first
    assert _read(sandbox, _file(tmp_path, "pid")) != first


@linux_only
def test_a_large_program_does_not_make_its_process_look_large(tmp_path: Path) -> None:
    path = _file(tmp_path, "pid")
    # Written to, so that it's held and not just promised.
    held = bytearray(b"x") * 300_000_000
    with Sandbox(timeout_s=60, memory_bytes=600_000_000) as sandbox:
        assert _read(sandbox, path) == _read(sandbox, path)
    assert len(held) == 300_000_000


def test_a_process_that_died_between_files_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    path = _file(tmp_path, "pid")
    first = _read(sandbox, path)
    psutil.Process(int(first)).kill()
    assert _read(sandbox, path) != first


def test_closing_ends_the_process(tmp_path: Path) -> None:
    sandbox = Sandbox(timeout_s=60, memory_bytes=_MEMORY_BYTES)
    pid = int(_read(sandbox, _file(tmp_path, "pid")))
    sandbox.close()
    assert not psutil.pid_exists(pid)


def test_a_stop_ends_a_file_at_once(tmp_path: Path) -> None:
    cancel = threading.Event()
    with Sandbox(timeout_s=200, memory_bytes=_MEMORY_BYTES, cancel=cancel) as sandbox:
        assert _still_reads(sandbox, tmp_path)
        threading.Timer(0.5, cancel.set).start()
        with pytest.raises(CancelledError):
            _read(sandbox, _file(tmp_path, "loop"))
        assert sandbox.child_pid is None


_PARENT = """
import sys
from converters.sandbox import Sandbox
sandbox = Sandbox(timeout_s=200, memory_bytes=1_000_000_000)
sandbox.convert(sys.argv[1])
sandbox.expect(sys.argv[2:], plugins=("loop",))
print(sandbox.child_pid, flush=True)
sandbox.convert(sys.argv[2], plugins=("loop",))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it ends processes with signals")
def test_the_process_ends_with_the_program(tmp_path: Path) -> None:
    quick, endless = _file(tmp_path, "txt", "Quick.\n"), _file(tmp_path, "loop")
    for path in (quick, endless):
        # Old enough to be expected: another request waits while the endless one is read.
        os.utime(path, (1_700_000_000, 1_700_000_000))
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, quick, endless, quick], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent, parent.stdout as output:
        child = psutil.Process(int(output.readline()))
        parent.send_signal(signal.SIGKILL)
        child.wait(timeout=60)
