"""The seam: which converter reads what, what's refused unread, limits, plug-ins, fingerprints."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import plugins, registry
from converters.formats import FORMATS, NAME_ONLY_KINDS
from converters.registry import (
    convert_file,
    converter_version,
    fingerprint_for,
    is_outdated,
    kind_for,
    telling_part,
)
from converters.sources import BytesSource
from localsearch.types import (
    Block,
    ConversionContext,
    ConversionError,
    Converter,
    Document,
    NoTextError,
    Source,
)
from tests.converters.fuzz_seeds import zipped


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("format_name", [each.name for each in FORMATS])
def test_every_row_of_the_table_names_a_converter(format_name: str) -> None:
    row = next(each for each in FORMATS if each.name == format_name)
    if row.extra:
        pytest.importorskip(row.target.partition(":")[0])
    converter = registry._load(row)
    assert isinstance(converter, Converter)
    assert (converter.name, converter.suffixes) == (row.name, row.suffixes)
    assert converter_version(row.name) == converter.version >= 1


def test_no_two_rows_claim_a_name() -> None:
    claimed = [name for row in FORMATS for name in (*row.suffixes, *row.filenames)]
    assert len(claimed) == len(set(claimed))


def test_looking_at_names_imports_no_converter() -> None:
    code = (
        "import sys; from converters.registry import kind_for; kind_for('a.pdf');"
        "print([m for m in sys.modules if m in ('converters.pdf', 'converters.text', 'pypdf',"
        " 'numpy', 'tree_sitter', 'py3langid', 'selectolax', 'markdown_it')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.PDF", "pdf"), ("a.JPG", "image"), ("x.tar.gz", "archive"), ("song.flac", "audio"),
        ("film.mkv", "video"), ("main.rs", "code"), ("/deep/Makefile", "code"), ("a.html", "web"),
        ("README", "text"), ("note.md", "text"), ("lib.so", "other"), ("what.ever", "other"),
        (".bashrc", "code"), ("a.b.md", "text"),
    ],
)  # fmt: skip
def test_kind_by_name(name: str, kind: str) -> None:
    assert kind_for(name) == kind


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.jpg", b"not looked at"),
        ("notes.txt", b"\x7fELF\x02\x01\x01\0\0\0"),
        ("unnamed", bytes(range(256)) * 8),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0"),
        ("prog.c", b"\0\1\2\3\0\0\xff\xfe\0" * 100),
    ],
)
def test_content_without_text_is_found_by_name_only(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(NoTextError, match="found by name only"):
        convert_file(write(tmp_path / name, data))


def test_an_empty_file_is_a_document_without_text(tmp_path: Path) -> None:
    (document,) = convert_file(write(tmp_path / "empty.txt", b"")).documents
    assert document.blocks == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_is_refused_and_never_blocks(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe.txt"
    os.mkfifo(fifo)
    with pytest.raises(ConversionError, match="not a regular file"):
        convert_file(str(fifo))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to(write(tmp_path / "target.txt", b"text"))
    for path, reason in (
        (link, "symbolic link"),
        (tmp_path, "regular"),
        (tmp_path / "no", "opened"),
    ):
        with pytest.raises(ConversionError, match=reason):
            convert_file(str(path))


def test_a_misnamed_file_is_read_by_its_content(tmp_path: Path) -> None:
    from tests.converters.pdf_files import pdf_bytes, pdf_writer

    conversion = convert_file(write(tmp_path / "a.txt", pdf_bytes(pdf_writer(["Inside."]))))
    assert conversion.converter == "pdf"
    page = convert_file(write(tmp_path / "a.pdf", b"<html><p>A saved error page.</p></html>"))
    assert page.converter == "html"
    table = convert_file(write(tmp_path / "a.xls", b"<html><table><tr><td>1<td>2</table></html>"))
    assert table.converter == "html"


def test_the_text_limit_cuts_at_a_line_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "long.txt", b"0123456789\n" * 100)
    (document,) = convert_file(path, text_limit=105).documents
    assert document.blocks[0].text == "\n".join(["0123456789"] * 9)
    assert document.blocks[0].locator.line_end == 9
    assert document.notes == ("only the first 105 characters were read",)


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.log.gz", "a.zip"])
def test_a_line_longer_than_the_text_limit_is_cut_at_it(tmp_path: Path, name: str) -> None:
    line = b"Short.\n" * (name == "a.txt") + b"words " * 1000
    packed = {
        "a.log.gz": lambda: gzip.compress(line),
        "a.zip": lambda: zipped({"a.log": line, "b.txt": "More."}),
    }.get(name, lambda: line)()
    read = convert_file(write(tmp_path / name, packed), text_limit=2000).documents
    text = "".join(block.text for document in read for block in document.blocks)
    assert 1700 < len(text) <= 2000
    assert text.count("words") > 280
    notes = [note for document in read for note in document.notes]
    assert len(notes) >= 1
    assert all("characters were read" in note for note in notes)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RecursionError(), "nested too deeply"),
        (MemoryError(), "memory"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (ValueError("bad\x1b[31m\nthing"), r"damaged.*\(ValueError: bad\[31m thing\)"),
        (KeyError(), r"damaged.*\(KeyError\)"),
        (ModuleNotFoundError("No module named 'x'"), "package .* missing or broken: No module"),
    ],
)
def test_whatever_a_converter_raises_is_said_in_plain_words(error: Exception, reason: str) -> None:
    class Failing:
        name, version, suffixes, filenames = "failing", 1, frozenset[str](), frozenset[str]()

        def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
            yield Document((Block("first"),))
            raise error

    from converters.pipeline import limit_documents, run_converter

    context = ConversionContext(lambda source: iter(()))
    documents = run_converter(Failing(), BytesSource("x", b""), context)
    assert next(documents).blocks[0].text == "first"
    with pytest.raises(ConversionError, match=reason):
        next(documents)
    kept = limit_documents(run_converter(Failing(), BytesSource("x", b""), context), 100)
    assert re.search("the rest can't be read: .*" + reason, kept[0].notes[0])


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    row = replace(FORMATS[0], name="heavy", target="not_installed_anywhere:X", extra="heavy")
    monkeypatch.setitem(registry._BY_SUFFIX, ".heavy", row)
    with pytest.raises(ConversionError, match=r"needs the extra \[heavy\]") as caught:
        convert_file(write(tmp_path / "a.heavy", b"x"))
    assert "[heavy]" in caught.value.cause
    assert "'.[all]'" in caught.value.remedy


def test_nesting_is_bounded() -> None:
    class Nesting:
        name, version, filenames = "nesting", 1, frozenset[str]()
        suffixes = frozenset((".nest",))

        def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
            yield from context.convert_nested(BytesSource("inner.nest", b""))

    context = registry._context(1000, ocr=False, plugins=("nesting",), depth=0)
    plugins._plugins.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "_load_plugin", lambda name: Nesting())
        with pytest.raises(ConversionError, match="inside one another"):
            list(context.convert_nested(BytesSource("outer.nest", b"")))
    plugins._plugins.cache_clear()


def test_fingerprints_tell_what_a_better_converter_reads_again() -> None:
    version = converter_version("markdown")
    assert fingerprint_for("a.md") == f"markdown:{version}"
    assert fingerprint_for("unknown.suffix") == ""
    assert not is_outdated(f"markdown:{version}", "a.md")
    assert is_outdated("markdown:0", "a.md")
    assert is_outdated("", "a.md")
    assert not is_outdated("", "photo.jpg")
    # A PDF that calls itself .txt: the name's converter isn't the one that read it.
    assert not is_outdated(f"pdf:{converter_version('pdf')}", "a.txt")
    assert is_outdated("pdf:0", "a.txt")
    assert is_outdated("no-longer-there:1", "a.txt")


# Third-party converters

_EXAMPLE = re.compile(r"```python\n(# recipes\.py\n.*?)```", re.DOTALL)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The example of the docs, installed as its reader would install it."""
    page = Path(__file__).parents[2] / "docs" / "converters.md"
    match = _EXAMPLE.search(page.read_text(encoding="utf-8"))
    assert match is not None, "docs/converters.md lost its example"
    assert match[1].count("\n") <= 22, "the docs promise twenty lines"
    (tmp_path / "recipes.py").write_text(match[1], encoding="utf-8")
    info = tmp_path / "recipes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: recipes\nVersion: 1.0\n")
    entry = EntryPoint("recipes", "recipes:RecipeConverter", plugins.ENTRY_POINT_GROUP)
    (info / "entry_points.txt").write_text(f"[{entry.group}]\n{entry.name} = {entry.value}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins._entry_points.cache_clear()
    plugins._plugins.cache_clear()
    yield "recipes"
    plugins._entry_points.cache_clear()
    plugins._plugins.cache_clear()
    sys.modules.pop("recipes", None)


def test_the_example_of_the_docs_runs_when_it_is_named(example: str, tmp_path: Path) -> None:
    path = write(tmp_path / "soup.recipe", b"Soup\n\nBoil the water with salt for ten minutes.\n")
    conversion = convert_file(path, plugins=(example,))
    (document,) = conversion.documents
    assert conversion.converter == "recipes"
    assert document.title == "Soup"
    assert "Boil" in document.blocks[-1].text
    assert fingerprint_for(path, (example,)) == "recipes:1"


def test_third_party_converters_are_off_until_named(example: str, tmp_path: Path) -> None:
    path = write(tmp_path / "soup.recipe", b"Soup\n\nBoil.\n")
    assert convert_file(path).converter == "text"
    assert example not in sys.modules


def test_what_is_wrong_with_a_named_converter_is_said(example: str) -> None:
    assert plugins.plugin_problems([example]) == ()
    (problem,) = plugins.plugin_problems(["missing"])
    assert problem == "the converter 'missing' of the settings isn't installed"


TELLING_NAMES = sorted(
    {name for each in FORMATS for name in (*each.suffixes, *each.filenames)} | set(NAME_ONLY_KINDS)
)


@given(st.sampled_from(TELLING_NAMES), st.text("aB. é", max_size=6))
def test_the_telling_part_of_a_name_stands_for_the_whole(name: str, beginning: str) -> None:
    path = os.path.join(os.sep, "somewhere", beginning + name)
    part = telling_part(path)
    assert fingerprint_for(part) == fingerprint_for(path)
    assert is_outdated("pdf:0", part) == is_outdated("pdf:0", path)
    assert kind_for(part) == kind_for(path)
