"""What becomes of a converting process's answers: results, errors, and some that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converters.collecting import OUT_OF_TIME
from converters.sandbox_asked import MAX_ASKED, Asked, is_for
from localsearch.types import ConversionError, NoTextError

if TYPE_CHECKING:
    from converters.registry import Conversion
    from converters.sandbox_wire import Reply, Request

# Small files seldom give more, and what few do is read again.
_MAX_KEPT_CHARACTERS = 200_000


class Kept:
    """Answers that came before they were wanted, by path; as many as could be asked for at once."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Asked, Reply]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._kept

    def keep(self, asked: Asked, reply: Reply) -> None:
        """Keep an answer, unless it's long, or not all that the file gives."""
        if is_cut(reply) or _characters(reply) > _MAX_KEPT_CHARACTERS:
            return
        self._kept[asked.path] = asked, reply
        while len(self._kept) > MAX_ASKED:
            del self._kept[next(iter(self._kept))]

    def take(self, path: str, request: Request) -> Reply | None:
        """The answer for a file, if it's still as it was."""
        asked, reply = self._kept.pop(path, (None, None))
        return reply if asked is not None and is_for(asked, request) else None


def _characters(reply: Reply) -> int:
    documents = reply.conversion.documents if reply.conversion is not None else ()
    return sum(len(block.text) for document in documents for block in document.blocks)


def is_cut(reply: Reply) -> bool:
    """Whether a file's time was up before all of it was read."""
    documents = reply.conversion.documents if reply.conversion is not None else ()
    return any(OUT_OF_TIME in each.notes for each in documents)


def result_of(reply: Reply) -> Conversion:
    """What a file gave; raises NoTextError or ConversionError where it gave nothing."""
    if reply.outcome == "no_text":
        raise NoTextError(reply.cause, reply.remedy)
    if reply.conversion is None:
        raise ConversionError(reply.cause, reply.remedy)
    return reply.conversion
