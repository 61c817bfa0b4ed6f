"""E-mail messages (.eml, a file of a Maildir): headers, body, and what's attached."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.feedparser import BytesFeedParser
from email.message import EmailMessage, Message
from typing import Any

from converters.collecting import OUT_OF_TIME, BlockCollector
from converters.decoding import decode
from converters.formats import named
from converters.html import html_blocks
from converters.mail_headers import CarefulPolicy, attachment_name, header_lines, header_text
from converters.safety import MemberSource, TooMuchError, budget_of, plain_errors
from converters.secrets import is_secret, secrets_note
from localsearch.types import (
    Block,
    ConversionContext,
    ConversionError,
    Document,
    Locator,
    NoTextError,
    Source,
)

# Larger ones are cut: what's lost is the end of the last attachment.
MAX_MESSAGE_BYTES = 100 << 20
_MAX_PARTS = 1_000
_ONLY_PARTS = f"only the first {_MAX_PARTS:,} parts were read"
# Of the parts that are parsed, some are other forms of one text, and aren't counted as read.
_MAX_PARSED_PARTS = 5 * _MAX_PARTS
_FED_BYTES = 1 << 16
# Of a message's time; the rest is for reading what was parsed.
_PARSE_SHARE = 0.5
# A plain text that's so much shorter says "your program can't show this message".
_PLAIN_SHARE = 0.2


class MailConverter:
    """Reads single messages."""

    name = "eml"
    version = 5
    suffixes = named("eml").suffixes
    filenames = named("eml").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; `part` of a block is the attachment that it's from."""
        with source.open() as file:
            data = file.read(MAX_MESSAGE_BYTES)
        if source.name.lower().endswith(".emlx"):
            data = _without_envelope(data)
        with plain_errors("an e-mail message"):
            document = message_document(parse_message(data, context), source, context)
        yield document


def _without_envelope(data: bytes) -> bytes:
    """The message in a file of Apple Mail, which begins with the message's length."""
    first, _, rest = data.partition(b"\n")
    return rest[: int(first)] if first.strip().isdigit() else data


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A message, and why the end of it wasn't parsed; "" where all of it was."""

    message: Message
    cut_by: str = ""


def parse_message(data: bytes, context: ConversionContext) -> ParsedMessage:
    """The message that the bytes hold; raises ConversionError where it has no headers.

    The library takes longer for each part than for the one before it: it's stopped at what can be
    read of them, and when half of the time is over.
    """
    policy = CarefulPolicy()
    parts = 0

    def counted(**options: Any) -> Message:
        nonlocal parts
        parts += 1
        return EmailMessage(**options)

    parser = BytesFeedParser(counted, policy=policy)
    now = time.monotonic()
    end_s = now + _PARSE_SHARE * (context.deadline_s - now)
    cut_by = ""
    for start in range(0, len(data), _FED_BYTES):
        if start and time.monotonic() >= end_s:
            cut_by = OUT_OF_TIME
        elif parts > _MAX_PARSED_PARTS:
            cut_by = _ONLY_PARTS
        if cut_by:
            break
        parser.feed(data[start : start + _FED_BYTES])
    message = parser.close()
    if not message.keys():
        raise ConversionError("damaged, or not an e-mail message: it has no headers")
    return ParsedMessage(message, cut_by)


def message_document(parsed: ParsedMessage, source: Source, context: ConversionContext) -> Document:
    """The document of a message; `source` is the file that it's in."""
    return _Reader(source, context).read(parsed)


class _Reader:
    def __init__(self, source: Source, context: ConversionContext) -> None:
        self._context = context
        self._out = BlockCollector.within(context)
        self._budget, self._depth = budget_of(source)

    def read(self, parsed: ParsedMessage) -> Document:
        """Headers first, then the parts in the order of the message."""
        message = parsed.message
        bodies, parts, is_whole = _parts(message)
        named_parts = [
            (attachment_name(part, number), part) for number, part in enumerate(parts, start=1)
        ]
        attachments = [(name, part) for name, part in named_parts if not is_secret(name)]
        self._out.notes.extend(secrets_note(len(named_parts) - len(attachments)))
        lines = header_lines(message)
        if attachments:
            lines.append("Attachments: " + ", ".join(name for name, _ in attachments))
        self._out.add("\n".join(lines), kind="note")
        for body in bodies:
            for block in body:
                self._out.take(block)
        for name, part in attachments:
            if self._out.full:
                break
            try:
                self._attach(part, name)
            except TooMuchError as error:
                # The outermost file is the one that has read enough.
                if self._depth:
                    raise
                self._out.notes.append(f"the other attachments weren't read: {error.cause}")
                break
        cut_by = parsed.cut_by if is_whole else _ONLY_PARTS
        if cut_by and cut_by not in self._out.notes:
            self._out.notes.append(cut_by)
        title = header_text(message, "subject") or None
        return Document(
            tuple(self._out.blocks), kind="mail", title=title, notes=tuple(self._out.notes)
        )

    def _attach(self, part: Message, name: str) -> None:
        data = _payload(part)
        try:
            self._budget.take_member()
            self._budget.take_bytes(len(data))
            nested = MemberSource(name, data, self._budget, self._depth + 1)
            for document in self._context.convert_nested(nested):
                place = "!/".join(filter(None, (name, document.member)))
                for block in document.blocks:
                    inner = block.locator.part
                    self._out.take(_within(block, f"{place}: {inner}" if inner else place))
                if self._out.full:
                    return
        except NoTextError:
            # A picture: its name stands in the list of attachments.
            return
        except TooMuchError:
            raise
        except ConversionError as error:
            self._out.notes.append(f"attachment {name} can't be read: {error.cause}")


def _within(block: Block, part: str) -> Block:
    return replace(block, locator=replace(block.locator, part=part))


def _parts(message: Message) -> tuple[list[tuple[Block, ...]], list[Message], bool]:
    """The blocks of each text to read, the attachments, and whether that's all."""
    bodies: list[tuple[Block, ...]] = []
    attachments: list[Message] = []
    stack: list[Message] = [message]
    seen = 0
    while stack and seen < _MAX_PARTS:
        part = stack.pop()
        seen += 1
        kind = part.get_content_type()
        inner = _inner_parts(part)
        if kind == "multipart/alternative" and inner:
            bodies.append(_best_alternative(inner, stack))
        elif kind == "message/rfc822" and inner:
            # A forwarded message, as if its text were written here.
            bodies.append((Block("\n".join(header_lines(inner[0])), kind="note"),))
            stack.append(inner[0])
        elif inner:
            stack.extend(reversed(inner))
        elif not _is_attached(part) and _is_body(kind, alone=part is message):
            bodies.append(_text_blocks(part))
        else:
            attachments.append(part)
    return bodies, attachments, not stack


def _inner_parts(part: Message) -> list[Message]:
    inner = part.get_payload()
    return [each for each in inner if isinstance(each, Message)] if isinstance(inner, list) else []


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _is_body(kind: str, *, alone: bool) -> bool:
    return kind in ("text/plain", "text/html") or (alone and kind.startswith("text/"))


def _best_alternative(parts: list[Message], stack: list[Message]) -> tuple[Block, ...]:
    """The plain text, or the page where it says much more; other parts are left on the stack.

    A page may come with its pictures. Further forms of the text are the same text, but for what's
    attached and invitations.
    """
    plain: tuple[Block, ...] = ()
    page: tuple[Block, ...] = ()
    others: list[Message] = []
    for part in parts:
        kind = part.get_content_type()
        if kind == "multipart/related" and not page:
            root, *pictures = _inner_parts(part) or [part]
            if root.get_content_type() == "text/html" and not _is_attached(root):
                page = _text_blocks(root)
                others.extend(pictures)
            else:
                others.append(part)
        elif _is_attached(part) or not kind.startswith("text/") or kind == "text/calendar":
            others.append(part)
        elif kind == "text/plain" and not plain:
            plain = _text_blocks(part)
        elif kind == "text/html" and not page:
            page = _text_blocks(part)
    stack.extend(reversed(others))
    return plain if _length(plain) > _PLAIN_SHARE * _length(page) else page


def _length(blocks: tuple[Block, ...]) -> int:
    return sum(len(block.text) for block in blocks)


def _text_blocks(part: Message) -> tuple[Block, ...]:
    try:
        text = decode(_payload(part), declared=part.get_content_charset()).text
        if part.get_content_type() == "text/html":
            return tuple(Block(block.text, Locator(), block.kind) for block in html_blocks(text))
    except ConversionError:
        # Neither text nor a page that can be read: the rest of the message still is.
        return ()
    paragraphs = (paragraph.strip("\n") for paragraph in text.split("\n\n"))
    return tuple(Block(paragraph) for paragraph in paragraphs if paragraph.strip())


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
