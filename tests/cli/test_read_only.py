"""An index that may be read and not written answers all the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import apsw
import pytest

from tests.cli.program import PROGRAM, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localsearch.api import Index

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")


def _bound_by_permissions() -> list[str]:
    """What stands before a command so that permissions hold, as they don't for root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may do anything")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def ask(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_bound_by_permissions(), PROGRAM, *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )


def set_modes(home: Path, *, folders: int, files: int) -> None:
    for path in (*home.rglob("*"), home):
        path.chmod(folders if path.is_dir() else files)


@pytest.fixture
def read_only_home(filled: Index, tmp_path: Path) -> Iterator[Path]:
    """A copy of a filled home, where nobody may write."""
    filled.close()
    home = tmp_path / "read-only"
    shutil.copytree(filled.paths.data_dir, home / "data")
    set_modes(home, folders=0o555, files=0o444)
    yield home
    set_modes(home, folders=0o755, files=0o644)


def test_what_only_reads_works(read_only_home: Path, library: Path) -> None:
    before = sorted((read_only_home / "data").iterdir())
    status = ask(read_only_home, "status", "--json")
    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout)["files"]["indexed"] == 5
    found = ask(read_only_home, "search", "--mode", "keyword", "--files", "hive")
    assert (found.stdout, found.stderr) == (f"{library / 'garden/bees.txt'}\n", "")
    # Without a place for the model it's by word, and says so.
    found = ask(read_only_home, "search", "--files", "hive")
    assert found.stdout == f"{library / 'garden/bees.txt'}\n"
    assert "by meaning is off" in found.stderr
    assert "Traceback" not in found.stderr
    assert sorted((read_only_home / "data").iterdir()) == before


def test_what_writes_says_that_it_cannot(read_only_home: Path, library: Path) -> None:
    for arguments in (["add", str(library)], ["index"], ["remove", str(library)]):
        done = ask(read_only_home, *arguments)
        assert done.returncode == 4, arguments
        assert "permissions" in done.stderr
        assert "Traceback" not in done.stderr


def test_what_its_owner_is_writing_is_read(read_only_home: Path) -> None:
    set_modes(read_only_home, folders=0o755, files=0o644)
    owner = apsw.Connection(str(read_only_home / "data" / "index.db"))
    try:
        owner.execute("UPDATE roots SET name = 'renamed'")
        set_modes(read_only_home, folders=0o555, files=0o444)
        roots = json.loads(ask(read_only_home, "status", "--json").stdout)["roots"]
        assert [root["name"] for root in roots] == ["renamed"]
    finally:
        owner.close()
