"""What a converting process was asked for, and what it may be asked for before that's answered."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from converters.sandbox_wire import LENGTH_BYTES, encode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from converters.sandbox_wire import Request

# What's being written may change again within the resolution of its time stamp.
_SETTLED_NS = 2_000_000_000
# The file in hand and those after it: small ones are read faster than each is asked for.
MAX_ASKED = 8
# Of all of them, so that they're done with as soon as something else is wanted; two may be larger.
_MAX_ASKED_BYTES = 100_000
# What a pipe holds on any system, as long as nobody reads them.
_MAX_WAITING_BYTES = 4096


class FileState(NamedTuple):
    """What changes with a file's content."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that a process was asked for: how it was then, and whether it's the first there.

    `sent_s` and `still_s` are what the process's clock said then; `sent_bytes` is what the request
    takes in a pipe.
    """

    path: str
    request: Request
    sent_bytes: int
    timeout_s: float
    state: FileState | None
    sent_s: float
    still_s: float
    is_first: bool


def not_yet_asked(
    asked: Collection[Asked], paths: Iterable[str], *, text_limit: int, ocr: bool
) -> Iterator[str]:
    """Those of `paths` that may be asked for next.

    None where others were asked for than the first of them: their answers come first.
    """
    following = iter(paths)
    for each in asked:
        same = each.request.text_limit == text_limit and each.request.ocr == ocr
        if not same or next(following, None) != each.path:
            return iter(())
    return islice(following, max(0, MAX_ASKED - len(asked)))


def is_for(asked: Asked, request: Request) -> bool:
    """Whether what a process was asked for is this, and the file still as it was then."""
    return asked.request == request and asked.state == state_of(asked.path)


def may_wait(asked: Collection[Asked], request: Request, state: FileState) -> bool:
    """Whether a request can be sent without anybody waiting for the ones before it.

    Neither the sender, until they're read, nor who wants something else then.
    """
    if not asked:
        return True
    waiting_bytes = sum(each.sent_bytes for each in asked)
    asked_bytes = sum(each.state.size for each in asked if each.state is not None)
    is_small = len(asked) < 2 or asked_bytes + state.size <= _MAX_ASKED_BYTES
    return is_small and waiting_bytes + sent_bytes(request) <= _MAX_WAITING_BYTES


def sent_bytes(request: Request) -> int:
    """What a request takes in a pipe."""
    return LENGTH_BYTES + len(encode(request))


def settled_state_of(path: str) -> FileState | None:
    """The same as `state_of`; None as well for a file that may just be being written."""
    state = state_of(path)
    if state is None or time.time_ns() - state.mtime_ns < _SETTLED_NS:
        return None
    return state


def state_of(path: str) -> FileState | None:
    """What changes with a file's content; None where it's gone."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return None
    return FileState(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
