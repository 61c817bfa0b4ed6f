"""Asks the running service, if there is one: it has the models loaded already."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

from localsearch import types
from localsearch.meanwhile import as_soon_as
from localsearch.service.wire import (
    ServiceReply,
    ServiceRequest,
    TextsRequest,
    receive_reply,
    send,
    unpack_stage,
)
from localsearch.types import CancelledError, LocalsearchError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedRWPair
    from pathlib import Path

    from localsearch.types import Forgotten, QueryProblem, SearchRequest, ServiceState, Stage

_CONNECT_TIMEOUT_S = 0.5
# It says at once that it's there; one that was stopped, hangs or is too busy is done without.
_SILENCE_S = 2.0
_LOADING_S = 60.0
_ERASING_S = 3600.0
# For a batch of texts, whose size who asks keeps small; the model may have to be loaded first.
_BATCH_S = 600.0
_LOOK_EVERY_S = 0.05


def search_by_service(
    socket_file: Path,
    request: SearchRequest,
    *,
    cancel: threading.Event,
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[Stage, tuple[QueryProblem, ...]] | None:
    """The last stage of a search, and what of it wasn't understood; None where no service answers.

    `meanwhile` is called while the service searches. Raises what the search raises, and
    CancelledError soon after `cancel` is set.
    """
    last: ServiceReply | None = None
    # Reranking may use up its budget between two stages.
    patience_s = _LOADING_S + (request.budget_s or 0.0)
    with (
        suppress(OSError, ValueError),
        _connection(socket_file) as (connection, pipe),
        as_soon_as(cancel.is_set, lambda: _hang_up(connection), poll_s=_LOOK_EVERY_S),
    ):
        send(pipe, ServiceRequest("search", request))
        meanwhile()
        while (reply := receive_reply(pipe)) is not None and not cancel.is_set():
            connection.settimeout(patience_s)
            _raise_error(reply)
            last = reply
            if reply.stage is not None and reply.stage.final:
                break
    if cancel.is_set():
        raise CancelledError("the search was stopped")
    stage = None if last is None else unpack_stage(last)
    return (stage, last.problems) if last and stage and stage.final else None


def tell_service(socket_file: Path, request: ServiceRequest) -> ServiceState | None:
    """Have the service pause, resume, rescan or say how it stands; None where none answers."""
    with suppress(OSError, ValueError), _connection(socket_file) as (_, pipe):
        send(pipe, request)
        reply = receive_reply(pipe)
        if reply is not None:
            _raise_error(reply)
            return reply.state
    return None


def have_forgotten(
    socket_file: Path, task: Literal["remove", "forget"], paths: Sequence[str]
) -> Forgotten | None:
    """Have the service remove a folder, or forget paths; None where no service answers."""
    with suppress(OSError, ValueError), _connection(socket_file) as (connection, pipe):
        send(pipe, ServiceRequest(task, paths=tuple(map(os.fsencode, paths))))
        while (reply := receive_reply(pipe)) is not None:
            # Rewriting a large database takes minutes.
            connection.settimeout(_ERASING_S)
            _raise_error(reply)
            if reply.forgotten is not None:
                return reply.forgotten
    return None


def have_done(
    socket_file: Path,
    task: Literal["embed", "rerank"],
    batch: TextsRequest,
    *,
    cancel: threading.Event,
) -> ServiceReply | None:
    """Have the service embed or judge a batch; None where none answers, or has another model.

    Raises what the model raises, and CancelledError soon after `cancel` is set.
    """
    done = None
    with (
        suppress(OSError, ValueError),
        _connection(socket_file) as (connection, pipe),
        as_soon_as(cancel.is_set, lambda: _hang_up(connection), poll_s=_LOOK_EVERY_S),
    ):
        send(pipe, ServiceRequest(task, texts=batch))
        while (reply := receive_reply(pipe)) is not None and not cancel.is_set():
            connection.settimeout(_BATCH_S)
            _raise_error(reply)
            if reply.vectors is not None or reply.scores is not None:
                done = reply
                break
    if cancel.is_set():
        raise CancelledError("it was stopped")
    return done


@contextmanager
def _connection(socket_file: Path) -> Iterator[tuple[socket.socket, BufferedRWPair]]:
    if not hasattr(socket, "AF_UNIX"):
        raise OSError("this system has no Unix sockets")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT_TIMEOUT_S)
        connection.connect(str(socket_file))
        connection.settimeout(_SILENCE_S)
        with connection.makefile("rwb") as pipe:
            yield connection, pipe


def _hang_up(connection: socket.socket) -> None:
    """Shut the connection down, which ends any waiting for it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _raise_error(reply: ServiceReply) -> None:
    if not reply.error:
        return
    kind = getattr(types, reply.error, LocalsearchError)
    if not (isinstance(kind, type) and issubclass(kind, LocalsearchError)):
        kind = LocalsearchError
    raise kind(reply.cause, reply.remedy)
