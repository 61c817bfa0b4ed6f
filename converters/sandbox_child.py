"""The converting process: reads one file after the other, with no right to do anything else.

Run by `converters.sandbox` as `python -m converters.sandbox_child MEMORY_BYTES OCR`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from converters.registry import convert_file
from converters.sandbox_limits import CpuLimit, PeakMemory, restrict
from converters.sandbox_wire import FrameReader, Reply, Request, decode_request, encode, write_frame
from localsearch.types import ConversionError, NoTextError

if TYPE_CHECKING:
    from io import BufferedReader

_MAX_REQUEST_BYTES = 1 << 20
# Room to say that memory ran out.
_RESERVE_BYTES = 1 << 20


class _Reserve:
    """Memory that's held for the moment when there's no more."""

    def __init__(self) -> None:
        self._held = b""

    def fill(self) -> None:
        """Hold it; kept from file to file, as taking it costs as much as reading a small one."""
        if not self._held:
            self._held = bytes(_RESERVE_BYTES)

    def give(self) -> None:
        """Let it be used."""
        self._held = b""


_reserve = _Reserve()
_peak = PeakMemory()


def main(arguments: list[str]) -> None:
    """Answer requests on stdin until it ends, and end with the program that asks."""
    memory_bytes, ocr = int(arguments[0]), arguments[1] == "ocr"
    requests, replies, lifeline = _take_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _preload()
    restrict(memory_bytes, ocr=ocr)
    # A thread, so that the process ends with its parent even while it reads a file. Requests come
    # by another pipe: a thread that wakes for each of them takes turns with the one that converts.
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    write_frame(replies, encode(Reply("ready")))
    cpu_limit = CpuLimit()
    frames = FrameReader(requests)
    while (data := frames.read(lambda: _MAX_REQUEST_BYTES)) is not None:
        request = decode_request(data)
        cpu_limit.allow(request.cpu_s)
        write_frame(replies, _answer(request))


def _take_pipes() -> tuple[BufferedReader, BinaryIO, int]:
    """The pipes to the parent: requests, replies, and the one that ends with it.

    Whatever prints or asks from now on meets the null device.
    """
    requests, replies, lifeline = os.dup(0), os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    return open(requests, "rb"), open(replies, "wb"), lifeline


def _end_with_parent(lifeline: int) -> None:
    try:
        # Nothing is ever written to it.
        os.read(lifeline, 1)
    finally:
        os._exit(0)


def _preload() -> None:
    """Import what every file needs, so that no file's time is spent on it."""
    from converters.language import detect_language

    detect_language("The first text takes longer than all that follow.")


def _answer(request: Request) -> bytes:
    _reserve.fill()
    try:
        return encode(replace(_convert(request), number=request.number))
    except UnicodeEncodeError:
        failed = Reply("failed", cause="holds text that isn't valid Unicode")
    except MemoryError:
        _reserve.give()
        failed = Reply("out_of_memory")
    except RecursionError:
        failed = Reply("failed", cause="nested too deeply to be read")
    except Exception as error:  # noqa: BLE001 - nothing that a file causes may end the process
        failed = Reply("failed", cause=f"the converter failed ({type(error).__name__})")
    return encode(replace(failed, number=request.number))


def _convert(request: Request) -> Reply:
    try:
        conversion = convert_file(
            os.fsdecode(request.path),
            text_limit=request.text_limit,
            ocr=request.ocr,
            plugins=request.plugins,
            time_s=request.read_s,
        )
    except NoTextError as error:
        return Reply("no_text", None, error.cause, error.remedy, _peak.look_bytes())
    except ConversionError as error:
        if isinstance(error.__cause__, MemoryError):
            return Reply("out_of_memory")
        return Reply("failed", None, error.cause, error.remedy, _peak.look_bytes())
    return Reply("converted", conversion, peak_bytes=_peak.look_bytes())


if __name__ == "__main__":
    main(sys.argv[1:])
