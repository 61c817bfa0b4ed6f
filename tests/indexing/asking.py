"""What an index holds, and settings for one without a model."""

from __future__ import annotations

import os
from pathlib import Path

from localsearch import config
from localsearch.api import Index
from localsearch.store import Store

NO_MODEL = config.Settings(models=config.ModelSettings(embedder="/no/such/model.gguf"))


def reader(index: Index) -> Store:
    """A look into the tables."""
    return index._reader()


def found(index: Index, text: str, folder: Path) -> list[str]:
    *_, stage = index.search(index.parse(text, mode="keyword"))
    paths = dict.fromkeys(path for hit in stage.hits for path in (hit.path, *hit.copies))
    return [os.path.relpath(path, folder) for path in paths]
