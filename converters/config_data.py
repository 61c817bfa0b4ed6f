"""YAML and TOML files: their own lines, comments too, under the keys of their longer sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from converters.cleaning import clean_line
from converters.collecting import in_time
from converters.formats import named
from converters.paragraphs import line_block, paragraphs
from converters.safety import plain_errors
from converters.text import read_text
from localsearch.types import Block, ConversionContext, Document, Source

# A section of fewer lines says more together with its neighbours.
_MIN_SECTION_LINES = 6
# Beyond it, data that a program wrote: cut at its empty lines.
_PARSED_CHARACTERS = 2_000_000
# The library's time grows with the square of the depth.
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class _Section:
    """Rows from `row` on (from 0), up to the next section; `key` is "" for what has none."""

    row: int
    key: str


class YamlConverter:
    """Reads YAML."""

    name = "yaml"
    version = 4
    suffixes = named("yaml").suffixes
    filenames = named("yaml").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; a section is a key of the outermost mapping."""
        text = read_text(source, context)
        with plain_errors("YAML"):
            sections = list(_yaml_sections(text[:_PARSED_CHARACTERS]))
        yield _document(text, sections, context)


class TomlConverter:
    """Reads TOML."""

    name = "toml"
    version = 4
    suffixes = named("toml").suffixes
    filenames = named("toml").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document; a section is a table."""
        text = read_text(source, context)
        with plain_errors("TOML"):
            sections = list(_toml_sections(text[:_PARSED_CHARACTERS]))
        yield _document(text, sections, context)


def _document(text: str, sections: Sequence[_Section], context: ConversionContext) -> Document:
    notes: list[str] = []
    blocks = tuple(in_time(_blocks(text.split("\n"), sections), context, notes))
    return Document(blocks, kind="data", notes=tuple(notes))


def _blocks(lines: Sequence[str], sections: Sequence[_Section]) -> Iterator[Block]:
    start = 0
    rows = [section.row for section in sections]
    for section, end in zip(sections, [*rows[1:], len(lines)], strict=False):
        begin = _with_comments(lines, section.row, start)
        stop = _with_comments(lines, end, begin) if end < len(lines) else end
        if stop - begin < _MIN_SECTION_LINES or not section.key:
            continue
        yield from paragraphs(lines[start:begin], start + 1)
        # A section with empty lines in it is still one.
        while stop > begin and not lines[stop - 1].strip():
            stop -= 1
        for first in range(begin, stop, 200):
            last = min(first + 200, stop)
            yield line_block(lines, first, last, heading=(section.key,))
        start = stop
    yield from paragraphs(lines[start:], start + 1)


def _with_comments(lines: Sequence[str], row: int, lowest: int) -> int:
    """The row on which the comment above a section begins, or the section itself."""
    while row > lowest and lines[row - 1].lstrip().startswith("#"):
        row -= 1
    return row


def _yaml_sections(text: str) -> Iterator[_Section]:
    """The keys of the outermost mappings; events, so that no alias is ever expanded."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    expects_key = False
    try:
        for event in yaml.parse(text, Loader=loader):
            if depth == 1 and expects_key and isinstance(event, yaml.ScalarEvent):
                yield _Section(_row(event), clean_line(event.value))
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    return
                expects_key = depth == 1 and isinstance(event, yaml.MappingStartEvent)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                depth -= 1
                expects_key = depth == 1
            elif depth == 1:
                expects_key = not expects_key
            elif isinstance(event, yaml.DocumentStartEvent) and event.explicit:
                yield _Section(_row(event), "")
    except yaml.YAMLError:
        # Templates and broken files: their lines are read all the same.
        return


def _row(event: yaml.Event) -> int:
    return event.start_mark.line if event.start_mark is not None else 0


def _toml_sections(text: str) -> Iterator[_Section]:
    from tree_sitter_language_pack import get_parser

    root = get_parser("toml").parse(text.encode("utf-8", "replace")).root_node
    for node in root.children:
        if node.type in ("table", "table_array_element"):
            name = next((child for child in node.children if child.is_named), None)
            key = name.text.decode("utf-8", "replace") if name and name.text else ""
            yield _Section(node.start_point.row, clean_line(key))
