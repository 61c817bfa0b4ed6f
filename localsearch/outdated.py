"""Which unchanged files would be read differently now than when they were read?"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from localsearch.reader import chunk_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localsearch.config import Settings
    from localsearch.store import Store
    from localsearch.types import Embedder, KnownFile

# What converters.pdf says of files, and of pages, that it would have needed OCR for.
_SCANS = ("scanned pages", "scans without text")
_OCR_NOTE = "ocr"
_BATCH = 500
# Leaves room for the size of chunks below the chunker's version.
_CHUNKER_STEP = 10_000


def chunking(embedder: Embedder | None) -> int:
    """What decides how a file is cut: the chunker's version, and the size that suits the model."""
    from localsearch.chunker import CHUNKER_VERSION

    return CHUNKER_VERSION * _CHUNKER_STEP + chunk_size(embedder).target


def mark_outdated(
    store: Store, settings: Settings, embedder: Embedder | None, unchanged: Iterable[KnownFile]
) -> int:
    """Have files read anew that would be read differently now; gives their number.

    These are, of the `unchanged` ones, those that a newer converter or chunker would read
    differently, or that another model wants cut otherwise, and those that couldn't be opened and
    can be now; and all scans, once they can be read.
    """
    from converters.registry import is_outdated

    plugins = settings.converters.plugins
    wanted = chunking(embedder)
    # Which size suits is known again when the model is back.
    step = _CHUNKER_STEP if embedder is None else 1
    outdated = [
        file.path
        for file in unchanged
        if (file.state == "indexed" and file.chunker // step != wanted // step)
        or (file.state in ("indexed", "failed") and is_outdated(file.converter, file.path, plugins))
        or (file.state == "failed" and not file.opened and os.access(file.path, os.R_OK))
    ]
    outdated += _readable_scans(store, settings)
    for start in range(0, len(outdated), _BATCH):
        with store.transaction():
            for path in outdated[start : start + _BATCH]:
                store.files.set_outdated(path)
    return len(outdated)


def _readable_scans(store: Store, settings: Settings) -> list[str]:
    able = "on" if settings.index.ocr and shutil.which("tesseract") else ""
    if able == store.notes.get(_OCR_NOTE):
        return []
    with store.transaction():
        store.notes.put(_OCR_NOTE, able)
    return store.files.remarked(_SCANS) if able else []
