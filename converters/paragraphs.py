"""Cuts lines into blocks at empty lines, each block knowing which lines of the file it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from localsearch.types import Block, BlockKind, Locator

# A log without an empty line is one paragraph; cut so that what follows never holds it all twice.
_MAX_LINES = 400


def paragraphs(
    lines: Sequence[str],
    first_line: int = 1,
    *,
    heading: tuple[str, ...] = (),
    kind: BlockKind = "paragraph",
) -> Iterator[Block]:
    """The runs of non-empty lines as blocks; `first_line` is the number of `lines[0]`."""
    start: int | None = None
    for index, line in enumerate(lines):
        blank = not line.strip()
        if start is not None and (blank or index - start >= _MAX_LINES):
            yield line_block(lines, start, index, first_line, heading=heading, kind=kind)
            start = None
        if start is None and not blank:
            start = index
    if start is not None:
        yield line_block(lines, start, len(lines), first_line, heading=heading, kind=kind)


def line_block(
    lines: Sequence[str],
    start: int,
    end: int,
    first_line: int = 1,
    *,
    heading: tuple[str, ...] = (),
    kind: BlockKind = "paragraph",
    symbol: str | None = None,
) -> Block:
    """`lines[start:end]` word for word as one block."""
    return Block(
        "\n".join(lines[start:end]),
        Locator(
            line_start=first_line + start,
            line_end=first_line + end - 1,
            heading=heading,
            symbol=symbol,
        ),
        kind,
    )
