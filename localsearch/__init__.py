"""localsearch: a private search engine for a person's own files."""

from __future__ import annotations

# Type checkers know this name. Until `main` runs, nobody catches Ctrl-C, and typing takes a while.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from localsearch.api import Index, open_index
    from localsearch.types import (
        Hit,
        IndexReport,
        LocalsearchError,
        Locator,
        NoIndexError,
        Query,
        Stage,
        Status,
        StoreLockedError,
        UsageError,
    )

__version__ = "0.1.0"
__all__ = [
    "Hit",
    "Index",
    "IndexReport",
    "LocalsearchError",
    "Locator",
    "NoIndexError",
    "Query",
    "Stage",
    "Status",
    "StoreLockedError",
    "UsageError",
    "open_index",
]


def __getattr__(name: str) -> object:
    """Import what scripts use when they use it, as the command line starts with this package."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module = "localsearch.api" if name in ("Index", "open_index") else "localsearch.types"
    return getattr(importlib.import_module(module), name)
