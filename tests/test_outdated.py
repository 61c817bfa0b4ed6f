from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from localsearch import reader
from localsearch.api import Index
from localsearch.store import Store
from localsearch.types import CancelledError, Progress
from tests.converters.pdf_files import add_scan, pdf_bytes, pdf_writer

if TYPE_CHECKING:
    from pathlib import Path


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
        assert index.update().changed == 0
        program = programs / "tesseract"
        program.write_text(
            '#!/bin/sh\nif [ "$1" = --list-langs ]; then printf "List:\\neng\\n"; exit; fi\n'
            '/bin/cat >/dev/null; echo "walnuts"\n'
        )
        program.chmod(0o755)
        assert index.update().changed == 2
        assert found(index, "walnuts") == ["mixed.pdf", "scanned.pdf"]
        assert index.update().changed == 0


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
    assert (report.changed, report.embedded_chunks) == (1, 0)
    assert filled.update().changed == 0
    assert found(filled, "blight") == ["tomatoes.md"]


@pytest.fixture
def cut_otherwise(filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index that the chunker from now on would cut in smaller pieces."""
    for name in ("garden/bees.txt", "letters/heizung.txt"):
        path = library / name
        path.write_text(path.read_text(encoding="utf-8") * 9, encoding="utf-8")
    filled.update()
    smaller = reader.chunk_size(None)
    smaller = replace(smaller, target=20, overlap=0, maximum=40)
    monkeypatch.setattr("localsearch.chunker.CHUNKER_VERSION", 4711)
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
    assert report.changed == 5
    assert during == [(all_of_it, 1.0)] * 5
    # What's new can be found before what's old is improved.
    assert words == [["new.txt"]] * 5
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
    assert cut_otherwise.update().changed == 5 - 2
    assert cut_otherwise.update().changed == 0


def test_without_a_model_words_are_read_anew_all_the_same(
    index: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localsearch.models.choose.starter_is_available", lambda: False)
    monkeypatch.setattr("localsearch.engine.starter.find_starter_weights", lambda: None)
    index.add_roots([str(library)])
    index.update()
    monkeypatch.setattr("localsearch.chunker.CHUNKER_VERSION", 4711)
    assert index.update().changed == 5
    assert index.update().changed == 0
    assert found(index, "blight") == ["tomatoes.md"]
