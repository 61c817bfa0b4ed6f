"""Source code, cut at its functions and classes; every line of the file is in just one block."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from converters.code_languages import FILENAME_LANGUAGES, SUFFIX_LANGUAGES
from converters.code_symbols import Symbol, find_symbols
from converters.collecting import in_time
from converters.formats import named
from converters.paragraphs import line_block
from converters.sniffing import shebang_language
from converters.text import read_text
from localsearch.types import Block, ConversionContext, Document, Source

# Lines of a block where no symbol says where to cut; an empty line near the end is preferred.
_BLOCK_LINES = 60
_WORD = re.compile(r"\w+")
# A stretch between symbols of no more words than this is no passage of its own.
_FEW_WORDS = 4
# The first line of a class, above its members, where it says no more than its name and kind.
_HEADER_LINES = 1
_HEADER_WORDS = 12


class CodeConverter:
    """Reads source code by symbol, or by lines where there's no grammar for its language."""

    name = "code"
    version = 5
    suffixes = named("code").suffixes
    filenames = named("code").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document whose blocks, joined with line breaks, are the file."""
        text = read_text(source, context)
        notes: list[str] = []
        cut = code_blocks(text, _language(source.name, text))
        blocks = tuple(in_time(cut, context, notes))
        yield Document(blocks, kind="code", notes=tuple(notes))


def code_blocks(text: str, language: str | None) -> Iterator[Block]:
    """The lines of a program in blocks: one a symbol, and one for each stretch between symbols."""
    lines = text.split("\n")
    symbols = find_symbols(text, language) if language is not None else None
    for span in _tidy(_spans(symbols or [], len(lines)), lines):
        for start, end in _pieces(lines, span):
            yield line_block(lines, start, end, kind="code", symbol=span.symbol)


def _language(filename: str, text: str) -> str | None:
    name = filename.lower()
    language = FILENAME_LANGUAGES.get(name) or SUFFIX_LANGUAGES.get(os.path.splitext(name)[1])
    if language is None:
        return shebang_language(text[:200].encode("utf-8", "replace"))
    if language == "matlab" and ("@interface" in text or "#import" in text):
        return "objc"
    if language == "c" and ("\nclass " in text or "\nnamespace " in text or "template <" in text):
        return "cpp"
    return language


@dataclass(frozen=True, slots=True)
class _Span:
    """Rows `start` … `end` (not included) that belong to one symbol, or to none.

    `is_rest` unless a symbol begins here; `symbol_end` is where that symbol ends, with its members.
    """

    start: int
    end: int
    symbol: str | None
    is_rest: bool
    symbol_end: int


def _spans(symbols: Sequence[Symbol], rows: int) -> list[_Span]:
    """Give every row to the innermost symbol that it's in; a row is shared by none."""
    owner: list[int] = [-1] * rows
    for index, symbol in enumerate(symbols):
        # A second symbol on a line, or one that begins before its container, takes what's left.
        for row in range(symbol.first_row, min(symbol.last_row + 1, rows)):
            held = owner[row]
            if held == -1 or symbols[held].depth < symbol.depth:
                owner[row] = index
    spans: list[_Span] = []
    begun = {-1}
    start = 0
    for row in range(1, rows + 1):
        if row == rows or owner[row] != owner[start]:
            held = owner[start]
            name, end = (
                (symbols[held].name, symbols[held].last_row + 1) if held >= 0 else (None, row)
            )
            spans.append(_Span(start, row, name, held in begun, end))
            begun.add(held)
            start = row
    return spans


def _tidy(spans: Sequence[_Span], lines: Sequence[str]) -> list[_Span]:
    """Join what says nothing by itself to its neighbours.

    Empty lines and closing braces go with the span before; a few words between two symbols, or
    between two members of one (`else:`, `# Helpers`), with what they introduce, as so short a
    passage is near to any question. So does the bare first line of a class (`impl Point {`).
    """
    tidy: list[_Span] = []
    begin: int | None = None
    for number, span in enumerate(spans):
        written = lines[span.start : span.end]
        if tidy and begin is None and _says_nothing(written):
            tidy[-1] = replace(tidy[-1], end=span.end)
        elif _belongs_to_next(span, spans[number + 1 : number + 2], written, is_first=not tidy):
            if begin is None and tidy:
                begin = span.start + next(n for n, line in enumerate(written) if line.strip())
                tidy[-1] = replace(tidy[-1], end=begin)
            elif begin is None:
                begin = span.start
        elif len(tidy) == 1 and not any(map(str.strip, lines[: span.start])):
            tidy[-1] = replace(span, start=0)
        else:
            tidy.append(span if begin is None else replace(span, start=begin))
            begin = None
    return tidy


def _says_nothing(lines: Sequence[str]) -> bool:
    written = [line.strip() for line in lines if line.strip()]
    return len(written) <= 3 and all(
        line.startswith(("}", "end", ")", "]")) or not any(map(str.isalnum, line))
        for line in written
    )


def _belongs_to_next(
    span: _Span, after: Sequence[_Span], written: Sequence[str], *, is_first: bool
) -> bool:
    if span.is_rest:
        return not is_first and _introduces(span, after) and _says_little(written)
    if span.symbol is None or not after or after[0].symbol is None:
        return False
    return (
        # One that ends before is whole on its line, even if what follows is named after it.
        after[0].start < span.symbol_end
        and after[0].symbol.startswith(f"{span.symbol}.")
        and sum(bool(line.strip()) for line in written) <= _HEADER_LINES
        and len(_WORD.findall("\n".join(written))) <= _HEADER_WORDS
    )


def _introduces(span: _Span, after: Sequence[_Span]) -> bool:
    """Whether a stretch between symbols may be about the one after it, within the same symbol."""
    within = "" if span.symbol is None else f"{span.symbol}."
    return span.is_rest and any((each.symbol or "").startswith(within) for each in after)


def _says_little(lines: Sequence[str]) -> bool:
    return len(_WORD.findall("\n".join(lines))) <= _FEW_WORDS


def _pieces(lines: Sequence[str], span: _Span) -> Iterator[tuple[int, int]]:
    """A span without a symbol in pieces of bounded length; one of a symbol stays whole."""
    start = span.start
    while span.symbol is None and span.end - start > _BLOCK_LINES:
        half = start + _BLOCK_LINES // 2
        empty = [row for row in range(half, start + _BLOCK_LINES) if not lines[row].strip()]
        cut = empty[-1] + 1 if empty else start + _BLOCK_LINES
        yield start, cut
        start = cut
    yield start, span.end
