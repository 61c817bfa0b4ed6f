"""What the steps of one indexing run share: its tools, its counts, and whether it's to stop."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localsearch.indexing.indexed_paths import is_in_any
from localsearch.types import CancelledError, IndexReport

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from localsearch.config import Paths, Settings
    from localsearch.indexing.renewing import Renewal
    from localsearch.store import Store
    from localsearch.types import Embedder, Progress


@dataclass
class Run:
    """One run over the roots, as far as it has come."""

    store: Store
    paths: Paths
    settings: Settings
    embedder: Embedder | None
    report_progress: Callable[[Progress], None]
    cancel: threading.Event | None
    # A model whose vectors are built beside those that serve.
    changing_to: str
    counts: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)
    # What's read, embedded and reported on: paths, and ids of the files in them;
    # none and None for all.
    within: Sequence[str] = ()
    only: list[int] | None = None
    # Files that would be read differently now, and are found as they are until they have been.
    outdated: dict[str, None] = field(default_factory=dict)
    # The first of them, where it's in the middle of that.
    renewing: Renewal | None = None
    # Files that weren't there when they were to be read.
    lost: set[str] = field(default_factory=set)
    # What's wrong with each root that can't be looked at, in a sentence; after a scan of all.
    offline: dict[str, str] = field(default_factory=dict)
    started_s: float = field(default_factory=time.monotonic)
    engine_s: float = 0.0

    def check_cancelled(self) -> None:
        """Raise CancelledError once the run is to stop."""
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError

    def report(self) -> IndexReport:
        """What was done until now."""
        counts = self.counts
        return IndexReport(
            added=counts["added"],
            changed=counts["changed"],
            moved=counts["moved"],
            removed=counts["removed"],
            unchanged=counts["unchanged"],
            failed=tuple(
                each
                for each in self.store.files.failures()
                if not self.within or is_in_any(each.path, self.within)
            ),
            skipped=counts["name_only"],
            chunks=counts["chunks"],
            embedded_chunks=counts["embedded"],
            embedded_tokens=counts["tokens"],
            elapsed_s=time.monotonic() - self.started_s,
            engine_s=self.engine_s,
            notices=tuple(dict.fromkeys(self.notices)),
            renewed=counts["renewed"],
        )
