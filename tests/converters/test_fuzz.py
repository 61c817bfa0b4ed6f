"""Damaged files of every base format: read, or refused in plain words, and never anything else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters.registry import convert_file
from localsearch.types import ConversionError
from tests.converters.code_samples import SAMPLES
from tests.converters.pdf_files import add_scan, pdf_bytes, pdf_writer
from tests.converters.vectors import VECTORS


def _pdf() -> bytes:
    writer = pdf_writer(["1 Begin\nFirst page of it.", "第二页\nالثانية"])
    add_scan(writer)
    writer.add_outline_item(title="Begin", page_number=0)
    writer.add_metadata({"/Title": "Fuzzed"})
    return pdf_bytes(writer)


SEEDS: tuple[tuple[str, bytes], ...] = (
    *((vector.name, vector.data[:4000]) for vector in VECTORS),
    *((sample.name, sample.text.encode()) for sample in SAMPLES[:12]),
    *(("file.pdf", _pdf()),) * 20,
)
# A campaign for `make test-long`; a sample of it every time.
_EXAMPLES = 5000 if os.environ.get("LOCALSEARCH_LONG") else 150


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    name, data = draw(st.sampled_from(SEEDS))
    damaged = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(damaged) - 1)))
        match draw(st.sampled_from(["flip", "cut", "repeat", "insert", "drop"])):
            case "flip" if damaged:
                damaged[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del damaged[at:]
            case "repeat":
                damaged[at:at] = damaged[at : at + draw(st.integers(1, 200))] * 3
            case "insert":
                damaged[at:at] = draw(st.binary(max_size=12))
            case _:
                del damaged[at : at + draw(st.integers(1, 50))]
    return name, bytes(damaged)


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged())
def test_damage_is_read_or_refused(file: tuple[str, bytes]) -> None:
    name, data = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        try:
            conversion = convert_file(str(path))
        except ConversionError as error:
            assert error.cause
            return
    for document in conversion.documents:
        for block in document.blocks:
            block.text.encode("utf-8")
            start, end = block.locator.line_start, block.locator.line_end
            if start is not None and end is not None:
                assert block.text.count("\n") + 1 == end - start + 1


@pytest.mark.parametrize(
    "name", ["a.md", "a.rst", "a.adoc", "a.org", "a.tex", "a.1", "a.txt", "a.py"]
)
def test_markup_made_to_hurt_is_read_in_bounded_time(name: str, tmp_path: Path) -> None:
    pieces = ["> " * 2000, "[" * 20_000, "- " * 2000, "*a _b " * 10_000, "`" * 5000, "#" * 9000,
              "=" * 9000, "\n=\n=" * 5000, "\\section{" * 3000, ".SH " * 3000, "* " * 5000,
              "\n----\n" * 5000, "\n#+begin_src" * 2000, "| a |" * 5000, "'''" * 3000]  # fmt: skip
    path = tmp_path / name
    path.write_text("\n\n".join(pieces), encoding="utf-8")
    assert convert_file(str(path)).documents
