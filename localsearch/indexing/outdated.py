"""Which unchanged files would be read differently now than when they were read?"""

from __future__ import annotations

import os
import shutil
from itertools import islice
from typing import TYPE_CHECKING

from localsearch.indexing.reader import chunk_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    from localsearch.chunking.chunker import CHUNKER_VERSION

    return CHUNKER_VERSION * _CHUNKER_STEP + chunk_size(embedder).target


def mark_outdated(
    store: Store,
    settings: Settings,
    embedder: Embedder | None,
    unchanged: Iterable[KnownFile],
    *,
    leave: bool = False,
) -> tuple[int, list[str]]:
    """Have files read anew that would be read differently now; gives their number.

    These are, of the `unchanged` ones, those that a newer converter or chunker would read
    differently, or that another model wants cut otherwise, those that looked as if they held no
    text to an older converter, and those that couldn't be opened and can be now; and all scans,
    once they can be read.
    The paths of those that are indexed already are given too, and with `leave` they aren't marked:
    they're for `localsearch.indexing.renewing`.
    """
    from converters.registry import is_outdated, telling_part

    plugins = settings.converters.plugins
    wanted = chunking(embedder)
    # Which size suits is known again when the model is back.
    step = _CHUNKER_STEP if embedder is None else 1
    answers: dict[tuple[str, str], bool] = {}

    def has_newer_converter(file: KnownFile) -> bool:
        asked = file.converter, telling_part(file.path, plugins)
        if asked not in answers:
            answers[asked] = is_outdated(*asked, plugins)
        return answers[asked]

    indexed, unread = [], []
    for file in unchanged:
        if file.state == "indexed":
            if file.chunker // step != wanted // step or has_newer_converter(file):
                indexed.append(file.path)
        elif _may_be_readable(file, has_newer_converter):
            unread.append(file.path)
    marked = dict.fromkeys((*unread, *_readable_scans(store, settings)))
    if not leave:
        marked |= dict.fromkeys(indexed)
    for start in range(0, len(marked), _BATCH):
        with store.transaction():
            for path in islice(marked, start, start + _BATCH):
                store.files.set_outdated(path)
    renewable = [path for path in indexed if path not in marked] if leave else []
    return len(marked) + len(renewable), renewable


def _may_be_readable(file: KnownFile, has_newer_converter: Callable[[KnownFile], bool]) -> bool:
    """Whether a file without text may have some now."""
    if file.state == "name_only":
        # No converter is noted for what's found by its name as the settings have it.
        return bool(file.converter) and has_newer_converter(file)
    if file.state != "failed":
        return False
    return has_newer_converter(file) if file.opened else os.access(file.path, os.R_OK)


def _readable_scans(store: Store, settings: Settings) -> list[str]:
    able = "on" if settings.index.ocr and shutil.which("tesseract") else ""
    if able == store.notes.get(_OCR_NOTE):
        return []
    with store.transaction():
        store.notes.put(_OCR_NOTE, able)
    return store.files.remarked(_SCANS) if able else []
