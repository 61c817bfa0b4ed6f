from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from localsearch.api import Index
from tests.converters.pdf_files import add_scan, pdf_bytes, pdf_writer

if TYPE_CHECKING:
    from pathlib import Path


def found(index: Index, text: str) -> list[str]:
    *_, stage = index.search(index.parse(text, mode="keyword"))
    return sorted(os.path.basename(hit.path) for hit in stage.hits)


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
