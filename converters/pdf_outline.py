"""A PDF's outline as headings: which section is each passage of a page in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from converters.cleaning import clean_line
from converters.outline import HeadingPath

if TYPE_CHECKING:
    from pypdf import PdfReader

_MAX_ENTRIES = 10_000
_PAGE_FURNITURE = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the outline: its page counts from 1, its level from 1."""

    page: int
    level: int
    title: str


def read_outline(reader: PdfReader) -> list[Entry]:
    """The outline in the order of the pages; empty where there's none, or it's broken."""
    entries: list[Entry] = []
    try:
        page_numbers = {
            page.indirect_reference.idnum: number
            for number, page in enumerate(reader.pages, start=1)
            if page.indirect_reference is not None
        }
        pending: list[tuple[Any, int]] = [(item, 1) for item in reversed(reader.outline)]
        while pending and len(entries) < _MAX_ENTRIES:
            item, level = pending.pop()
            if isinstance(item, list):
                pending.extend((child, level + 1) for child in reversed(item))
                continue
            page = getattr(item.page, "idnum", None)
            title = clean_line(str(item.title or ""))
            if page in page_numbers and title:
                entries.append(Entry(page_numbers[page], level, title))
    except Exception:  # noqa: BLE001 - a broken outline costs the headings, not the text
        return []
    # Outlines that jump back and forth have no order of sections that a page could be in.
    return sorted(entries, key=lambda entry: entry.page)


class OutlineReader:
    """Goes through the pages in their order and says which headings each passage is under."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._next = 0
        self._path = HeadingPath()

    @property
    def path(self) -> tuple[str, ...]:
        """The headings at the end of what was split last."""
        return self._path.path

    def split(self, page: int, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """The page's text cut where sections begin, each piece with its headings.

        A section whose title isn't a line of the page is taken to begin at its top.
        """
        lines = text.split("\n")
        begins: list[tuple[int, Entry]] = []
        from_row = 0
        while self._next < len(self._entries) and self._entries[self._next].page <= page:
            entry = self._entries[self._next]
            self._next += 1
            row = _find_line(lines, entry.title, from_row) if entry.page == page else None
            if row is None and not begins:
                self._path.enter(entry.level, entry.title)
            else:
                from_row = from_row if row is None else row
                begins.append((from_row, entry))
        row = 0
        for begin, entry in begins:
            # A page's number or running title is no passage of its own.
            if len("".join(lines[row:begin])) > _PAGE_FURNITURE:
                yield from self._piece(lines[row:begin])
                row = begin
            self._path.enter(entry.level, entry.title)
        yield from self._piece(lines[row:])

    def _piece(self, lines: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
        text = "\n".join(lines).strip("\n")
        if text.strip():
            yield self._path.path, text


def _find_line(lines: Sequence[str], title: str, from_row: int) -> int | None:
    """The row that shows the title, with or without its number before it."""
    wanted = _letters(title)
    if not wanted:
        return None
    for row in range(from_row, len(lines)):
        shown = _letters(lines[row])
        if shown.endswith(wanted) and (shown == wanted or shown[: -len(wanted)].isdigit()):
            return row
    return None


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
