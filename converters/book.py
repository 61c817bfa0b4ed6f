"""E-books (.epub), chapter by chapter in the order of reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from converters.book_package import Chapter, open_book
from converters.collecting import BlockCollector
from converters.formats import named
from converters.html import html_document
from converters.safety import CheckedZip, checked_zip, plain_errors
from localsearch.types import Block, ConversionContext, ConversionError, Document, Source


class BookConverter:
    """Reads EPUB 2 and 3."""

    name = "epub"
    version = 5
    suffixes = named("epub").suffixes
    filenames = named("epub").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; `part` of each block is the chapter as the table of contents has it."""
        with plain_errors("an EPUB book"):
            document = _read(source, BlockCollector.within(context))
        yield document


def _read(source: Source, out: BlockCollector) -> Document:
    failed: list[ConversionError] = []
    with checked_zip(source) as package:
        book = open_book(package)
        for chapter in book.chapters:
            if out.full:
                break
            try:
                for block in _chapter_blocks(package, chapter):
                    out.take(block)
            except ConversionError as error:
                failed.append(error)
    if failed and not out.blocks:
        raise failed[0]
    if failed:
        count = f"{len(failed)} of {len(book.chapters)} chapters"
        out.notes.append(f"{count} can't be read: {failed[0].cause}")
    return Document(
        tuple(out.blocks),
        kind="book",
        title=book.title,
        language=book.language,
        notes=tuple(out.notes),
    )


def _chapter_blocks(package: CheckedZip, chapter: Chapter) -> Iterator[Block]:
    page = html_document(package.read(chapter.path))
    first = next((block.text for block in page.blocks if block.kind == "heading"), None)
    title = chapter.title or first or page.title or chapter.path.rpartition("/")[2]
    for block in page.blocks:
        heading = block.locator.heading
        if not heading or heading[0] != title:
            heading = (title, *heading)
        yield replace(block, locator=replace(block.locator, part=title, heading=heading))
