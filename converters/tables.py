"""Tables in text files (.csv, .tsv): each row a record, with its lines in the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from converters.collecting import BlockCollector
from converters.formats import named
from converters.rows import RecordWriter
from converters.safety import plain_errors
from converters.text import read_text
from localsearch.types import ConversionContext, Document, Locator, Source

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 8_192
_SAMPLE_LINES = 50
_BLOCK_CHARACTERS = 900
# The library's own limit is for another purpose: a cell may hold a long text.
csv.field_size_limit(1 << 28)


class CsvConverter:
    """Reads tables whose delimiter is found out."""

    name = "csv"
    version = 4
    suffixes = named("csv").suffixes
    filenames = named("csv").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; a block is a few rows."""
        lines = read_text(source, context).split("\n")
        out = BlockCollector.within(context)
        with plain_errors("a table"):
            is_tsv = source.name.lower().endswith((".tsv", ".tab"))
            _read(lines, "\t" if is_tsv else _delimiter(lines), out)
        yield Document(tuple(out.blocks), kind="sheet", notes=tuple(out.notes))


def _delimiter(lines: Sequence[str]) -> str:
    sample = "\n".join(lines[:_SAMPLE_LINES])[:_SAMPLE_CHARACTERS]
    # Spreadsheets write and understand this first line.
    if lines[0].startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]
    try:
        return csv.Sniffer().sniff(sample, _DELIMITERS).delimiter
    except csv.Error:
        return ","


def _read(lines: Sequence[str], delimiter: str, out: BlockCollector) -> None:
    # Each line keeps its end: a cell may hold several.
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    records = RecordWriter()
    group: list[str] = []
    length, first, last = 0, 1, 0
    begin = 1
    for row in reader:
        line = records.line(row)
        if group and length + len(line) > _BLOCK_CHARACTERS:
            out.add("\n".join(group), Locator(line_start=first, line_end=last), "table")
            group, length = [], 0
        if out.full:
            return
        if line:
            first = first if group else begin
            group.append(line)
            length += len(line)
            last = reader.line_num
        begin = reader.line_num + 1
    out.add("\n".join(group), Locator(line_start=first, line_end=last), "table")
