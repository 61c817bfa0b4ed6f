"""Turns the tags and texts of a page, as they come, into blocks that read like the page."""

from __future__ import annotations

import re

from converters.cleaning import clean_line
from converters.outline import HeadingPath
from localsearch.types import Block, BlockKind, Locator

# A page of more is data that a program wrote.
MAX_PARAGRAPHS = 200_000
PARAGRAPHS_LEFT_OUT = f"only the first {MAX_PARAGRAPHS:,} paragraphs were read"
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BREAKING = frozenset(
    (
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
        "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup",
        "hr", "html", "legend", "li", "main", "menu", "ol", "p", "pre", "section", "summary",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    )
)  # fmt: skip
_LISTS = frozenset(("ul", "ol", "menu", "dl"))
_SPACE = re.compile(r"[ \t\n\r\f\v]+")


class TextBuilder:
    """Takes `open`, `text` and `close` in document order; `finish` gives the blocks."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._path = HeadingPath()
        self._words: list[str] = []
        self._lines: list[str] = []
        self._cells: list[str] = []
        self._bullets: list[str] = []
        self._lists = self._tables = self._pre = 0
        self._heading: int | None = None

    def open(self, tag: str) -> None:
        """A tag begins."""
        if tag == "br":
            self._words.append("\n")
            return
        if tag not in _BREAKING and tag not in _HEADINGS:
            return
        if tag in _HEADINGS:
            self._end_block()
            self._heading = _HEADINGS[tag]
        elif tag == "table" or (tag in _LISTS and not self._tables):
            self._open_group(is_list=tag in _LISTS)
        elif tag == "pre":
            self._end_line() if self._in_group else self._end_block()
            self._pre += 1
        elif tag in ("td", "th") and self._tables:
            # White space between cells.
            self._end_words()
        else:
            self._break()
            if self._tables:
                return
            if tag in ("li", "dt"):
                self._bullets = ["  " * (self._lists - 1) + "- "]
            elif tag == "dd":
                self._bullets = ["  " * self._lists]

    def close(self, tag: str) -> None:
        """A tag ends."""
        if tag in _HEADINGS:
            self._end_heading()
        elif tag in _LISTS and self._lists and not self._tables:
            self._end_line()
            self._lists -= 1
            if not self._in_group:
                self._emit("list")
        elif tag == "table" and self._tables:
            self._end_line()
            self._tables -= 1
            if not self._in_group:
                self._emit("table")
        elif tag in ("td", "th") and self._tables:
            self._end_cell()
        elif tag == "pre" and self._pre:
            self._end_pre()
        elif tag == "tr":
            self._end_line()
        elif tag in _BREAKING:
            self._break()

    def text(self, text: str) -> None:
        """Words of the page."""
        self._words.append(text if self._pre else _SPACE.sub(" ", text))

    def finish(self) -> tuple[Block, ...]:
        """The blocks; the builder is spent."""
        if self._heading is not None:
            self._end_heading()
        self._lists = self._tables = self._pre = 0
        self._end_block()
        return tuple(self._blocks)

    @property
    def begun(self) -> bool:
        """Whether there's a block."""
        return bool(self._blocks)

    @property
    def full(self) -> bool:
        """Whether there are so many blocks that no more are of use."""
        return len(self._blocks) >= MAX_PARAGRAPHS

    @property
    def _in_group(self) -> bool:
        return bool(self._lists or self._tables)

    def _open_group(self, *, is_list: bool) -> None:
        if self._in_group:
            self._end_line()
        else:
            self._end_block()
        if is_list:
            self._lists += 1
        else:
            self._tables += 1

    def _break(self) -> None:
        if self._heading is not None:
            self._words.append(" ")
        elif self._tables:
            # A paragraph in a cell is a part of the row.
            self._words.append(" ")
        elif self._in_group:
            self._end_line()
        elif not self._pre:
            self._end_block()

    def _end_words(self) -> str:
        written = "".join(self._words)
        self._words.clear()
        if self._pre:
            return written
        lines = (_SPACE.sub(" ", line).strip() for line in written.split("\n"))
        return "\n".join(line for line in lines if line)

    def _end_cell(self) -> None:
        self._cells.append(" ".join(self._end_words().split("\n")))

    def _end_line(self) -> None:
        rest = self._end_words()
        if rest:
            self._cells.append(rest)
        line = " | ".join(self._cells).strip(" |\n")
        self._cells.clear()
        if line:
            bullet = self._bullets.pop() if self._bullets else "  " * self._lists
            self._lines.append((bullet if self._lists else "") + line)

    def _end_pre(self) -> None:
        self._pre -= 1
        if self._pre:
            return
        written = "".join(self._words).strip("\n")
        self._words.clear()
        if self._in_group:
            self._lines.extend(written.split("\n"))
        else:
            self._add(written, "code")

    def _end_heading(self) -> None:
        # Signs that link to the heading itself.
        title = clean_line("".join(self._words)).strip("¶§ ")
        self._words.clear()
        level, self._heading = self._heading, None
        if title and level is not None:
            if self._lines or self._cells:
                self._end_line()
                self._emit("paragraph")
            self._path.enter(level, title)
            self._add(title, "heading")

    def _end_block(self) -> None:
        if self._heading is not None:
            self._end_heading()
        self._end_line()
        self._emit("paragraph")

    def _emit(self, kind: BlockKind) -> None:
        text = "\n".join(self._lines)
        self._lines.clear()
        self._bullets.clear()
        self._add(text, kind)

    def _add(self, text: str, kind: BlockKind) -> None:
        if text.strip():
            self._blocks.append(Block(text, Locator(heading=self._path.path), kind))
