"""Every vector of the table gives what it must, where it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.registry import convert_file
from localsearch.types import Block
from tests.converters.vectors import VECTORS, Vector


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(vector: Vector, tmp_path: Path) -> None:
    path = tmp_path / vector.name
    path.write_bytes(vector.data)
    conversion = convert_file(str(path))
    assert conversion.converter == vector.converter
    (document,) = conversion.documents
    text = "\n".join(block.text for block in document.blocks)
    for phrase in vector.includes:
        assert phrase in text
    for phrase in vector.excludes:
        assert phrase not in text
    assert document.title == vector.title
    assert document.kind == vector.kind
    if vector.language is not None:
        assert document.language == vector.language
    for phrase, fields in vector.at.items():
        locator = _block_with(phrase, document.blocks).locator
        assert {name: getattr(locator, name) for name in fields} == dict(fields)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_line_ranges_hold_as_many_lines_as_the_text(vector: Vector, tmp_path: Path) -> None:
    path = tmp_path / vector.name
    path.write_bytes(vector.data)
    last = 0
    for block in convert_file(str(path)).documents[0].blocks:
        start, end = block.locator.line_start, block.locator.line_end
        if start is None or end is None:
            continue
        assert start > last, "blocks come in the order of the file and don't overlap"
        assert block.text.count("\n") + 1 == end - start + 1
        last = end


def _block_with(phrase: str, blocks: tuple[Block, ...]) -> Block:
    found = [block for block in blocks if phrase in block.text]
    assert found, f"{phrase!r} is in no block"
    return found[0]
