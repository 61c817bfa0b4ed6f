"""One converting process: starting it, talking to it, telling how it broke, ending it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, BinaryIO, cast

from converters.running_clock import RunningClock
from converters.sandbox_start import cannot_start, ended_early, start_process
from converters.sandbox_wire import (
    FrameReader,
    MessageTooLargeError,
    Reply,
    Request,
    decode_reply,
    encode,
    write_frame,
)
from localsearch.types import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader

_START_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 5.0
_MAX_READY_BYTES = 1000
# Waking up for each answer costs the process that gives it up to a tenth of a small file's time.
_GATHER_S = 0.0005
_MAX_GATHERS = 8
_POLL_S = 0.25
# Whoever waits for the answer notices first, and says it better.
_WATCH_GRACE_S = 1.0


class ProcessFailedError(ConversionError):
    """The process broke over a file, and another one may not."""


class KilledError(ProcessFailedError):
    """Somebody else ended the process: the system for want of memory, or a person."""


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
        self._ended_over: int | None = None
        self._closed = Event()
        self._busy = Event()
        # The number of each file, when it was asked for and how long it may take, the one in
        # work first.
        self._asked: deque[tuple[int, float, float]] = deque()
        self._replied_s = 0.0
        try:
            self._process, lifeline = start_process(memory_bytes, ocr=ocr)
        except OSError as error:
            raise cannot_start(str(error)) from error
        self._lifeline: int | None = lifeline
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies: SimpleQueue[tuple[bytes | None, float, float]] = SimpleQueue()
        self._max_reply_bytes = _MAX_READY_BYTES
        self._said_too_much = False
        # Each is counted by one thread alone.
        self._read_bytes = self._taken_bytes = self._waiting_bytes = 0
        self._start_threads()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def _start_threads(self) -> None:
        replies = Thread(target=self._read_replies, name="sandbox replies", daemon=True)
        try:
            replies.start()
            Thread(target=self._watch, name="sandbox watch", daemon=True).start()
        except BaseException as error:
            self.kill()
            if replies.ident is None:
                # Otherwise that thread closes it.
                cast("BinaryIO", self._process.stdout).close()
            if isinstance(error, RuntimeError):
                raise cannot_start(str(error)) from error
            raise

    def wait_until_ready(self) -> None:
        """Wait for it to have everything imported and every right given up.

        Raises EndedEarlyError where it ends before that, LocalsearchError where it doesn't begin.
        """
        deadline_s = self.clock.now_s() + _START_TIMEOUT_S
        reply = None
        while reply is None:
            try:
                reply = self.receive(0, _POLL_S)
            except Empty as error:
                if self.clock.now_s() > deadline_s:
                    raise cannot_start("it didn't start") from error
            except ConversionError as error:
                raise ended_early(error.cause) from error
        if reply.outcome != "ready":
            raise cannot_start("it didn't start as it should")

    def send(self, request: Request, max_reply_bytes: int, timeout_s: float) -> None:
        """Ask for a file; the reply may be `max_reply_bytes` long and take `timeout_s`."""
        self._max_reply_bytes = max_reply_bytes
        self.files += 1
        self._asked.append((request.number, self.clock.now_s(), timeout_s))
        self._busy.set()
        try:
            write_frame(self._requests, encode(request))
        except OSError as error:
            raise self._broken(request.number) from error

    def receive(self, number: int, timeout_s: float) -> Reply:
        """The next reply, which is the one to the request of that number.

        Raises queue.Empty when none comes in time, ConversionError when none can come any more or
        it's the reply to another one.
        """
        import msgspec

        data, self.answered_s, self.still_s = self._replies.get(timeout=timeout_s)
        if data is None:
            raise self._broken(number)
        self._taken_bytes += len(data)
        try:
            reply = decode_reply(data)
        except msgspec.DecodeError as error:
            raise ProcessFailedError("the converter crashed (its answer makes no sense)") from error
        if reply.number != number:
            raise ProcessFailedError("the converter answered for another file")
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
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

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
                number, sent_s, timeout_s = self._asked[0]
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
                # Its answer may come all the same, and whoever waits then waits for the next one.
                self._ended_over, self._ended_for = number, took_too_long(timeout_s)
            else:
                continue
            self._signal_end()
            return

    def _read_replies(self) -> None:
        with cast("BufferedReader", self._process.stdout) as pipe:
            frames, is_there = FrameReader(pipe), _readiness(pipe)
            data: bytes | None = b""
            while data is not None:
                if not frames.holds_more:
                    self._let_replies_gather(is_there)
                data = self._read_reply(frames)
                self._replies.put((data, *self._note_reply()))
        self._stop_watching()

    def _let_replies_gather(self, is_there: Callable[[], bool]) -> None:
        """Look for the next reply now and then, while the process has others to work on."""
        for _ in range(_MAX_GATHERS):
            if len(self._asked) < 2 or is_there():
                return
            time.sleep(_GATHER_S)

    def _read_reply(self, frames: FrameReader) -> bytes | None:
        """The next reply; None where none can come any more."""
        try:
            data = frames.read(self._room_bytes)
        except MessageTooLargeError:
            if self._waiting_bytes:
                # That's no fault of the file: another process reads it again.
                self._ended_for = ProcessFailedError("the answers before it take too much memory")
            else:
                self._said_too_much = True
            self._signal_end()
            return None
        except OSError:
            return None
        self._read_bytes += len(data or b"")
        return data

    def _room_bytes(self) -> int:
        """How long the next reply may be, beside those that nobody took yet."""
        self._waiting_bytes = self._read_bytes - self._taken_bytes
        return self._max_reply_bytes - self._waiting_bytes

    def _note_reply(self) -> tuple[float, float]:
        """When a reply came, and for how long the clock had stood still until then."""
        self._replied_s = self.clock.now_s()
        # Later on nobody may look at the clock for long, which is no standing still.
        still_s = self.clock.still_s()
        # The first reply only says that it's ready.
        with contextlib.suppress(IndexError):
            self._asked.popleft()
        return self._replied_s, still_s

    def _broken(self, number: int) -> ConversionError:
        """Why there's no reply to the request of that number."""
        if self._ended_over not in (None, number):
            return ProcessFailedError("the converter was ended over another file")
        if self._ended_for is not None:
            return self._ended_for
        if self._said_too_much:
            return ConversionError("the converter gave more than is read from one file")
        try:
            status = self._process.wait(timeout=_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return ProcessFailedError("the converter stopped answering")
        if status == -getattr(signal, "SIGKILL", 9):
            return KilledError(
                "the system ended the converter, likely for want of memory"
                " (`localsearch index --full` tries again)"
            )
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


def _readiness(pipe: BufferedReader) -> Callable[[], bool]:
    """Tells whether something can be read; where the system doesn't say, that's always so."""
    if sys.platform == "win32":
        return lambda: True
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return lambda: bool(poll.poll(0))
