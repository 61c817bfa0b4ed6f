"""The one tree of errors: each says its cause and the next thing to do."""

from __future__ import annotations

# By its source, never by its name: the one of that name in Python's registry is another program.
INSTALL_ALL = "In the folder of its source: uv tool install --force '.[all]'"
INSTALL_AGAIN = (
    "Install localsearch again. In the folder of its source: uv tool install --reinstall '.[all]'"
)


class LocalsearchError(Exception):
    """Root of every error we raise on purpose; `exit_code` is what the command line ends with."""

    exit_code = 5

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause if not remedy else f"{cause}\n{remedy}")
        self.cause = cause
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[LocalsearchError], tuple[str, str]]:
        # Errors cross process borders (converters, probes); the default drops the remedy.
        return type(self), (self.cause, self.remedy)


class UsageError(LocalsearchError):
    """What was asked for can't be understood or doesn't exist (a missing path, a bad option)."""

    exit_code = 2


class ConfigError(UsageError):
    """The settings file can't be read or holds a value that doesn't fit."""


class NoIndexError(LocalsearchError):
    """There is no index yet, or the path asked for isn't in it."""

    exit_code = 3


class SemanticUnavailableError(LocalsearchError):
    """Search by meaning was asked for, and its model is missing or isn't the index's."""

    exit_code = 3


class StoreError(LocalsearchError):
    """The index can't be used: locked, damaged, of a newer version, or the disk is full."""

    exit_code = 4


class StoreLockedError(StoreError):
    """Another process holds the index and didn't let go in time."""


class StoreDamagedError(StoreError):
    """The index file isn't a healthy database."""


class StoreEmptyError(StoreDamagedError):
    """The index file holds nothing at all: it was cut off, or never begun."""


class StoreFullError(StoreError):
    """The disk that holds the index is full."""


class ModelError(LocalsearchError):
    """A model is missing, is refused, or failed while it ran."""


class UnknownModelError(ModelError):
    """A model was named that there isn't."""

    exit_code = 2


class ConversionError(LocalsearchError):
    """One file can't be turned into text; recorded with its reason, it never stops an index."""

    # As for a search that finds nothing: program and installation are well.
    exit_code = 1


class NoTextError(ConversionError):
    """A file that holds no text by its nature (a photo, a program); it's found by its name."""


class CancelledError(LocalsearchError):
    """The work was stopped on request; what was committed stays, the rest continues next time."""

    exit_code = 130

    def __init__(self, cause: str = "stopped", remedy: str = "") -> None:
        super().__init__(cause, remedy)
