"""JSON and JSON Lines as readable records, with the lines that they stand on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.formats import named
from converters.paragraphs import paragraphs
from converters.records import flat_record
from converters.safety import plain_errors
from converters.text import read_text
from localsearch.types import ConversionContext, Document, Locator, Source

_LINES_SUFFIXES = (".jsonl", ".ndjson")
# A value longer than this in the file is gone into; a shorter one is a record.
_RECORD_CHARACTERS = 1_500
_BLOCK_CHARACTERS = 900
_MAX_DEPTH = 40
_MAX_HEADINGS = 4
_SPACE = re.compile(r"(?:[\s,]+|//[^\n]*|/\*.*?\*/)*", re.S)
_COLON = re.compile(r"\s*:\s*")
# Many numbers in a row are one record: vectors and samples have millions of them.
_NUMBERS = re.compile(r"(?:-?\d[\d.eE+-]*\s*,\s*){2,100}")
# Numbers stay as they're written.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)


class JsonConverter:
    """Reads JSON, JSON with comments, and JSON Lines."""

    name = "json"
    version = 4
    suffixes = named("json").suffixes
    filenames = named("json").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; a heading is the key of a large value."""
        text = read_text(source, context)
        out = BlockCollector.within(context)
        with plain_errors("JSON"):
            writer = _RecordGroups(text, out)
            if source.name.lower().endswith(_LINES_SUFFIXES) or _is_json_lines(text):
                _read_lines(text, writer)
            else:
                _Walker(text, writer).walk()
            writer.flush()
        yield Document(tuple(out.blocks), kind="data", title=writer.title, notes=tuple(out.notes))


def _is_json_lines(text: str) -> bool:
    """Whether a whole value ends with the first line and another one follows."""
    first, _, rest = text.lstrip().partition("\n")
    if not first.startswith(("{", "[")) or not rest.strip():
        return False
    try:
        _DECODER.decode(first)
    except (ValueError, RecursionError):
        return False
    return True


class _RecordGroups:
    """Gathers records that stand under the same keys into blocks with their range of lines."""

    def __init__(self, text: str, out: BlockCollector) -> None:
        self.title: str | None = None
        self.out = out
        self._text = text
        self._lines: list[str] = []
        self._length = 0
        self._path: tuple[str, ...] = ()
        self._first = self._last = 1
        # The line of the position that was asked for last.
        self._counted, self._line = 0, 1

    def add(self, record: str, start: int, end: int, path: tuple[str, ...]) -> None:
        """Take the record that stands at `start … end` in the text."""
        if not record:
            return
        long = self._length + len(record) > _BLOCK_CHARACTERS
        if self._lines and (long or path != self._path):
            self.flush()
        first = self.line(start)
        if not self._lines:
            self._first, self._path = first, path
        self._last = self.line(end)
        self._lines.append(record)
        self._length += len(record)

    def flush(self) -> None:
        """Make a block of what was gathered."""
        if self._lines:
            locator = Locator(
                line_start=self._first, line_end=self._last, heading=self._path[:_MAX_HEADINGS]
            )
            self.out.add("\n".join(self._lines), locator, "table")
        self._lines.clear()
        self._length = 0

    def rest(self, start: int) -> None:
        """Read what follows a place that isn't JSON as plain text."""
        self.flush()
        line = self.line(start)
        self.out.notes.append(f"not valid JSON in line {line:,}, read as text from there")
        for block in paragraphs(self._text[start:].split("\n"), line):
            self.out.take(replace(block, kind="code"))

    def line(self, position: int) -> int:
        """The line of a position, which is never before the last one asked for by much."""
        if position < self._counted:
            self._line -= self._text.count("\n", position, self._counted)
        else:
            self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line


@dataclass(slots=True)
class _Open:
    """An object or a list that is being gone into."""

    closing: str
    path: tuple[str, ...]


class _Walker:
    """Goes through the text by the library's own decoder, keeping track of the positions."""

    def __init__(self, text: str, writer: _RecordGroups) -> None:
        self._text = text
        self._writer = writer
        self._stack: list[_Open] = []
        self._at = 0

    def walk(self) -> None:
        """Write all records; what can't be decoded ends as plain text."""
        self._skip()
        if self._text[self._at : self._at + 1] in ("{", "["):
            self._enter(())
        elif self._at < len(self._text):
            self._value("", ())
        while self._stack and not self._writer.out.full:
            self._skip()
            top = self._stack[-1]
            if self._text.startswith(top.closing, self._at):
                self._stack.pop()
                self._at += 1
            elif not self._member(top):
                self._writer.rest(self._at)
                return
        self._skip()
        if self._at < len(self._text) and not self._writer.out.full:
            self._writer.rest(self._at)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _enter(self, path: tuple[str, ...]) -> None:
        closing = "}" if self._text[self._at] == "{" else "]"
        self._stack.append(_Open(closing, path))
        self._at += 1

    def _member(self, top: _Open) -> bool:
        """Read a member of the innermost open value; False where it can't be."""
        if top.closing == "]":
            return self._numbers(top.path) or self._value("", top.path)
        begin = self._at
        try:
            key, end = _DECODER.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            return False
        colon = _COLON.match(self._text, end)
        if not isinstance(key, str) or colon is None:
            return False
        self._at = colon.end()
        self._skip()
        return self._value(key, top.path, begin)

    def _numbers(self, path: tuple[str, ...]) -> bool:
        """Read a run of numbers in a list, where there is one."""
        run = _NUMBERS.match(self._text, self._at)
        if run is None:
            return False
        self._writer.add(" ".join(run[0].split()).rstrip(", "), run.start(), run.end() - 1, path)
        self._at = run.end()
        return True

    def _value(self, key: str, path: tuple[str, ...], begin: int | None = None) -> bool:
        begin = self._at if begin is None else begin
        try:
            if self._text[self._at : self._at + 1] in ("{", "["):
                # Within a record's length only, so that no text is decoded again at each level.
                window = self._text[self._at : self._at + _RECORD_CHARACTERS]
                value, length = _DECODER.raw_decode(window)
                end = self._at + length
            else:
                value, end = _DECODER.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            return self._go_into((*path, clean_line(key)) if key else path)
        if key in ("title", "name") and not path and isinstance(value, str):
            self._writer.title = self._writer.title or clean_line(value)
        self._writer.add(flat_record(value, clean_line(key)), begin, end, path)
        self._at = end
        return True

    def _go_into(self, path: tuple[str, ...]) -> bool:
        """Enter the value, which is too long for a record or damaged; False where it can't be."""
        is_container = self._text[self._at : self._at + 1] in ("{", "[")
        if not is_container or len(self._stack) >= _MAX_DEPTH:
            return False
        self._enter(path)
        return True


def _read_lines(text: str, writer: _RecordGroups) -> None:
    position = 0
    broken = 0
    for line in text.split("\n"):
        if writer.out.full:
            break
        try:
            record = flat_record(_DECODER.decode(line)) if line.strip() else ""
        except (ValueError, RecursionError):
            record = clean_line(line)
            broken += 1
        writer.add(record, position, position + len(line), ())
        position += len(line) + 1
    if broken:
        writer.out.notes.append(f"{broken:,} lines aren't valid JSON and were read as text")
