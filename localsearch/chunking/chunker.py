"""Which passages does a document come in? By structure first, by tokens second.

Blocks merge only within the same heading, page, symbol, slide, cell or member, and only whole; a
block that's too long is cut on its own. So an edit changes the chunks around it and no others.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from localsearch.chunking.segments import (
    Cutter,
    Unit,
    cut_before,
    estimate_tokens,
    line_starts,
    sentence_starts,
)
from localsearch.chunking.spans import Lines, Span, joined, located
from localsearch.types import Block, Chunk, Document

__all__ = ["CHUNKER_VERSION", "chunk_document", "estimate_tokens"]

CHUNKER_VERSION = 5
"""Goes up when the same document gives other chunks or other words, so that files are read anew."""

_MIN_TOKENS = 16
# The share of a chunk's tokens that its headings may take: one in so many.
_HEADING_SHARE = 3
# So is that of the small blocks before a long one (a title, say) that go with its first part.
_LEAD_SHARE = 4
_FEW_CHUNKS = 4
# A closing bracket or a rule of dashes has at most so many.
_FEW_TOKENS = 8
_WORD_CHARACTER = re.compile(r"\w")


def chunk_document(
    document: Document,
    *,
    count_tokens: Callable[[str], int],
    target_tokens: int,
    overlap_tokens: int,
    max_tokens: int,
) -> list[Chunk]:
    """Cut a document into chunks of about `target_tokens`, of which none exceeds `max_tokens`.

    What follows a cut inside a block begins with the last sentences before it, `overlap_tokens` at
    most. Raises ValueError for sizes that can't hold a sentence.
    """
    if not (_MIN_TOKENS <= target_tokens <= max_tokens and 0 <= overlap_tokens < target_tokens):
        raise ValueError("sizes must be 16 <= target <= max and 0 <= overlap < target")
    chunker = _Chunker(count_tokens, target_tokens, overlap_tokens, max_tokens)
    filled = (block for block in document.blocks if block.text and not block.text.isspace())
    return [chunk for section in _sections(filled) for chunk in chunker.section(section)]


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Neighbouring blocks that share their place.

    A heading right before one beneath it goes with that, as it means little alone but is near to
    any question.
    """
    above: list[Block] = []
    for _, group in groupby(blocks, key=_place):
        section = list(group)
        if above and not _is_beneath(section[0], above[-1]):
            yield above
            above = []
        heading = section[0].locator.heading
        lead = [replace(each, locator=replace(each.locator, heading=heading)) for each in above]
        section = [*lead, *section]
        if all(block.kind == "heading" for block in section):
            above = section
        else:
            yield section
            above = []
    if above:
        yield above


def _is_beneath(block: Block, heading: Block) -> bool:
    upper, path = heading.locator.heading, block.locator.heading
    is_under = bool(upper) and path[: len(upper)] == upper
    return is_under and _place(block)[1:] == _place(heading)[1:]


def _place(block: Block) -> tuple[object, ...]:
    """What two blocks must have in common to share a chunk."""
    at = block.locator
    return (at.heading, at.symbol, at.page, at.page_label, at.slide, at.sheet, at.cell, at.part)


class _Chunker:
    def __init__(
        self, count_tokens: Callable[[str], int], target: int, overlap: int, maximum: int
    ) -> None:
        self._count = count_tokens
        self._target = target
        self._overlap = overlap
        self._maximum = maximum

    def section(self, blocks: Sequence[Block]) -> Iterator[Chunk]:
        """The chunks of neighbouring blocks that share their place."""
        at = blocks[0].locator
        heading, used = self._heading((at.symbol,) if at.symbol else at.heading)
        limit = self._target - used
        whole = Cutter(self._count, limit)
        small: list[tuple[Span, int]] = []
        for block in blocks:
            tokens = whole.measure(block.text)
            if tokens is not None and tokens <= limit:
                small.append((Lines(block).span(0, len(block.text)), tokens))
                continue
            lead: list[tuple[Span, int]] = []
            if sum(size for _, size in small) <= limit // _LEAD_SHARE:
                lead, small = small, []
            yield from self._merged(small, heading, limit)
            small = []
            yield from self._split(block, heading, limit, lead)
        yield from self._merged(small, heading, limit)

    def _heading(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """As much of the path's end as fits beside the text, and its tokens."""
        limit = self._target // _HEADING_SHARE
        cutter = Cutter(self._count, limit)
        kept: list[str] = []
        used = 0
        for name in reversed(path):
            if not name or name.isspace():
                continue
            tokens = cutter.measure(name)
            # One more for what joins it to the next.
            if tokens is None or used + tokens + 1 > limit:
                if not kept:
                    first = next(Cutter(self._count, limit - 1).pieces(name, 0, len(name)))
                    kept.append(name[: first.end])
                    used = first.tokens + 1
                break
            kept.append(name)
            used += tokens + 1
        kept.reverse()
        return (tuple(kept), used) if used <= limit else ((), 0)

    def _merged(
        self, blocks: Sequence[tuple[Span, int]], heading: tuple[str, ...], limit: int
    ) -> Iterator[Chunk]:
        """Whole small blocks, as many to a chunk as fit."""
        spans: list[Span] = []
        size = 0
        for span, tokens in blocks:
            full = size + tokens + 1 > limit or (
                2 * size >= limit and _is_anchor(span.text, tokens, limit)
            )
            if spans and full and not _goes_along(span.text, tokens, size + tokens + 1 - limit):
                yield from self._chunks(spans, heading)
                spans, size = [], 0
            spans.append(span)
            size += tokens + 1
        yield from self._chunks(spans, heading)

    def _split(
        self, block: Block, heading: tuple[str, ...], limit: int, lead: Sequence[tuple[Span, int]]
    ) -> Iterator[Chunk]:
        """The chunks of a block that is too long for one; the first begins with `lead`."""
        by_lines = block.kind in ("code", "list", "table")
        lines = Lines(block)
        before = [span for span, _ in lead]
        taken = sum(size + 1 for _, size in lead)
        # Headings may leave no room to repeat anything.
        room = limit - min(self._overlap, limit // 2)
        units = list(Cutter(self._count, room).units(block.text, by_lines=by_lines))
        begin = 0
        previous: list[Unit] = []
        for group in _grouped(block.text, units, taken, room):
            size = sum(unit.tokens for unit in group)
            if previous:
                place, repeated = self._repeated(block.text, previous, by_lines)
                begin = place if repeated + size <= limit else group[0].start
            yield from self._chunks([*before, lines.span(begin, group[-1].end)], heading)
            before, previous = [], group

    def _repeated(self, text: str, units: Sequence[Unit], by_lines: bool) -> tuple[int, int]:
        """Where the sentences start that the next chunk repeats, and about how many tokens."""
        start, size = units[-1].end, 0
        for unit in reversed(units):
            if size + unit.tokens > self._overlap or not unit.aligned:
                break
            start, size = unit.start, size + unit.tokens
        if size:
            return start, size
        last = units[-1]
        rate = max(last.tokens, 1) / (last.end - last.start)
        earliest = max(last.start, last.end - int(self._overlap / rate))
        starts = line_starts if by_lines else sentence_starts
        for place in starts(text, earliest, last.end):
            if place < last.end:
                return place, round((last.end - place) * rate)
        return last.end, 0

    def _chunks(self, spans: Sequence[Span], heading: tuple[str, ...]) -> Iterator[Chunk]:
        """One chunk, or more where the tokens of the parts didn't add up to those of the whole."""
        spans = [span for span in spans if span.start < span.end]
        if not spans:
            return
        chunk = Chunk(joined(spans), heading, located(spans), 0)
        tokens = self._count(chunk.embedded_text)
        if tokens <= self._maximum:
            yield replace(chunk, tokens=tokens)
        elif len(spans) > 1:
            middle = len(spans) // 2
            yield from self._chunks(spans[:middle], heading)
            yield from self._chunks(spans[middle:], heading)
        elif len(chunk.text) > 1:
            yield from self._halves(spans[0], heading)
        elif heading:
            yield from self._chunks(spans, ())
        else:
            # One character of so many tokens: the embedder cuts it.
            yield replace(chunk, tokens=self._maximum)

    def _halves(self, span: Span, heading: tuple[str, ...]) -> Iterator[Chunk]:
        middle = (span.start + span.end) // 2
        cut = cut_before(span.block.text, span.start, middle, span.end)
        if cut >= span.end:
            # A single grapheme that no model could take whole is cut all the same.
            cut = max(middle, span.start + 1)
        lines = Lines(span.block)
        yield from self._chunks([lines.span(span.start, cut)], heading)
        yield from self._chunks([lines.span(cut, span.end)], heading)


def _grouped(text: str, units: Sequence[Unit], taken: int, room: int) -> Iterator[list[Unit]]:
    """Units that share a chunk, of `room` tokens at most; the first one's are `taken` in part."""
    total = taken + sum(unit.tokens for unit in units)
    # A text of few chunks is cut evenly, so that none is a mere rest.
    even = total / -(-total // room) if total <= _FEW_CHUNKS * room else None
    group: list[Unit] = []
    size = taken
    for unit in units:
        piece = text[unit.start : unit.end]
        if even is None:
            ends = 2 * size >= room and _is_anchor(piece, unit.tokens, room)
        else:
            ends = size + unit.tokens / 2 > even
        full = ends or size + unit.tokens > room
        if group and full and not _goes_along(piece, unit.tokens, size + unit.tokens - room):
            yield group
            group, size = [], 0
        group.append(unit)
        size += unit.tokens
    yield group


def _goes_along(text: str, tokens: int, beyond: int) -> bool:
    """Whether it's a bit of punctuation, which alone would be near to any question.

    It stays with what's before it, even where that's full, if that takes few tokens `beyond` it.
    """
    return max(tokens, beyond) <= _FEW_TOKENS and not _WORD_CHARACTER.search(text)


def _is_anchor(text: str, tokens: int, room: int) -> bool:
    """Whether a chunk starts here as soon as the one before is half full.

    Such places, about one in a chunk's worth of text, stay where they are when the text before them
    is edited, so that the chunks behind them stay the same.
    """
    mark = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    return mark < tokens * 2**32 // room
