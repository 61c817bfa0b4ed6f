"""Modes, room and watches: what others may read, and what runs out, is said with its fix."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localsearch.health.machine import check_permissions, check_room, check_watches

if TYPE_CHECKING:
    from localsearch.api import Index
    from localsearch.config import Paths


def test_what_we_made_is_private(filled: Index) -> None:
    [finding] = check_permissions(filled.paths)
    assert finding.level == "ok"


@pytest.mark.parametrize(("name", "mode"), [("data_dir", 0o755), ("index_file", 0o640)])
def test_what_others_can_read_is_named_with_the_command_that_mends_it(
    filled: Index, name: str, mode: int
) -> None:
    path: Path = getattr(filled.paths, name)
    path.chmod(mode)
    [finding] = check_permissions(filled.paths)
    assert finding.level == "warning"
    assert str(path) in finding.text
    assert os.system(finding.fix) == 0
    [mended] = check_permissions(filled.paths)
    assert mended.level == "ok"


def test_a_home_without_anything_is_fine(home: Paths) -> None:
    [finding] = check_permissions(home)
    assert finding.level == "ok"
    assert "nothing is kept yet" in finding.text
    assert [each.level for each in check_room(home)] == ["ok"]


def test_a_home_that_cannot_be_made_is_a_problem(
    home: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so the system is asked through this.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != tmp_path)
    [finding] = check_permissions(home)
    assert (finding.level, str(tmp_path) in finding.text) == ("problem", True)
    assert "LOCALSEARCH_HOME" in finding.fix


def test_a_folder_that_is_refused_speaks_for_what_is_in_it(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = filled.paths.data_dir
    data.chmod(0o755)
    monkeypatch.setattr(os, "access", lambda path, _mode: data not in (path, Path(path).parent))
    [finding] = check_permissions(filled.paths)
    assert (finding.level, f"{data} can't" in finding.text) == ("problem", True)


@pytest.mark.parametrize(
    ("free", "level"), [(50_000_000, "problem"), (500_000_000, "warning"), (2_000_000_000, "ok")]
)
def test_room(home: Paths, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    usage = shutil.disk_usage(home.data_dir.parent.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=free))
    [finding] = check_room(home)
    assert finding.level == level
    assert bool(finding.fix) == (level != "ok")


@pytest.mark.parametrize(
    ("folders", "level"), [(100, "ok"), (7000, "warning"), (20_000, "warning")]
)
def test_watches(tmp_path: Path, folders: int, level: str) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n")
    (tmp_path / "max_user_instances").write_text("128\n")
    [finding] = check_watches(folders, tmp_path)
    assert finding.level == level
    assert ("sysctl" in finding.fix) == (level == "warning")


def test_a_system_without_such_limits(tmp_path: Path) -> None:
    [finding] = check_watches(100, tmp_path)
    assert finding.level == "ok"
