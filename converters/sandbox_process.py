"""One converting process: starting it, talking to it, telling how it broke, ending it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import BinaryIO, cast

from converters.running_clock import RunningClock
from converters.sandbox_wire import (
    MessageTooLargeError,
    Reply,
    Request,
    decode_reply,
    encode,
    read_frame,
    write_frame,
)
from localsearch.types import ConversionError, LocalsearchError

_START_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 5.0
_MAX_READY_BYTES = 1000
_POLL_S = 0.25
# Whoever waits for the answer notices first, and says it better.
_WATCH_GRACE_S = 1.0
# Where programs, libraries and languages are, and on Windows the system.
_KEPT_VARIABLES = (
    "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TESSDATA_PREFIX",
    "SYSTEMROOT",
)  # fmt: skip
# Threads of number libraries take address space for themselves, and one file needs none.
_SET_VARIABLES = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class ProcessFailedError(ConversionError):
    """The process broke over a file, and another one may not."""


class ConvertingProcess:
    """A running `converters.sandbox_child` and the pipes to it.

    It's ended when it takes too much memory, or too long over a file, also while nobody waits for
    its answer.

    `files` counts what it was asked for, `peak_bytes` is the most memory that it said it held,
    `answered_s` when the last answer that was taken came, by `clock`, and `still_s` for how long
    that had stood still until then. It counts no time for which this program was stopped.
    """

    def __init__(self, memory_bytes: int, *, ocr: bool) -> None:
        self.ocr = ocr
        self.files = 0
        self.peak_bytes = 0
        self.answered_s = self.still_s = 0.0
        self.clock = RunningClock()
        self._memory_bytes = memory_bytes
        self._ended_for: ConversionError | None = None
        self._closed = Event()
        self._busy = Event()
        # When each file was asked for and how long it may take, the one in work first.
        self._asked: deque[tuple[float, float]] = deque()
        self._replied_s = 0.0
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
        self._replies: SimpleQueue[tuple[bytes | None, float, float]] = SimpleQueue()
        self._max_reply_bytes = _MAX_READY_BYTES
        self._said_too_much = False
        Thread(target=self._read_replies, name="sandbox replies", daemon=True).start()
        Thread(target=self._watch, name="sandbox watch", daemon=True).start()

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
        deadline_s = self.clock.now_s() + _START_TIMEOUT_S
        reply = None
        while reply is None:
            try:
                reply = self.receive(_POLL_S)
            except Empty as error:
                if self.clock.now_s() > deadline_s:
                    raise _cannot_start("it didn't start") from error
            except ConversionError as error:
                raise _cannot_start("it didn't start") from error
        if reply.outcome != "ready":
            raise _cannot_start("it didn't start as it should")

    def send(self, request: Request, max_reply_bytes: int, timeout_s: float) -> None:
        """Ask for a file; the reply may be `max_reply_bytes` long and take `timeout_s`."""
        self._max_reply_bytes = max_reply_bytes
        self.files += 1
        self._asked.append((self.clock.now_s(), timeout_s))
        self._busy.set()
        try:
            write_frame(self._requests, encode(request))
        except OSError as error:
            raise self._broken() from error

    def receive(self, timeout_s: float) -> Reply:
        """The next reply; raises queue.Empty when none comes in time, ConversionError when
        none can come any more.
        """
        import msgspec

        data, self.answered_s, self.still_s = self._replies.get(timeout=timeout_s)
        if data is None:
            raise self._broken()
        try:
            reply = decode_reply(data)
        except msgspec.DecodeError as error:
            raise ProcessFailedError("the converter crashed (its answer makes no sense)") from error
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
        self._stop_watching()
        self._signal_end()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._requests.close()

    def _stop_watching(self) -> None:
        self._closed.set()
        self._busy.set()

    def _signal_end(self) -> None:
        # Until it's waited for, its id can't belong to another process.
        if self._process.returncode is None:
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self.pid, signal.SIGKILL)

    def _watch(self) -> None:
        """End it where a file takes too much, whether or not its answer is waited for."""
        while not self._closed.wait(_POLL_S):
            try:
                sent_s, timeout_s = self._asked[0]
            except IndexError:
                self._busy.clear()
                # A file may have been asked for in between.
                if not self._asked and not self._closed.is_set():
                    self._busy.wait()
                continue
            taken_s = self.clock.now_s() - max(sent_s, self._replied_s)
            if self.resident_bytes() > self._memory_bytes:
                self._ended_for = too_much_memory(self._memory_bytes)
            elif taken_s > timeout_s + _WATCH_GRACE_S:
                self._ended_for = took_too_long(timeout_s)
            else:
                continue
            self._signal_end()
            return

    def _read_replies(self) -> None:
        with cast("BinaryIO", self._process.stdout) as pipe:
            data: bytes | None = b""
            while data is not None:
                try:
                    data = read_frame(pipe, lambda: self._max_reply_bytes)
                except MessageTooLargeError:
                    self._said_too_much = True
                    data = None
                except OSError:
                    data = None
                self._note_reply()
                # Later on nobody may look at the clock for long, which is no standing still.
                self._replies.put((data, self._replied_s, self.clock.still_s()))
        self._stop_watching()

    def _note_reply(self) -> None:
        self._replied_s = self.clock.now_s()
        # The first reply only says that it's ready.
        with contextlib.suppress(IndexError):
            self._asked.popleft()

    def _broken(self) -> ConversionError:
        if self._ended_for is not None:
            return self._ended_for
        if self._said_too_much:
            return ConversionError("the converter gave more than is read from one file")
        try:
            status = self._process.wait(timeout=_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return ProcessFailedError("the converter stopped answering")
        if status == -getattr(signal, "SIGKILL", 9):
            return ProcessFailedError("the system ended the converter, likely for want of memory")
        if status == -getattr(signal, "SIGXCPU", 24):
            # Its limit is counted for the file alone: in another process it would end the same.
            return ConversionError("reading it took too much of the processor's time")
        if status < 0:
            return ProcessFailedError(f"the converter crashed (signal {-status})")
        return ProcessFailedError(f"the converter crashed (exit code {status})")


def too_much_memory(allowed_bytes: int) -> ProcessFailedError:
    """What's said of a file over which the process grew too large."""
    allowed = f"{allowed_bytes / 1e9:.1f} GB"
    return ProcessFailedError(f"reading it takes more memory than is allowed ({allowed})")


def took_too_long(timeout_s: float) -> ConversionError:
    """What's said of a file that took more than its time."""
    return ConversionError(f"reading it took more than {timeout_s:g} s")


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
