"""Drawings in SVG: their title, what describes them, and the words that stand in them."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from converters.cleaning import clean_line
from converters.collecting import BlockCollector
from converters.formats import named
from converters.xml_stream import MalformedXmlError, XmlEvent, xml_events
from localsearch.types import (
    ConversionContext,
    ConversionError,
    Document,
    Locator,
    NoTextError,
    Source,
)

# Programs that draw diagrams write longer texts as HTML inside the drawing.
_WITH_WORDS = frozenset(("title", "desc", "text", "foreignObject"))
_SKIPPED = frozenset(("style", "script", "metadata"))
_SPACED = frozenset(("tspan", "p", "div", "br", "li", "td", "th", "h1", "h2", "h3"))
# Longer texts are given out in parts, so that a limit counts before all is gathered.
_MAX_BLOCK_CHARACTERS = 1 << 16
_NO_WORDS = "a drawing without words, found by name only"


class SvgConverter:
    """Reads the words in SVG drawings."""

    name = "svg"
    version = 1
    suffixes = named("svg").suffixes
    filenames = named("svg").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document, a block for each text; raises NoTextError for one without words."""
        out = BlockCollector.within(context)
        reader = _Reader(out)
        with source.open() as file:
            try:
                for event in xml_events(file, bare_doctype=True, with_lines=True):
                    reader.take(event)
                    if out.full:
                        break
            except ConversionError as error:
                reader.finish()
                why = error.cause.removeprefix("refused: ")
                if not out.blocks and isinstance(error, MalformedXmlError):
                    raise
                if not out.blocks:
                    raise NoTextError(f"a drawing found by name only: {why}") from error
                out.notes.append(f"the rest can't be read: {why}")
        if not out.blocks:
            raise NoTextError(_NO_WORDS)
        yield Document(tuple(out.blocks), kind="image", title=reader.title, notes=tuple(out.notes))


class _Reader:
    """Gathers the words of one element that has some, with all that's in it."""

    def __init__(self, out: BlockCollector) -> None:
        self.title: str | None = None
        self._out = out
        self._words = StringIO()
        self._line = 0
        self._is_title = False
        self._depth = 0
        # How deep the element stands whose words are gathered, or which is skipped; 0 for none.
        self._since = 0
        self._skipped = 0
        self._last = ""

    def take(self, event: XmlEvent) -> None:
        """Take the next event."""
        name = event.name.rpartition(" ")[2]
        if event.kind == "start":
            self._start(name, event.line)
        elif event.kind == "end":
            self._end()
        elif self._since and not self._skipped:
            self._words.write(event.text)
            if self._words.tell() >= _MAX_BLOCK_CHARACTERS:
                self.finish()

    def _start(self, name: str, line: int) -> None:
        self._depth += 1
        if name in _SKIPPED and not self._skipped:
            self._skipped = self._depth
        if name in _WITH_WORDS and not self._since:
            self._since, self._line = self._depth, line
            self._is_title = name == "title" and self._depth == 2
        if name in _SPACED and self._since:
            self._words.write(" ")

    def _end(self) -> None:
        if self._skipped == self._depth:
            self._skipped = 0
        if self._since == self._depth:
            self._since = 0
            self.finish()
        self._depth -= 1

    def finish(self) -> None:
        """Give out the words gathered so far."""
        text = clean_line(self._words.getvalue())
        self._words = StringIO()
        # Many programs give a shape its label as a title, too.
        if not text or text == self._last:
            return
        self._last = text
        if self._is_title:
            self.title = self.title or text
        at = Locator(line_start=self._line, line_end=self._line)
        self._out.add(text, at, "heading" if self._is_title else "paragraph")
