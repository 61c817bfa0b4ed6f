from __future__ import annotations

import errno
import gzip
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from converters.registry import convert_file
from localsearch.api import Index
from localsearch.indexing import reader
from localsearch.indexing.indexer import Indexer
from localsearch.store import Store
from localsearch.types import CancelledError, ConversionError, Progress
from tests.converters.pdf_files import add_scan, pdf_bytes, pdf_writer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from converters.registry import Conversion


def found(index: Index, text: str) -> list[str]:
    *_, stage = index.search(index.parse(text, mode="keyword"))
    paths = {path for hit in stage.hits for path in (hit.path, *hit.copies)}
    return sorted(map(os.path.basename, paths))


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_scans_are_read_once_ocr_is_there(
    filled: Index, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned, mixed = pdf_writer([]), pdf_writer(["The first page is text."])
    for writer in (scanned, mixed):
        add_scan(writer, os.urandom(4096))
    (library / "scanned.pdf").write_bytes(pdf_bytes(scanned))
    (library / "mixed.pdf").write_bytes(pdf_bytes(mixed))
    programs = tmp_path / "bin"
    programs.mkdir()
    # Nothing else is found, whatever is installed.
    monkeypatch.setenv("PATH", str(programs))
    filled.update()
    assert found(filled, "walnuts") == []
    settings = replace(filled.settings, index=replace(filled.settings.index, ocr=True))
    with Index(filled.paths, settings) as index:
        # Switched on, but the program that does it isn't there yet.
        assert index.update().renewed == 0
        program = programs / "tesseract"
        program.write_text(
            '#!/bin/sh\nif [ "$1" = --list-langs ]; then printf "List:\\neng\\n"; exit; fi\n'
            '/bin/cat >/dev/null; echo "walnuts"\n'
        )
        program.chmod(0o755)
        assert index.update().renewed == 2
        assert found(index, "walnuts") == ["mixed.pdf", "scanned.pdf"]
        assert index.update().renewed == 0


def by_meaning(index: Index) -> tuple[set[str], float]:
    """What has vectors: the files that any question finds, and the share that's told."""
    *_, stage = index.search(index.parse("the flat gets cold at night", mode="semantic"))
    return {os.path.basename(hit.path) for hit in stage.hits}, stage.coverage.semantic


def test_a_newer_converter_reads_its_own_files_alone(filled: Index) -> None:
    with Store(filled.paths.index_file) as store, store.transaction():
        store._connection.execute(
            "UPDATE files SET converter = 'markdown:0' WHERE converter LIKE 'markdown:%'"
        )
    report = filled.update()
    # What it says is the same, so that its vectors stay.
    assert (report.renewed, report.embedded_chunks) == (1, 0)
    assert filled.update().renewed == 0
    assert found(filled, "blight") == ["tomatoes.md"]


def test_a_newer_converter_reads_what_looked_like_no_text(filled: Index, library: Path) -> None:
    # Packed under its own name, which older versions took for a binary file.
    (library / "names.csv").write_bytes(gzip.compress(b"name,town\nQuendel,Ulm\n"))
    (library / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    filled.update()
    with Store(filled.paths.index_file) as store, store.transaction():
        store._connection.execute(
            "UPDATE files SET state = 'name_only', converter = 'csv:3' WHERE extension = 'csv'"
        )
    assert filled.update().renewed == 1
    assert found(filled, "Quendel") == ["names.csv"]
    assert filled.update().renewed == 0


@pytest.fixture
def cut_otherwise(filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index that the chunker from now on would cut in smaller pieces."""
    for name in ("garden/bees.txt", "letters/heizung.txt"):
        path = library / name
        path.write_text(path.read_text(encoding="utf-8") * 9, encoding="utf-8")
    filled.update()
    smaller = reader.chunk_size(None)
    smaller = replace(smaller, target=20, overlap=0, maximum=40)
    monkeypatch.setattr("localsearch.chunking.chunker.CHUNKER_VERSION", 4711)
    monkeypatch.setattr(reader, "chunk_size", lambda _: smaller)
    return filled


def test_a_newer_chunker_leaves_no_gap(cut_otherwise: Index, library: Path) -> None:
    before = cut_otherwise.status().chunks
    all_of_it = {"tomatoes.md", "bees.txt", "heizung.txt", "睡眠.txt", "retry.py", "new.txt"}
    (library / "new.txt").write_text("A word that is new: zeppelin.")
    during: list[tuple[set[str], float]] = []
    words: list[list[str]] = []

    def search_meanwhile(progress: Progress) -> None:
        if progress.phase == "reading" and progress.current != str(library / "new.txt"):
            during.append(by_meaning(cut_otherwise))
            words.append(found(cut_otherwise, "zeppelin"))

    report = cut_otherwise.update(progress=search_meanwhile)
    assert (report.changed, report.renewed) == (0, 5)
    # Once before each file at least, and between its batches.
    assert len(during) >= 5
    assert all(each == (all_of_it, 1.0) for each in during)
    # What's new can be found before what's old is improved.
    assert all(each == ["new.txt"] for each in words)
    assert cut_otherwise.status().chunks > before + 1
    assert by_meaning(cut_otherwise) == (all_of_it, 1.0)
    with Store(cut_otherwise.paths.index_file) as store:
        assert store.checks.problems() == ()


def test_a_newer_chunker_goes_on_where_it_was_stopped(cut_otherwise: Index) -> None:
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.phase == "reading" and progress.files_done == 2:
            cancel.set()

    with pytest.raises(CancelledError):
        cut_otherwise.update(progress=stop, cancel=cancel)
    assert by_meaning(cut_otherwise)[1] == 1.0
    assert cut_otherwise.update().renewed == 5 - 2
    assert cut_otherwise.update().renewed == 0


def test_without_a_model_words_are_read_anew_all_the_same(
    index: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localsearch.models.choose.starter_is_available", lambda: False)
    monkeypatch.setattr("localsearch.engine.starter.find_starter_weights", lambda: None)
    index.add_roots([str(library)])
    index.update()
    monkeypatch.setattr("localsearch.chunking.chunker.CHUNKER_VERSION", 4711)
    assert index.update().renewed == 5
    assert index.update().renewed == 0
    assert found(index, "blight") == ["tomatoes.md"]


def renewing(index: Index, store: Store) -> Indexer:
    """One that has yet to renew all files, and nothing else to do."""
    indexer = Indexer(store, index.paths, index.settings, index.open_embedder())
    indexer.find_changes()
    assert indexer.has_outdated
    return indexer


def test_a_long_text_is_renewed_in_batches_between_other_work(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "long.txt").write_text("\n\n".join(f"Zeppelin {n}. " * 60 for n in range(40)))
    filled.update()
    monkeypatch.setattr("localsearch.chunking.chunker.CHUNKER_VERSION", 4711)
    monkeypatch.setattr(reader, "chunk_size", lambda _: reader.ChunkSize(64, 8, 128))
    conversions: list[str] = []

    def convert(path: str, *, ocr: bool, plugins: Sequence[str]) -> Conversion:
        conversions.append(path)
        return convert_file(path, ocr=ocr, plugins=plugins)

    with Store(filled.paths.index_file) as store:
        indexer, asked = renewing(filled, store), 0

        def until() -> bool:
            nonlocal asked
            asked += 1
            return asked % 2 == 0

        rounds = 0
        while not indexer.renew_outdated(convert, until=until):
            rounds += 1
            # Nothing is half done, whenever it's left for something else.
            assert by_meaning(filled)[1] == 1.0
        assert rounds > 20
        assert len(conversions) == 6
        assert store.checks.problems() == ()
    assert filled.update().renewed == 0


def test_what_cannot_be_read_now_keeps_the_text_it_has(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *, ocr: bool, plugins: Sequence[str]) -> Conversion:
        raise ConversionError("reading it took too long")

    monkeypatch.setattr("localsearch.chunking.chunker.CHUNKER_VERSION", 4711)
    with Store(filled.paths.index_file) as store:
        indexer = renewing(filled, store)
        assert indexer.renew_outdated(refuse)
        assert store.files.counts() == {"indexed": 5}
        assert indexer.find_changes() == 0
    assert found(filled, "blight") == ["tomatoes.md"]
    # Nor is it lost when the file can't even be opened, and then it's tried again.
    monkeypatch.setattr("localsearch.chunking.chunker.CHUNKER_VERSION", 4712)
    with Store(filled.paths.index_file) as store:
        indexer = renewing(filled, store)
        with monkeypatch.context() as refused:
            refused.setattr(os, "open", refuse_to_open)
            assert indexer.renew_outdated(convert_file)
        assert store.files.counts() == {"indexed": 5}
        assert indexer.find_changes() == 5
    assert found(filled, "blight") == ["tomatoes.md"]


def refuse_to_open(path: str, flags: int) -> int:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def test_what_went_to_the_cloud_is_not_fetched_to_be_renewed(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No file system here has such files: the marks are what is made up.
    monkeypatch.setattr("localsearch.chunking.chunker.CHUNKER_VERSION", 4711)
    with Store(filled.paths.index_file) as store:
        indexer = renewing(filled, store)
        monkeypatch.setattr("localsearch.scanning.scan._MARKS_PLACEHOLDERS", True)
        monkeypatch.setattr("localsearch.scanning.scan.is_placeholder", lambda _: True)
        # It went since the folders were looked at.
        monkeypatch.setattr(reader, "is_placeholder", lambda _: True)
        monkeypatch.setattr(reader, "hash_content", pytest.fail)
        assert indexer.renew_outdated(convert_file)
        assert (
            Indexer(store, filled.paths, filled.settings, filled.open_embedder()).find_changes()
            == 0
        )
    assert found(filled, "blight") == ["tomatoes.md"]
