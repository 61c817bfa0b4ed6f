"""Reads files in a process of its own, so that none can hurt, hang or slow the program.

One process reads file after file, and is replaced when it broke, grew or served long enough.
What it may do is in `converters.sandbox_limits`; here its time and memory are watched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO, cast

from converters.registry import TEXT_LIMIT
from converters.sandbox_wire import (
    MessageTooLargeError,
    Reply,
    Request,
    decode_reply,
    encode,
    read_frame,
    write_frame,
)
from localsearch.types import CancelledError, ConversionError, LocalsearchError, NoTextError

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from converters.registry import Conversion

_MAX_FILES = 2000
_START_TIMEOUT_S = 60.0
# Recognising the text of pictures has its own limits, in `converters.pdf_ocr`; they end first.
_OCR_EXTRA_S = 660.0
_POLL_S = 0.25
_END_TIMEOUT_S = 5.0
# The kernel's limit steps in where ours can't: when this program is gone or stopped.
_CPU_GRACE_S = 10
# UTF-8 takes up to four bytes a character; places and headings come on top.
_BYTES_PER_CHARACTER = 4
_EXTRA_REPLY_BYTES = 64_000_000
# Where programs, libraries and languages are, and on Windows the system.
_KEPT_VARIABLES = (
    "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TESSDATA_PREFIX",
    "SYSTEMROOT", "COVERAGE_PROCESS_START",
)  # fmt: skip
# Threads of number libraries take address space for themselves, and one file needs none.
_SET_VARIABLES = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Sandbox:
    """Reads files one at a time in one process that is reused; close it, or use it with `with`.

    `timeout_s` is wall time for one file, `memory_bytes` bounds the process, `max_files` is how
    many files a process reads before a fresh one takes over. Not for several threads at once.
    """

    def __init__(
        self,
        *,
        timeout_s: float,
        memory_bytes: int,
        max_files: int = _MAX_FILES,
        cancel: threading.Event | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._max_files = max_files
        self._cancel = cancel
        self._child: _Child | None = None
        self._peak_bytes = 0

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def child_pid(self) -> int | None:
        """The process that reads now; None before the first file and while none is there."""
        return self._child.pid if self._child is not None else None

    @property
    def peak_bytes(self) -> int:
        """The most memory that any of its processes held, as far as they lived to say it."""
        return self._peak_bytes

    def convert(
        self,
        path: str,
        *,
        text_limit: int = TEXT_LIMIT,
        ocr: bool = False,
        plugins: Sequence[str] = (),
    ) -> Conversion:
        """What `converters.registry.convert_file` gives for the file, or its errors.

        A file that takes too long or too much memory, or that crashes its converter, is a
        ConversionError as well. Raises CancelledError soon after `cancel` is set, and
        LocalsearchError where no process can be started.
        """
        timeout_s = self._timeout_s + (_OCR_EXTRA_S if ocr else 0.0)
        request = Request(
            os.fsencode(path), text_limit, ocr, tuple(plugins), int(timeout_s) + _CPU_GRACE_S
        )
        child = self._ready_child(ocr=ocr)
        was_fresh = child.files == 0
        try:
            reply = self._ask(child, request, timeout_s)
        except _ChildFailedError:
            if was_fresh:
                raise
            # Earlier files may have left it short of memory: this one gets a process of its own.
            reply = self._ask(self._ready_child(ocr=ocr), request, timeout_s)
        return _result(reply)

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _ready_child(self, *, ocr: bool) -> _Child:
        child = self._child
        if child is not None:
            if (
                child.alive
                and child.ocr == ocr
                and child.files < self._max_files
                # Freed memory seldom goes back to the system.
                and child.peak_bytes <= self._memory_bytes // 2
            ):
                return child
            self.close()
        self._child = _Child(self._memory_bytes, ocr=ocr)
        try:
            self._child.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self._child

    def _ask(self, child: _Child, request: Request, timeout_s: float) -> Reply:
        limit = request.text_limit * _BYTES_PER_CHARACTER + _EXTRA_REPLY_BYTES
        try:
            child.send(encode(request), limit)
            reply = self._wait(child, time.monotonic() + timeout_s)
        except BaseException:
            self.close()
            raise
        if reply is None:
            self.close()
            raise ConversionError(f"reading it took more than {timeout_s:g} s")
        if reply.outcome == "out_of_memory":
            self.close()
            raise self._too_much_memory()
        self._peak_bytes = max(self._peak_bytes, reply.peak_bytes)
        return reply

    def _wait(self, child: _Child, deadline_s: float) -> Reply | None:
        """The child's reply; None when it didn't come in time."""
        while True:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return None
            with contextlib.suppress(Empty):
                return child.receive(min(left_s, _POLL_S))
            if self._cancel is not None and self._cancel.is_set():
                raise CancelledError
            if child.resident_bytes() > self._memory_bytes:
                raise self._too_much_memory()

    def _too_much_memory(self) -> _ChildFailedError:
        allowed = f"{self._memory_bytes / 1e9:.1f} GB"
        return _ChildFailedError(f"reading it takes more memory than is allowed ({allowed})")


class _ChildFailedError(ConversionError):
    """The process broke over a file, and another one may not."""


class _Child:
    """One converting process and the pipes to it."""

    def __init__(self, memory_bytes: int, *, ocr: bool) -> None:
        self.ocr = ocr
        self.files = 0
        self.peak_bytes = 0
        try:
            self._process = subprocess.Popen(
                _command(memory_bytes, ocr=ocr),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                # Ctrl-C is for the program to answer; a group can be ended with its children.
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            raise _cannot_start(str(error)) from error
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies: SimpleQueue[bytes | None] = SimpleQueue()
        self._max_reply_bytes = _EXTRA_REPLY_BYTES
        self._said_too_much = False
        Thread(target=self._read_replies, name="sandbox replies", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait for it to have everything imported and every right given up."""
        try:
            reply = self.receive(_START_TIMEOUT_S)
        except (Empty, ConversionError) as error:
            raise _cannot_start("it didn't start") from error
        if reply.outcome != "ready":
            raise _cannot_start("it didn't start as it should")

    def send(self, request: bytes, max_reply_bytes: int) -> None:
        """Ask for a file; the reply may be `max_reply_bytes` long."""
        self._max_reply_bytes = max_reply_bytes
        self.files += 1
        try:
            write_frame(self._requests, request)
        except OSError as error:
            raise self._broken() from error

    def receive(self, timeout_s: float) -> Reply:
        """The next reply; raises queue.Empty when none comes in time, ConversionError when
        none can come any more.
        """
        import msgspec

        data = self._replies.get(timeout=timeout_s)
        if data is None:
            raise self._broken()
        try:
            reply = decode_reply(data)
        except msgspec.DecodeError as error:
            raise _ChildFailedError("the converter crashed (its answer makes no sense)") from error
        self.peak_bytes = max(self.peak_bytes, reply.peak_bytes)
        return reply

    def resident_bytes(self) -> int:
        """The memory that it holds now; 0 when it's gone."""
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """End it, whatever it does."""
        # Until it's waited for, its id can't belong to another process.
        if self._process.returncode is None:
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        with contextlib.suppress(OSError):
            self._requests.close()

    def _read_replies(self) -> None:
        with cast("BinaryIO", self._process.stdout) as pipe:
            data: bytes | None = b""
            while data is not None:
                try:
                    data = read_frame(pipe, self._max_reply_bytes)
                except MessageTooLargeError:
                    self._said_too_much = True
                    data = None
                except OSError:
                    data = None
                self._replies.put(data)

    def _broken(self) -> ConversionError:
        if self._said_too_much:
            return ConversionError("the converter gave more than is read from one file")
        try:
            status = self._process.wait(timeout=_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return _ChildFailedError("the converter stopped answering")
        if status == -getattr(signal, "SIGKILL", 9):
            return _ChildFailedError("the system ended the converter, likely for want of memory")
        if status < 0:
            return _ChildFailedError(f"the converter crashed (signal {-status})")
        return _ChildFailedError(f"the converter crashed (exit code {status})")


def _command(memory_bytes: int, *, ocr: bool) -> list[str]:
    # -P: no module may come from the folder that the program happens to run in.
    options = ["-P", "-B", "-X", "utf8"]
    arguments = [str(memory_bytes), "ocr" if ocr else "plain"]
    return [sys.executable, *options, "-m", "converters.sandbox_child", *arguments]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, **_SET_VARIABLES}


def _cannot_start(reason: str) -> LocalsearchError:
    return LocalsearchError(
        f"the process that reads files can't be started: {reason}",
        "Check that the system has memory and processes to spare, then try again.",
    )


def _result(reply: Reply) -> Conversion:
    if reply.outcome == "no_text":
        raise NoTextError(reply.cause, reply.remedy)
    if reply.conversion is None:
        raise ConversionError(reply.cause, reply.remedy)
    return reply.conversion
