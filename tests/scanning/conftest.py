"""What tests of the walk share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localsearch.scanning import repository


@pytest.fixture(scope="module")
def git_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home without settings of git's, so that those of this machine don't matter."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        repository.global_exclude_file.cache_clear()
        yield home
    repository.global_exclude_file.cache_clear()
