"""How far an indexing run is, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from localsearch.types.files import Failure


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an indexing run is; `eta_s` is None until it can be told honestly.

    `changing_to` is a model whose vectors are built beside those that serve.
    """

    phase: Literal["preparing", "scanning", "reading", "embedding", "done"]
    files_done: int = 0
    files_total: int = 0
    chunks_done: int = 0
    chunks_total: int = 0
    tokens_done: int = 0
    tokens_total: int = 0
    tokens_per_s: float = 0.0
    eta_s: float | None = None
    current: str = ""
    changing_to: str = ""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did.

    `renewed` files are as they were, and were read anew as they'd be read differently now.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: tuple[Failure, ...] = ()
    skipped: int = 0
    chunks: int = 0
    embedded_chunks: int = 0
    embedded_tokens: int = 0
    elapsed_s: float = 0.0
    engine_s: float = 0.0
    notices: tuple[str, ...] = ()
    renewed: int = 0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased from the index; `remains` are files that may still hold a part of it."""

    files: int
    queries: int = 0
    remains: tuple[str, ...] = ()
