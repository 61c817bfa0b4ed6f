"""What did the program that writes the index do, and what went wrong? One file, which says.

Only the holder of the writer's lock turns it over, so that no two do at once; the search screen
adds its own faults at any time. It holds paths and counts, never what's in the files.
"""

from __future__ import annotations

import contextlib
import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from localsearch.config import private_dir
from localsearch.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localsearch.types import IndexReport

# With those before it, some weeks of the busiest watcher.
_MAX_BYTES = 1_000_000
_KEPT_FILES = 3
_FORM = "%(asctime)s %(process)d %(levelname)s %(message)s"

logger = logging.getLogger("localsearch")


@contextlib.contextmanager
def open_log(path: Path) -> Iterator[None]:
    """Have what our modules log go to this file; where it can't be written, only warnings show."""
    try:
        private_dir(path.parent)
        handler: logging.Handler = _TurnedOver(path, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES)
    except OSError:
        yield
        return
    handler.setFormatter(_OneLine(_FORM))
    # Warnings go where they'd go without a log, too.
    last_resort = logging.lastResort
    added = [handler] if last_resort is None else [handler, last_resort]
    level = logger.level
    logger.setLevel(logging.INFO)
    for each in added:
        logger.addHandler(each)
    try:
        yield
    finally:
        for each in added:
            logger.removeHandler(each)
        logger.setLevel(level)
        with contextlib.suppress(OSError):
            handler.close()


def log_faults(path: Path) -> None:
    """Have warnings and faults of this process go to the file too, to its end, for good.

    For who has a screen, where they'd help nobody. While `open_log` writes here, it writes them.
    """
    try:
        private_dir(path.parent)
        handler = _Faults(path, delay=True)
    except OSError:
        return
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OneLine(_FORM))
    logger.addHandler(handler)
    logger.propagate = False


def log_report(report: IndexReport) -> None:
    """Note what a round of work did."""
    logger.info(
        "%d new, %d changed, %d moved, %d gone, %d read anew, %d failed; %d passages embedded;"
        " %.1f s",
        *(report.added, report.changed, report.moved, report.removed, report.renewed),
        *(len(report.failed), report.embedded_chunks, report.elapsed_s),
    )
    for notice in report.notices:
        logger.info("%s", notice)


class _Private(logging.FileHandler):
    """A log that only its user can read, and that's no reason to fail."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return TextIOWrapper(
            os.fdopen(os.open(self.baseFilename, flags, 0o600), "ab"),
            encoding="utf-8",
            errors="replace",
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in logging
        """Do without: the disk may be full."""


class _TurnedOver(_Private, RotatingFileHandler):
    """The log of who writes the index."""


class _Faults(_Private):
    """Another's log, open for a line at a time: it may be turned over in between."""

    def emit(self, record: logging.LogRecord) -> None:
        if not any(isinstance(each, _TurnedOver) for each in logger.handlers):
            with contextlib.suppress(OSError):
                super().emit(record)
                self.close()


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # A file name may hold line breaks, and what looks like another entry.
        return clean(super().format(record))
