"""An update of an index that's stopped half-way."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from localsearch.types import CancelledError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.api import Index
    from localsearch.types import Progress


def update_until(index: Index, phase: str, within: Sequence[str] = ()) -> None:
    """Bring the index up to date, and stop as soon as it says that this phase has begun."""
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.phase == phase:
            cancel.set()

    with pytest.raises(CancelledError):
        index.update(within, progress=stop, cancel=cancel)
