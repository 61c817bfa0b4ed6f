"""Answers searches and commands of this user's other programs, with the service's own models.

It listens on a Unix socket in the user's private runtime folder; nobody else can reach it, and
whoever does is asked for their user id besides.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from localsearch.answering.answer import answer
from localsearch.config import private_dir
from localsearch.meanwhile import as_soon_as
from localsearch.service.texts import embed, judge
from localsearch.service.wire import (
    ServiceReply,
    ServiceRequest,
    pack_stage,
    receive_request,
    send,
)
from localsearch.types import CancelledError, LocalsearchError

if TYPE_CHECKING:
    from io import BufferedRWPair

    from localsearch.service.service import Service
    from localsearch.service.wire import TextsRequest
    from localsearch.types import SearchRequest

# More searches at once only take longer each; what else is asked has to be answered meanwhile.
_SEARCHES = 4
# Nor do more batches of texts; who finds so many before it loads the model itself.
_BATCHES = 2
_HUNG_UP_EVERY_S = 0.1
_THREADS = 32
_WAITING_CONNECTIONS = 64
# Who connects says at once what it wants; who listens to an answer may take its time.
_SILENCE_S = 2.0
_IDLE_CONNECTION_S = 30.0
_NO_FILES_LEFT_S = 0.5
# struct ucred of unix(7), and struct xucred of macOS's sys/ucred.h up to the user id.
_LINUX_CREDENTIALS = struct.Struct("iII")
_MACOS_CREDENTIALS = struct.Struct("II")
_MACOS_LOCAL_PEERCRED = 1
_MACOS_XUCRED_BYTES = 76


class ServiceServer:
    """Serves `service` while it's entered; to be entered once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._path = service.paths.socket_file
        self._socket: socket.socket | None = None
        self._workers = ThreadPoolExecutor(_THREADS, thread_name_prefix="service")
        self._searches = threading.BoundedSemaphore(_SEARCHES)
        self._batches = threading.BoundedSemaphore(_BATCHES)
        self._stopping = threading.Event()
        self._accepting: threading.Thread | None = None

    def __enter__(self) -> Self:
        try:
            self._socket = self._listen()
        except OSError as error:
            self._service.on_note(
                f"other programs can't reach this one ({self._path}: {error}); they search without"
            )
            return self
        self._accepting = threading.Thread(target=self._accept, args=(self._socket,), daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._socket is not None:
            self._path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        if self._accepting is not None:
            self._accepting.join()
        self._workers.shutdown(cancel_futures=True)

    def _listen(self) -> socket.socket:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no Unix sockets")
        private_dir(self._path.parent)
        # Whoever has the writer's lock is the only service: a socket that's there is a dead one's.
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            before = os.umask(0o177)
            try:
                listening.bind(str(self._path))
            finally:
                os.umask(before)
            listening.listen(_WAITING_CONNECTIONS)
        except OSError:
            listening.close()
            raise
        return listening

    def _accept(self, listening: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                # Files may have run out; whoever comes later is served again.
                self._stopping.wait(_NO_FILES_LEFT_S)
                continue
            try:
                if not _is_same_user(connection):
                    raise PermissionError
                self._workers.submit(self._serve, connection)
            except (OSError, RuntimeError):
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_SILENCE_S)
        # Who hung up, or speaks another language, gets no answer.
        with (
            connection,
            contextlib.suppress(OSError, ValueError),
            connection.makefile("rwb") as pipe,
        ):
            request = receive_request(pipe)
            connection.settimeout(_IDLE_CONNECTION_S)
            if request is not None:
                self._answer(request, pipe, connection)

    def _answer(
        self, request: ServiceRequest, pipe: BufferedRWPair, connection: socket.socket
    ) -> None:
        try:
            if request.texts is not None:
                send(pipe, ServiceReply())
                self._batch(request.task, request.texts, pipe, connection)
                return
            if request.search is not None:
                # Loading the model may take a while; that it's there is said before.
                send(pipe, ServiceReply())
                self._search(request.search, pipe)
                return
            if request.task in ("remove", "forget"):
                send(pipe, ServiceReply())
                paths = [os.fsdecode(path) for path in request.paths]
                erase = self._service.forget if request.task == "forget" else self._service.remove
                send(pipe, ServiceReply(forgotten=erase(paths)))
                return
            if request.task == "pause":
                self._service.pause()
            elif request.task == "resume":
                self._service.resume()
            elif request.task == "rescan":
                self._service.rescan()
            send(pipe, ServiceReply(state=self._service.state()))
        except LocalsearchError as error:
            name = type(error).__name__
            send(pipe, ServiceReply(error=name, cause=error.cause, remedy=error.remedy))

    def _search(self, request: SearchRequest, pipe: BufferedRWPair) -> None:
        with contextlib.suppress(CancelledError), self._searches:
            for stage, problems in answer(self._service.index, request, cancel=self._stopping):
                send(pipe, pack_stage(stage, problems))

    def _batch(
        self, task: str, batch: TextsRequest, pipe: BufferedRWPair, connection: socket.socket
    ) -> None:
        """Embed or judge a batch; says nothing more where it's for another model to do."""
        if not self._batches.acquire(blocking=False):
            return
        cancel = threading.Event()
        given_up = as_soon_as(
            lambda: self._stopping.is_set() or _hung_up(connection),
            cancel.set,
            poll_s=_HUNG_UP_EVERY_S,
        )
        try:
            with contextlib.suppress(CancelledError), given_up:
                work = judge if task == "rerank" else embed
                reply = work(self._service.index, batch, cancel)
                if reply is not None:
                    send(pipe, reply)
        finally:
            self._batches.release()


def _hung_up(connection: socket.socket) -> bool:
    """Whether who asked is gone."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _is_same_user(connection: socket.socket) -> bool:
    """Whether the other end is this user's; True where the system doesn't say, or it's root's."""
    if sys.platform == "linux":
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX_CREDENTIALS.size)
        _, user, _ = _LINUX_CREDENTIALS.unpack(raw)
    elif sys.platform == "darwin":
        raw = connection.getsockopt(0, _MACOS_LOCAL_PEERCRED, _MACOS_XUCRED_BYTES)
        _, user = _MACOS_CREDENTIALS.unpack_from(raw)
    else:
        return True
    return user in (0, os.getuid())
