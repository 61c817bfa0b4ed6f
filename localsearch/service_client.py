"""Asks the running service, if there is one: it has the models loaded already."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from localsearch import types
from localsearch.service_wire import (
    ServiceReply,
    ServiceRequest,
    receive_reply,
    send,
    unpack_stage,
)
from localsearch.types import CancelledError, LocalsearchError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from io import BufferedRWPair
    from pathlib import Path

    from localsearch.types import QueryProblem, SearchRequest, ServiceState, Stage

_CONNECT_TIMEOUT_S = 0.5
# It says at once that it's there; one that was stopped, hangs or is too busy is done without.
_SILENCE_S = 2.0
_LOADING_S = 60.0


def search_by_service(
    socket_file: Path, request: SearchRequest, *, cancel: threading.Event
) -> tuple[Stage, tuple[QueryProblem, ...]] | None:
    """The last stage of a search, and what of it wasn't understood; None where no service answers.

    Raises what the search raises, and CancelledError soon after `cancel` is set.
    """
    last: ServiceReply | None = None
    # Reranking may use up its budget between two stages.
    patience_s = _LOADING_S + (request.budget_s or 0.0)
    with suppress(OSError, ValueError), _connection(socket_file) as (connection, pipe):
        send(pipe, ServiceRequest("search", request))
        while (reply := receive_reply(pipe)) is not None:
            connection.settimeout(patience_s)
            if cancel.is_set():
                raise CancelledError("the search was stopped")
            _raise_error(reply)
            last = reply
            if reply.stage is not None and reply.stage.final:
                break
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


def _raise_error(reply: ServiceReply) -> None:
    if not reply.error:
        return
    kind = getattr(types, reply.error, LocalsearchError)
    if not (isinstance(kind, type) and issubclass(kind, LocalsearchError)):
        kind = LocalsearchError
    raise kind(reply.cause, reply.remedy)
