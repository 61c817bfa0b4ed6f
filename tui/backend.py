"""What the TUI asks of the core: the part of `localsearch.api.Index` that it calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from localsearch.config import Paths, Settings
from localsearch.types import (
    Embedder,
    Hit,
    IndexReport,
    Locator,
    Mode,
    Progress,
    Query,
    Stage,
    Status,
)


class PassageLike(Protocol):
    """An indexed passage of a file, as the preview shows it."""

    @property
    def chunk_id(self) -> int | None:
        """Its key in the index."""

    @property
    def locator(self) -> Locator:
        """Where it stands in its file."""

    @property
    def text(self) -> str:
        """The whole passage."""


class Backend(Protocol):
    """One user's index; every method may be called from any thread, and blocks."""

    @property
    def paths(self) -> Paths:
        """Where settings, index and models lie."""

    @property
    def settings(self) -> Settings:
        """What the user has set."""

    def parse(
        self,
        text: str,
        *,
        limit: int | None = None,
        mode: Mode = "hybrid",
        rerank: bool = True,
        budget_s: float | None = None,
        passages: bool = False,
        within: Sequence[str] = (),
        prefix_last: bool = False,
    ) -> Query:
        """Turn what was typed into a query."""

    def search(self, query: Query, *, cancel: threading.Event | None = None) -> Iterator[Stage]:
        """Yield complete ranked lists, each better than the one before."""

    def mark_nearest(
        self, query: Query, hits: Sequence[Hit], *, cancel: threading.Event | None = None
    ) -> Iterator[Hit]:
        """Yield the hits of which no word is marked, with their sentence nearest to the query."""

    def passages_of(self, path: str, member: str = "") -> Sequence[PassageLike]:
        """All indexed passages of a file, in order."""

    def add_roots(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Add folders; nothing is read yet."""

    def remove_root(self, folder: str) -> int:
        """Forget a folder; gives the number of files forgotten."""

    def update(
        self,
        within: Sequence[str] = (),
        *,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> IndexReport:
        """Bring the index up to date; `full` compares contents and tries again what failed."""

    def open_embedder(self) -> Embedder:
        """Have the model that embeds ready: unpacked, tried, in memory until it's idle."""

    def status(self) -> Status:
        """What the index holds; raises NoIndexError before the first folder."""

    def history(self) -> list[str]:
        """Past queries, the latest first; none where the user keeps no history."""

    def remember(self, text: str) -> None:
        """Put a query on top of the history, unless the user keeps none."""

    def clear_history(self) -> None:
        """Forget every past query."""

    def saved_searches(self) -> dict[str, str]:
        """Saved searches by name."""

    def save_search(self, name: str, text: str) -> None:
        """Save a search under a name."""

    def delete_search(self, name: str) -> None:
        """Forget a saved search."""

    def close(self) -> None:
        """Free everything."""
