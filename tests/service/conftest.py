"""What the tests of the service share."""

from __future__ import annotations

import pytest


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs need nothing of the machine, whatever else it does meanwhile."""
    monkeypatch.setattr("localsearch.service.politeness.OthersLoad.__call__", lambda _: 0.0)
