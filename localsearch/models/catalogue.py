"""Which models are known by name, and what is known about them (the data: catalogue.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from localsearch.types import UnknownModelError

Role = Literal["embedder", "reranker", "likelihood"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """What is known about a model before it is here; catalogue.toml says what each field holds."""

    name: str
    role: Role
    architecture: str
    context_tokens: int
    quantisation: str
    licence: str
    licence_url: str
    languages: str
    size_bytes: int
    file: str
    summary: str
    preference: int
    aliases: tuple[str, ...] = ()
    dimension: int = 0
    sha256: str = ""
    hub_repo: str = ""
    hub_file: str = ""
    modelscope_repo: str = ""
    python_package: str = ""


# The one model whose weights are repacked from a Python package instead of copied.
STARTER_NAME = "multilingual-e5-small"
# What `models list` recommends, and what a first run should end with.
RECOMMENDED_EMBEDDER = "Qwen3-Embedding-0.6B"
RECOMMENDED_RERANKER = "Qwen3-Reranker-0.6B"


def read_catalogue(path: Path) -> tuple[CatalogueEntry, ...]:
    """The entries of a catalogue file; raises ValueError (msgspec's) when one doesn't fit."""
    import msgspec

    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return msgspec.convert(raw["model"], type=tuple[CatalogueEntry, ...])


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Every model known by name, in the order in which they are shown."""
    return read_catalogue(Path(__file__).with_name("catalogue.toml"))


def find_entry(name: str) -> CatalogueEntry | None:
    """The entry of that name, alias or file name, whatever its case; None when there's none."""
    wanted = name.casefold()
    for entry in catalogue():
        if wanted in {known.casefold() for known in (entry.name, entry.file, *entry.aliases)}:
            return entry
    return None


def get_entry(name: str) -> CatalogueEntry:
    """The entry of that name or alias; raises ModelError that names the closest ones."""
    entry = find_entry(name)
    if entry is not None:
        return entry
    from difflib import get_close_matches

    names = {entry.name.casefold(): entry.name for entry in catalogue()}
    close = [names[match] for match in get_close_matches(name.casefold(), names, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    raise UnknownModelError(
        f"there is no model called {name!r} in the catalogue",
        f"{hint}`localsearch models list` shows every name.",
    )
