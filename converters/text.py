"""Plain text and logs, in whatever encoding, paragraph by paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from converters.collecting import in_time
from converters.decoding import decode
from converters.formats import named
from converters.paragraphs import paragraphs
from localsearch.types import ConversionContext, Document, Source


def read_text(source: Source, context: ConversionContext, *, declared: str | None = None) -> str:
    """The clean text of a source; not more than a little over what the context's limit can use.

    Raises NoTextError where the bytes aren't text.
    """
    # Four bytes a character at most; the seam cuts at the limit itself and says so.
    with source.open() as file:
        data = file.read(4 * context.text_limit + 4)
    return decode(data, declared=declared).text


class TextConverter:
    """Reads plain text."""

    name = "text"
    version = 4
    suffixes = named("text").suffixes
    filenames = named("text").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document of paragraphs with their line ranges."""
        lines = read_text(source, context).split("\n")
        notes: list[str] = []
        blocks = tuple(in_time(paragraphs(lines), context, notes))
        yield Document(blocks, kind="text", notes=tuple(notes))
