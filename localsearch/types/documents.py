"""What a file says: documents of blocks, cut into chunks that know where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from localsearch.types.files import Kind


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in its file a passage stands; only what the format knows is set.

    `page` and `slide` count from 1, lines from 1 with both ends included, times are seconds.
    """

    page: int | None = None
    page_label: str | None = None
    line_start: int | None = None
    line_end: int | None = None
    heading: tuple[str, ...] = ()
    symbol: str | None = None
    slide: int | None = None
    sheet: str | None = None
    cell: str | None = None
    part: str | None = None
    time_start_s: float | None = None
    time_end_s: float | None = None


BlockKind = Literal["heading", "paragraph", "list", "table", "code", "note"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document that is never merged across a boundary its format draws.

    Where `text` holds exactly as many lines as `locator.line_start … line_end`, each line of it
    is that line of the file, and the chunker narrows the range when it splits the block.
    """

    text: str
    locator: Locator = Locator()
    kind: BlockKind = "paragraph"


@dataclass(frozen=True, slots=True)
class Document:
    """What a converter makes of a file, or of one member of it (a message, an archive entry).

    `member` is "" for the file itself, else the name inside it (`inner/path`, a message id).
    `notes` are remarks worth showing, such as "12 of 40 pages are scans without text".
    """

    blocks: tuple[Block, ...]
    kind: Kind = "text"
    title: str | None = None
    language: str | None = None
    member: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: the unit that is embedded, found, reranked and shown.

    `heading_path` (for code: the symbol) is embedded before `text`, and never shown as part of it.
    `tokens` counts what is embedded, special tokens left out.
    """

    text: str
    heading_path: tuple[str, ...]
    locator: Locator
    tokens: int

    @property
    def embedded_text(self) -> str:
        """Exactly what goes to the embedder; its hash is the key of the vector."""
        if not self.heading_path:
            return self.text
        return " › ".join(self.heading_path) + "\n" + self.text
