"""Reads files in a process of its own, so that none can hurt, hang or slow the program.

One process reads file after file, and is replaced when it broke, grew or served long enough.
What it may do is in `converters.sandbox_limits`; here its time and memory are watched. While the
caller works with one file's text, the process may read the next one already.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from queue import Empty
from typing import TYPE_CHECKING

from converters.registry import TEXT_LIMIT, kind_for
from converters.sandbox_answers import Kept, is_cut, result_of
from converters.sandbox_asked import (
    Asked,
    FileState,
    is_for,
    may_wait,
    not_yet_asked,
    sent_bytes,
    settled_state_of,
)
from converters.sandbox_process import (
    ConvertingProcess,
    KilledError,
    ProcessFailedError,
    too_much_memory,
    took_too_long,
)
from converters.sandbox_start import EndedEarlyError
from converters.sandbox_wire import Reply, Request
from localsearch.types import CancelledError, ConversionError, LocalsearchError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Sequence

    from converters.registry import Conversion

_MAX_FILES = 2000
# Recognising the text of pictures has its own limits, in `converters.pdf_ocr`; they end first.
_OCR_EXTRA_S = 660.0
_MAY_HOLD_SCANS = frozenset(("pdf", "mail", "archive"))
_POLL_S = 0.25
# A fresh process takes about as long to start.
_MAX_UNWANTED_S = 0.5
# Of a file's time; in what's left, the text that there is until then gets ready.
_READ_SHARE = 0.7
# The kernel's limit steps in where ours can't: when this program is gone or stopped.
_CPU_GRACE_S = 10
# UTF-8 takes up to four bytes a character; places and headings come on top.
_BYTES_PER_CHARACTER = 4
_EXTRA_REPLY_BYTES = 64_000_000


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
        self._child: ConvertingProcess | None = None
        self._peak_bytes = 0
        self._expected: deque[Asked] = deque()
        self._kept = Kept()
        self._requests = 0

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
        request, timeout_s = self._request(path, text_limit, ocr, plugins)
        kept = self._kept.take(path, request)
        if kept is not None:
            return result_of(kept)
        asked = self._take_expected(request)
        try:
            if asked is None:
                asked = self._ask(self._ready_child(ocr=ocr), path, request, timeout_s)
            reply = self._answer(asked)
        except ProcessFailedError as error:
            if asked is not None and asked.is_first and not isinstance(error, KilledError):
                raise
            # Earlier files may have left it short of memory: this one gets a process of its own.
            # So does one whose process was ended by somebody else, as long as it's once.
            return result_of(self._ask_anew(path, request, timeout_s))
        if is_cut(reply) and self._stood_still(asked):
            # Its process may have been stopped, too, and had less than its time.
            try:
                reply = self._ask_anew(path, request, timeout_s)
            except CancelledError:
                raise
            except LocalsearchError:
                # What was read is better than nothing.
                return result_of(reply)
        return result_of(reply)

    def expect(
        self,
        paths: Iterable[str],
        *,
        text_limit: int = TEXT_LIMIT,
        ocr: bool = False,
        plugins: Sequence[str] = (),
    ) -> None:
        """Have the process read the files that `convert` will be called for next, in this order.

        Never raises and never waits; takes as many of `paths` as it begins with. A file that
        changes in between is read again by `convert`.
        """
        paths = (path for path in paths if path not in self._kept)
        for path in not_yet_asked(self._expected, paths, text_limit=text_limit, ocr=ocr):
            request, timeout_s = self._request(path, text_limit, ocr, plugins)
            if not self._begin(path, request, timeout_s):
                # The answers come in the order of the files.
                return

    def _begin(self, path: str, request: Request, timeout_s: float) -> bool:
        """Ask for a file that's expected; False where that can't be done now."""
        child = self._child
        if child is None or not self._may_read_on(child, ocr=request.ocr):
            return False
        state = settled_state_of(path)
        if state is None or not may_wait(self._expected, request, state):
            return False
        try:
            self._expected.append(self._ask(child, path, request, timeout_s, state))
        except ConversionError:
            return False
        return True

    def close(self) -> None:
        """End the process."""
        self._expected.clear()
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _request(
        self, path: str, text_limit: int, ocr: bool, plugins: Sequence[str]
    ) -> tuple[Request, float]:
        """What's asked of a process for a file, and the time that it may take for that."""
        timeout_s = self._timeout_s
        if ocr and kind_for(path) in _MAY_HOLD_SCANS:
            timeout_s += _OCR_EXTRA_S
        read_s, cpu_s = _READ_SHARE * self._timeout_s, int(timeout_s) + _CPU_GRACE_S
        self._requests += 1
        name, number = os.fsencode(path), self._requests
        return Request(name, text_limit, ocr, tuple(plugins), read_s, cpu_s, number), timeout_s

    def _ready_child(self, *, ocr: bool) -> ConvertingProcess:
        child = self._child
        if child is not None:
            if self._may_read_on(child, ocr=ocr):
                return child
            self.close()
        try:
            return self._started(ocr=ocr)
        except EndedEarlyError:
            return self._started(ocr=ocr)

    def _started(self, *, ocr: bool) -> ConvertingProcess:
        child = self._child = ConvertingProcess(self._memory_bytes, ocr=ocr)
        try:
            child.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return child

    def _may_read_on(self, child: ConvertingProcess, *, ocr: bool) -> bool:
        return (
            child.alive
            and child.ocr == ocr
            and child.files < self._max_files
            # Freed memory seldom goes back to the system.
            and child.peak_bytes <= self._memory_bytes // 2
        )

    def _take_expected(self, request: Request) -> Asked | None:
        """What the process was asked for already, if it's this very file as it is now.

        The answers before it come first, and are kept; where they take long, the process is ended.
        """
        give_up_s: float | None = None
        while self._expected and (child := self._child) is not None:
            asked = self._expected.popleft()
            if is_for(asked, request):
                return asked
            if give_up_s is None:
                give_up_s = child.clock.now_s() + _MAX_UNWANTED_S
            left_s = give_up_s - child.clock.now_s()
            try:
                reply = child.receive(asked.request.number, max(0.0, left_s))
            except (Empty, ConversionError):
                self.close()
                return None
            if reply.outcome == "out_of_memory":
                self.close()
                return None
            self._peak_bytes = max(self._peak_bytes, reply.peak_bytes)
            self._kept.keep(asked, reply)
        return None

    def _ask(
        self,
        child: ConvertingProcess,
        path: str,
        request: Request,
        timeout_s: float,
        state: FileState | None = None,
    ) -> Asked:
        limit = request.text_limit * _BYTES_PER_CHARACTER + _EXTRA_REPLY_BYTES
        sent_s, still_s = child.clock.now_s(), child.clock.still_s()
        asked = Asked(
            path, request, sent_bytes(request), timeout_s, state, sent_s, still_s, child.files == 0
        )
        try:
            child.send(request, limit, timeout_s)
        except BaseException:
            self.close()
            raise
        return asked

    def _ask_anew(self, path: str, request: Request, timeout_s: float) -> Reply:
        """The answer of a fresh process."""
        self.close()
        child = self._ready_child(ocr=request.ocr)
        return self._answer(self._ask(child, path, request, timeout_s))

    def _stood_still(self, asked: Asked) -> bool:
        """Whether the program was stopped from when a file was asked for until its answer came."""
        return self._child is not None and self._child.still_s > asked.still_s

    def _answer(self, asked: Asked) -> Reply:
        child = self._child
        if child is None:
            raise ProcessFailedError("the converter was ended")
        try:
            reply = self._wait(child, asked)
        except BaseException:
            self.close()
            raise
        if reply is None:
            self.close()
            raise took_too_long(asked.timeout_s)
        if reply.outcome == "out_of_memory":
            self.close()
            raise too_much_memory(self._memory_bytes)
        self._peak_bytes = max(self._peak_bytes, reply.peak_bytes)
        return reply

    def _wait(self, child: ConvertingProcess, asked: Asked) -> Reply | None:
        """The child's reply; None when it didn't come in time."""
        # Its time begins when the file before it is done with.
        deadline_s = max(asked.sent_s, child.answered_s) + asked.timeout_s
        while True:
            left_s = deadline_s - child.clock.now_s()
            with contextlib.suppress(Empty):
                return child.receive(asked.request.number, max(0.0, min(left_s, _POLL_S)))
            if left_s <= 0:
                return None
            if self._cancel is not None and self._cancel.is_set():
                raise CancelledError
            if child.resident_bytes() > self._memory_bytes:
                raise too_much_memory(self._memory_bytes)
