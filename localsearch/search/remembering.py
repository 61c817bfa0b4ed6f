"""What searches leave behind: the past queries, and those saved under a name."""

from __future__ import annotations

from localsearch.opened import Opened


class Remembering(Opened):
    """The part of an index that remembers searches."""

    def history(self, limit: int = 100) -> list[str]:
        """Past queries, the latest first; empty where the settings turn the history off."""
        if not self.settings.search.history:
            return []
        with self._open_state() as state:
            return state.history(limit)

    def remember(self, text: str) -> None:
        """Put a query on top of the history, unless the settings turn it off."""
        if self.settings.search.history and text.strip():
            with self._open_state() as state:
                state.remember(text)

    def clear_history(self) -> None:
        """Forget every past query."""
        with self._open_state() as state:
            state.clear_history()

    def saved_searches(self) -> dict[str, str]:
        """Saved searches by name."""
        with self._open_state() as state:
            return state.saved_searches()

    def save_search(self, name: str, text: str) -> None:
        """Save a search under a name."""
        with self._open_state() as state:
            state.save_search(name, text)

    def delete_search(self, name: str) -> None:
        """Forget a saved search."""
        with self._open_state() as state:
            state.delete_search(name)
