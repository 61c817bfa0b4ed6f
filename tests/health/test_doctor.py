"""Each thing that can be wrong with a home is found, and the exit code says of what kind it is."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import TYPE_CHECKING

import apsw
import pytest

from localsearch.config import IndexSettings, ModelSettings, Settings
from localsearch.health.contents import NetworkWatcher, check_index, check_models
from localsearch.health.doctor import examine, exit_code
from localsearch.models import get_entry
from localsearch.store import codes
from localsearch.types import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.config import Paths


def levels(findings: list[Finding]) -> dict[str, str]:
    """The worst level of each check."""
    order = ("ok", "warning", "problem")
    worst: dict[str, str] = {}
    for each in findings:
        worst[each.check] = max(worst.get(each.check, "ok"), each.level, key=order.index)
    return worst


def test_a_good_home_has_no_problem(filled: Index) -> None:
    found = list(examine())
    assert [each for each in found if each.level == "problem"] == []
    assert {
        "python", "packages", "sqlite", "settings", "permissions", "disk", "llama.cpp", "kernels",
        "multilingual-e5-small: file", "multilingual-e5-small: numbers", "index", "watching",
        "service", "network",
    } <= set(levels(found))  # fmt: skip
    assert exit_code(found) == 0


def test_every_problem_comes_with_a_fix(filled: Index) -> None:
    filled.close()
    filled.paths.index_file.write_bytes(b"not a database, and long enough to be looked at" * 10)
    filled.paths.config_dir.mkdir(exist_ok=True)
    filled.paths.settings_file.write_text("[search]\nlimt = 3\n")
    found = list(examine())
    problems = [each for each in found if each.level == "problem"]
    assert {each.check for each in problems} == {"settings", "index"}
    assert all(each.fix for each in problems)
    assert exit_code(found) == 4


def test_settings_that_do_not_fit(home: Paths) -> None:
    home.config_dir.mkdir(parents=True)
    home.settings_file.write_text("[search]\nlimt = 3\n")
    found = list(examine())
    assert exit_code(found) == 2
    assert "limt" in next(each.text for each in found if each.level == "problem")


def test_rows_that_break_the_rules_of_the_index(filled: Index) -> None:
    filled.close()
    connection = apsw.Connection(str(filled.paths.index_file))
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DELETE FROM documents WHERE id = (SELECT min(id) FROM documents)")
    connection.close()
    _, findings = check_index(filled.paths)
    assert {each.level for each in findings} == {"problem"}
    assert any("chunks of documents that aren't known" in each.text for each in findings)
    assert exit_code(findings) == 4


def test_an_index_that_is_not_finished_is_a_warning(filled: Index, library: Path) -> None:
    filled.close()
    connection = apsw.Connection(str(filled.paths.index_file))
    connection.execute("DELETE FROM embedded")
    connection.execute("DELETE FROM vectors")
    connection.execute(
        "INSERT INTO unembedded (document_id, chunk_id, embedding_key)"
        " SELECT document_id, id, embedding_key FROM chunks"
    )
    connection.close()
    _, findings = check_index(filled.paths)
    assert levels(list(findings)) == {"index": "ok", "coverage": "warning"}
    assert next(each.fix for each in findings if each.check == "coverage") == "localsearch index"


def test_codes_that_an_upgrade_dropped_are_told_until_they_are_made_anew(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "CODED_FROM_NUMBERS", 1)
    _, findings = check_index(filled.paths)
    assert [each.fix for each in findings if each.level == "warning"] == ["localsearch index"]
    filled.update()
    _, findings = check_index(filled.paths)
    assert levels(list(findings)) == {"index": "ok"}


def test_a_folder_that_is_gone_is_a_warning(filled: Index, library: Path) -> None:
    library.rename(library.with_name("elsewhere"))
    folders, findings = check_index(filled.paths)
    assert folders == 4
    assert levels(list(findings))["folders"] == "warning"


@pytest.mark.skipif(os.name == "nt", reason="no permission keeps its owner out there")
def test_only_folders_that_are_indexed_have_to_be_open_to_us(
    filled: Index, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {str(library / name) for name in ("lost+found", "mine", "private")}
    for each in closed:
        os.mkdir(each)
    look = os.scandir

    def refuse(path: str) -> object:
        # No permission stops root, who may run this.
        if path in closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return look(path)

    monkeypatch.setattr(os, "scandir", refuse)
    settings = Settings(index=IndexSettings(ignore=("mine/",)))
    _, findings = check_index(filled.paths, settings)
    warned = [each.text for each in findings if each.check == "folders"]
    assert len(warned) == 1
    assert str(library / "private") in warned[0]


def test_a_home_without_an_index_is_fine(home: Paths) -> None:
    folders, [finding] = check_index(home)
    assert (folders, finding.level) == (0, "ok")
    assert not home.index_file.exists()


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ((), 0),
        (("settings",), 2),
        (("settings", "index"), 4),
        (("index", "packages"), 5),
        (("multilingual-e5-small: file",), 5),
    ],
)
def test_the_exit_code_is_the_highest_that_applies(checks: tuple[str, ...], code: int) -> None:
    findings = [Finding(check, "problem", "broken") for check in checks]
    assert exit_code([*findings, Finding("disk", "warning", "little room")]) == code


def test_an_attempt_to_reach_a_network_is_noted(tmp_path: Path) -> None:
    watcher = NetworkWatcher()
    assert [each.level for each in watcher.findings()] == ["ok"]
    with socket.socket(socket.AF_UNIX) as own, contextlib.suppress(OSError):
        own.connect(str(tmp_path / "none.sock"))
    assert watcher.attempts == []
    with socket.socket() as other:
        other.connect_ex(("127.0.0.1", 9))
    [finding] = watcher.findings()
    assert finding.level == "problem"
    assert "127.0.0.1" in finding.text


def test_a_damaged_file_in_the_starters_place_is_a_problem(home: Paths) -> None:
    home.models_dir.mkdir(parents=True)
    place = home.models_dir / get_entry("multilingual-e5-small").file
    place.write_bytes(b"GGUF" + bytes(1000))
    [finding] = check_models(home, Settings(), full=False)
    assert finding.level == "problem"
    assert str(place) in finding.text
    assert "models remove multilingual-e5-small" in finding.fix


def test_a_model_that_the_settings_name_and_that_is_not_here_is_named(home: Paths) -> None:
    settings = Settings(models=ModelSettings(embedder="nosuch"))
    [finding] = check_models(home, settings, full=False)
    assert finding.level == "warning"
    assert "nosuch, which the settings name" in finding.text
    assert "\n" not in finding.fix
