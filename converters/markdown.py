"""Markdown: headings, paragraphs, lists, tables and code, with the lines where they stand."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from converters.cleaning import clean_line
from converters.collecting import OUT_OF_TIME
from converters.formats import named
from converters.outline import Mark, outlined_blocks
from converters.text import read_text
from localsearch.types import BlockKind, ConversionContext, Document, Source

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
    "blockquote_open": "paragraph",
    "html_block": "paragraph",
}
_MAX_FRONT_MATTER_LINES = 200
_SLICE_ROWS = 20_000


class MarkdownConverter:
    """Reads Markdown with YAML or TOML front matter."""

    name = "markdown"
    version = 2
    suffixes = named("markdown").suffixes
    filenames = named("markdown").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; its title is the front matter's, else the first heading."""
        lines = read_text(source, context).split("\n")
        notes: list[str] = []
        marks: list[Mark] = []
        for mark in markdown_marks(lines):
            marks.append(mark)
            if time.monotonic() >= context.deadline_s:
                # Without its grammar, what follows would be read as something else.
                if mark.end < len(lines):
                    notes.append(OUT_OF_TIME)
                del lines[mark.end :]
                break
        title = _front_matter_title(lines) or next(
            (mark.title for mark in marks if mark.kind == "heading" and mark.title), None
        )
        blocks = tuple(outlined_blocks(lines, marks))
        yield Document(blocks, kind="text", title=title, notes=tuple(notes))


def markdown_marks(lines: Sequence[str]) -> Iterator[Mark]:
    """The blocks that Markdown's grammar draws, as rows of `lines`."""
    start = _front_matter_end(lines)
    if start:
        yield Mark(0, start, "note")
    for token, first, token_end in _outermost_tokens(lines, start):
        end = token_end
        while end > first + 1 and not lines[end - 1].strip():
            end -= 1
        if token.type == "heading_open":
            yield Mark(first, end, "heading", int(token.tag[1:]), _heading_text(lines, first, end))
        elif token.type in _KINDS:
            yield Mark(first, end, _KINDS[token.type])


def _outermost_tokens(lines: Sequence[str], start: int) -> Iterator[tuple[Token, int, int]]:
    """The tokens from row `start` on that stand in no other, with their first row and their end.

    Parsed in slices, so that the caller may stop: the last token of a slice may go on in the next,
    and is parsed again.
    """
    size = _SLICE_ROWS
    while start < len(lines):
        stop = min(start + size, len(lines))
        # The parser counts rows from where its text begins.
        found = [
            (token, start + token.map[0], start + token.map[1])
            for token in _parser().parse("\n".join(lines[start:stop]))
            if token.level == 0 and token.map is not None
        ]
        if stop == len(lines):
            yield from found
            return
        again = found[-1][1] if found else stop
        yield from (each for each in found if each[1] < again)
        # Longer than a slice: with too many of them, what's parsed again would be too much.
        size = _SLICE_ROWS if again > start else 2 * size
        start = again


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Only where blocks begin and end is of interest; emphasis and links stay as they're written.
    return MarkdownIt("commonmark").enable("table").disable("inline")


@cache
def _inline_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def _heading_text(lines: Sequence[str], first: int, end: int) -> str:
    """A heading's words without their markup."""
    written = " ".join(line.strip() for line in lines[first:end])
    tokens = _inline_parser().parse(written if end - first == 1 else "\n".join(lines[first:end]))
    inline = next((token for token in tokens if token.type == "inline"), None)
    if inline is None:
        return clean_line(written.strip("# "))
    words = [
        child.content if child.type in ("text", "code_inline", "image") else " "
        for child in inline.children or ()
        if child.type in ("text", "code_inline", "image", "softbreak", "hardbreak")
    ]
    return clean_line("".join(words))


def _front_matter_end(lines: Sequence[str]) -> int:
    """The number of rows that the front matter takes, its fences included; 0 without any."""
    fence = lines[0].rstrip()
    if fence not in ("---", "+++"):
        return 0
    for row, line in enumerate(lines[1:_MAX_FRONT_MATTER_LINES], start=1):
        if line.rstrip() in (fence, "..." if fence == "---" else fence):
            return row + 1
    return 0


def _front_matter_title(lines: Sequence[str]) -> str | None:
    end = _front_matter_end(lines)
    if not end:
        return None
    written = "\n".join(lines[1 : end - 1])
    if lines[0].startswith("+++"):
        try:
            values: object = tomllib.loads(written)
        except tomllib.TOMLDecodeError:
            return None
    else:
        import yaml

        try:
            values = yaml.safe_load(written)
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
    title = values.get("title") if isinstance(values, dict) else None
    return clean_line(str(title)) if isinstance(title, str | int | float) else None
