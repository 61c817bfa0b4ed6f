"""Mail folders in one file (mbox), message by message."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from typing import BinaryIO

from converters.collecting import OUT_OF_TIME
from converters.formats import named
from converters.mail import MAX_MESSAGE_BYTES, message_document, parse_message
from converters.mail_headers import header_text
from converters.safety import MemberSource, TooMuchError, budget_of, plain_errors
from localsearch.types import ConversionContext, ConversionError, Document, Source

_ANY_SEPARATOR = re.compile(rb"From ")
# The time of day tells it from a sentence that begins with this word.
_TIMED_SEPARATOR = re.compile(rb"From .*\d:\d\d")
# Lines of a text that begin like a separator are written with a ">" before them.
_ESCAPED = re.compile(rb"^>(>*From )", re.M)
_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Raw:
    """A message's bytes and the line of the file on which they begin, from 1."""

    data: bytes
    line: int


class MboxConverter:
    """Reads mbox files."""

    name = "mbox"
    version = 6
    suffixes = named("mbox").suffixes
    filenames = named("mbox").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document a message; `member` is its id, or its number where that's missing.

        What isn't read, for want of time or since it's damaged, is noted at the end.
        """
        members: set[str] = set()
        failed: ConversionError | None = None
        count = failures = 0
        notes: list[str] = []
        # All messages share what may be unpacked from the file.
        shared = MemberSource(source.name, b"", *budget_of(source))
        with plain_errors("a mail folder"), source.open() as file:
            for count, raw in enumerate(_messages(file), start=1):
                if count > 1 and time.monotonic() >= context.deadline_s:
                    notes.append(OUT_OF_TIME)
                    break
                try:
                    with plain_errors("an e-mail message"):
                        parsed = parse_message(raw.data, context)
                        document = message_document(parsed, shared, context)
                except TooMuchError:
                    raise
                except ConversionError as error:
                    failed = failed or error
                    failures += 1
                    continue
                member = _member(parsed.message, count, members)
                yield replace(_placed(document, raw.line), member=member)
        if not count:
            raise ConversionError("damaged, or not a mail folder: it has no messages")
        if failed is not None:
            if failures == count:
                raise failed
            notes.append(f"{failures} of {count} messages can't be read: {failed.cause}")
        if notes:
            yield Document((), kind="mail", notes=tuple(notes))


def _messages(file: BinaryIO) -> Iterator[_Raw]:
    # Not a list of lines: an object for each would take many times the room of short ones.
    data = bytearray()
    start = number = 0
    after_blank = line_begins = True
    separator = _ANY_SEPARATOR
    while line := file.readline(_LINE_BYTES):
        number += line_begins
        if not start and _TIMED_SEPARATOR.match(line):
            # All are written by one program.
            separator = _TIMED_SEPARATOR
        if line_begins and after_blank and separator.match(line):
            # Empty lines alone are no message.
            if data.strip():
                yield _Raw(_ESCAPED.sub(rb"\1", bytes(data)), start)
            data, start = bytearray(), number + 1
        elif start and len(data) < MAX_MESSAGE_BYTES:
            data += line
        after_blank = line_begins and not line.strip()
        line_begins = line.endswith(b"\n")
    if data.strip():
        yield _Raw(_ESCAPED.sub(rb"\1", bytes(data)), start)


def _member(message: Message, number: int, taken: set[str]) -> str:
    """The message's id, which stays when others are deleted; unlike any in `taken`, added to it."""
    member = header_text(message, "message-id").strip("<> ") or f"message {number}"
    if member in taken:
        member = f"{member} ({number})"
    taken.add(member)
    return member


def _placed(document: Document, line: int) -> Document:
    """The message with its first line in the folder, at the block of its headers."""
    if not document.blocks:
        return document
    first, *rest = document.blocks
    here = replace(first.locator, line_start=line, line_end=line)
    return replace(document, blocks=(replace(first, locator=here), *rest))
