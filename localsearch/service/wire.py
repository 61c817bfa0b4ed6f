"""What passes through the service's socket: requests, replies, and how they become bytes.

A message is MessagePack behind its length of four bytes. File names need not be text: they travel
as bytes.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from localsearch.types import Forgotten, QueryProblem, SearchRequest, ServiceState, Stage

if TYPE_CHECKING:
    from io import BufferedRWPair

    import msgspec

# A thousand results with their passages fit many times over.
MAX_MESSAGE_BYTES = 64_000_000
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class TextsRequest:
    """A batch of texts to "embed", or to "rerank" by `query`, and the model that it's to be.

    `model` is a hash of all that decides what the model is; the service does it by that one only.
    """

    model: str
    texts: tuple[str, ...]
    query: str = ""
    as_queries: bool = False


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """What the service is asked to do; `search` comes with "search" alone.

    `paths` are the folder to "remove", or what to "forget".
    """

    task: Literal[
        "search", "pause", "resume", "rescan", "state", "remove", "forget", "embed", "rerank"
    ]
    search: SearchRequest | None = None
    paths: tuple[bytes, ...] = ()
    texts: TextsRequest | None = None


@dataclass(frozen=True, slots=True)
class ServiceReply:
    """One of a search's stages, or how the service stands, or the error it ended with.

    An empty one says that the work has begun. `vectors` are float32 rows, one for each text of a
    batch, as `scores` are; there are none where the service has another model.

    `paths` are those of the stage's hits, which carry none themselves. `error` is the name of a
    class of `localsearch.types`, "" for none.
    """

    stage: Stage | None = None
    paths: tuple[bytes, ...] = ()
    problems: tuple[QueryProblem, ...] = ()
    state: ServiceState | None = None
    forgotten: Forgotten | None = None
    vectors: bytes | None = None
    scores: tuple[float, ...] | None = None
    error: str = ""
    cause: str = ""
    remedy: str = ""


def pack_stage(stage: Stage, problems: tuple[QueryProblem, ...]) -> ServiceReply:
    """The reply that carries a stage."""
    hits = tuple(replace(hit, path="") for hit in stage.hits)
    paths = tuple(os.fsencode(hit.path) for hit in stage.hits)
    return ServiceReply(replace(stage, hits=hits), paths, problems)


def unpack_stage(reply: ServiceReply) -> Stage | None:
    """The stage that `pack_stage` packed; None where the reply carries none."""
    if reply.stage is None:
        return None
    pairs = zip(reply.stage.hits, reply.paths, strict=True)
    return replace(
        reply.stage, hits=tuple(replace(hit, path=os.fsdecode(path)) for hit, path in pairs)
    )


@cache
def _encoder() -> msgspec.msgpack.Encoder:
    import msgspec

    return msgspec.msgpack.Encoder()


@cache
def _decoders() -> tuple[
    msgspec.msgpack.Decoder[ServiceRequest], msgspec.msgpack.Decoder[ServiceReply]
]:
    import msgspec

    return msgspec.msgpack.Decoder(ServiceRequest), msgspec.msgpack.Decoder(ServiceReply)


def send(pipe: BufferedRWPair, message: ServiceRequest | ServiceReply) -> None:
    """Write a message; UnicodeEncodeError where a text holds halves of characters."""
    data = _encoder().encode(message)
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def receive_request(pipe: BufferedRWPair) -> ServiceRequest | None:
    """The next request; None at the end, ValueError for anything but a request."""
    decoder, _ = _decoders()
    data = _read(pipe)
    return None if data is None else decoder.decode(data)


def receive_reply(pipe: BufferedRWPair) -> ServiceReply | None:
    """The next reply; None at the end, ValueError for anything but a reply."""
    # Made while the other end is still at work.
    _, decoder = _decoders()
    data = _read(pipe)
    return None if data is None else decoder.decode(data)


def _read(pipe: BufferedRWPair) -> bytes | None:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_MESSAGE_BYTES:
        raise ValueError("the message is too long")
    data = pipe.read(length)
    return data if len(data) == length else None
