"""What the tests of models share: folders of their own, a hub on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localsearch.config import Paths, Settings, find_paths
from tests.models.hub import Hub, serve


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("LOCALSEARCH_HOME", str(tmp_path / "home"))
    return find_paths()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that both sources point to; nothing else can be reached."""
    from huggingface_hub import close_session

    with serve() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("MODELSCOPE_DOMAIN", running.endpoint)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        for proxy in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(proxy, raising=False)
            monkeypatch.delenv(proxy.upper(), raising=False)
        yield running
    close_session()
