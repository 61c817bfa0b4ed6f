from __future__ import annotations

import os
import stat
import tomllib
from typing import TYPE_CHECKING

import pytest

from localsearch.config import Settings, change_setting, find_paths, load_settings, private_dir
from localsearch.types import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_missing_file_means_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[index\n", "settings.toml"),
        ('[index]\nmax_file_bytes = "many"\n', "max_file_bytes"),
        ("[index]\nmax_bytes = 3\n", "max_bytes"),
        ("[indexes]\n", "indexes"),
        ('[service]\nwatch = "never"\n', 'watch is "never"; it must be one of "auto", "native"'),
        ("[search]\nlimit = -3\n", "search.limit is -3; it must be a whole number from 1 to 1,000"),
        ("[index]\nmax_file_bytes = 0\n", "it must be a whole number, 1 or more"),
        ("[models]\nthreads = -9\n", "models.threads is -9"),
        ("[search]\nbudget_s = nan\n", "search.budget_s is NaN; it must be a number, 0 or more"),
        ("[converters]\ntimeout_s = -inf\n", "converters.timeout_s"),
        ('[search]\nhistory = "yes"\n', 'search.history is "yes"; it must be true or false'),
        ("[tui]\nopen_with = 3\n", "tui.open_with is 3; it must be a table of texts"),
        ("[index]\nignore = 1979-05-27\n", "a list of texts"),
        ("[search]\nlimits = 3\n", "did you mean limit?"),
        ("search = 3\n", "search is a section"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_settings(path)
    assert named in raised.value.cause
    assert raised.value.remedy


def test_values_are_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[index]\nignore = ["*.log"]\n[search]\nlimit = 7\n')
    settings = load_settings(path)
    assert settings.index.ignore == ("*.log",)
    assert settings.search.limit == 7


def test_changing_a_value_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "settings.toml"
    change_setting(path, "models", "embedder", "starter")
    path.write_text("# mine\n" + path.read_text() + "[search]\nlimit = 5  # few\n")
    change_setting(path, "models", "embedder", "other")
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert "# few" in text
    assert tomllib.loads(text)["models"]["embedder"] == "other"


def test_one_folder_holds_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOCALSEARCH_HOME", str(tmp_path))
    paths = find_paths()
    for path in (paths.settings_file, paths.index_file, paths.state_file, paths.socket_file):
        assert path.is_relative_to(tmp_path)


def test_our_folders_are_not_those_of_gnomes_localsearch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCALSEARCH_HOME", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    paths = find_paths()
    for path in (paths.config_dir, paths.data_dir, paths.state_dir, paths.runtime_dir):
        assert "localsearch" not in str(path)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_every_folder_that_is_made_is_the_users_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert private_dir(tmp_path / "data" / "models") == tmp_path / "data" / "models"
    finally:
        os.umask(before)
    for made in (tmp_path / "data", tmp_path / "data/models"):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    # What's there already is left as it is.
    (tmp_path / "data").chmod(0o750)
    private_dir(tmp_path / "data" / "models")
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o750
