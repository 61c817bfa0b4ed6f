"""What a converting process was asked for, and what it may be asked for before that's answered."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from converters.sandbox_wire import Request

# What's being written may change again within the resolution of its time stamp.
_SETTLED_NS = 2_000_000_000
# The file in hand and those after it: small ones are read faster than each is asked for.
_MAX_ASKED = 8
# Requests wait in a pipe, which on any system holds names of this length and what's around them.
_MAX_WAITING_BYTES = 3000


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that a process was asked for: how it was then, and whether it's the first there.

    `sent_s` and `still_s` are what the process's clock said then.
    """

    path: str
    request: Request
    timeout_s: float
    state: tuple[int, ...] | None
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
    return islice(following, max(0, _MAX_ASKED - len(asked)))


def may_wait(asked: Collection[Asked], request: Request) -> bool:
    """Whether a request can be sent without waiting for the ones before it to be read."""
    waiting_bytes = sum(len(each.request.path) for each in asked)
    return not asked or waiting_bytes + len(request.path) <= _MAX_WAITING_BYTES


def settled_state_of(path: str) -> tuple[int, ...] | None:
    """The same as `state_of`; None as well for a file that may just be being written."""
    state = state_of(path)
    if state is None or time.time_ns() - state[0] < _SETTLED_NS:
        return None
    return state


def state_of(path: str) -> tuple[int, ...] | None:
    """What changes with a file's content, its modification time first; None where it's gone."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
