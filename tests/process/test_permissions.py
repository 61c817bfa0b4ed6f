"""Permission lost and regained: what was indexed is kept, what couldn't be read is read then."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from localsearch.health.contents import remedy_for_refusal
from tests.cli.program import PROGRAM, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index
    from localsearch.config import Paths

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")


def run_without_rights(home: Paths, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as one whom permissions hold for."""
    command = [PROGRAM, *arguments]
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root's rights can't be taken away here")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    return subprocess.run(
        command, env=environment(home), capture_output=True, text=True, check=False, timeout=60
    )


def index_without_rights(home: Paths) -> str:
    """Run `localsearch index` so; gives what it says."""
    done = run_without_rights(home, "index")
    assert done.returncode == 0, done.stderr
    return done.stderr


def found(home: Paths, word: str) -> list[str]:
    done = run(home, "search", "--mode", "keyword", "--files", word)
    assert done.returncode in (0, 1), done.stderr
    return [os.path.basename(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", ["plain", "text.txt"])
def test_a_file_is_read_once_permission_is_regained(
    words: Index, tmp_path: Path, name: str
) -> None:
    home = words.paths
    library = tmp_path / "library"
    library.mkdir()
    locked = library / name
    locked.write_text("gnus graze")
    assert run(home, "add", "--no-index", str(library)).returncode == 0
    locked.chmod(0)
    assert "Permission denied" in index_without_rights(home)
    # Nothing is tried again as long as it can't come out otherwise.
    assert "1 unchanged" in index_without_rights(home)
    locked.chmod(0o644)
    assert "1 read anew" in index_without_rights(home)
    assert found(home, "gnus") == [name]
    assert "1 unchanged" in index_without_rights(home)


def test_a_folder_that_is_locked_keeps_its_index(words: Index, tmp_path: Path) -> None:
    home = words.paths
    library = tmp_path / "library"
    (library / "folder").mkdir(parents=True)
    (library / "folder/text.txt").write_text("gnus graze")
    assert run(home, "add", str(library)).returncode == 0
    for locked in (library / "folder", library):
        locked.chmod(0)
        try:
            assert "Permission denied" in index_without_rights(home)
        finally:
            locked.chmod(0o755)
        assert found(home, "gnus") == ["text.txt"]
    assert "1 unchanged" in index_without_rights(home)


def test_doctor_names_a_folder_that_is_refused(words: Index, tmp_path: Path) -> None:
    home = words.paths
    library = tmp_path / "library"
    (library / "folder").mkdir(parents=True)
    (library / "folder/text.txt").write_text("gnus graze")
    assert run(home, "add", str(library)).returncode == 0
    for locked in (library / "folder", library):
        locked.chmod(0)
        try:
            said = run_without_rights(home, "doctor").stdout
        finally:
            locked.chmod(0o755)
        assert f"{locked} can't be read: Permission denied" in " ".join(said.split())
        assert f"ls -ld {locked}" in said
    assert "can't be read" not in run_without_rights(home, "doctor").stdout


def test_macos_privacy_is_told_from_permissions() -> None:
    said = remedy_for_refusal("/Users/ada/Documents", errno.EPERM, "darwin")
    assert "Privacy & Security > Full Disk Access" in said
    for code, platform in ((errno.EACCES, "darwin"), (errno.EPERM, "linux")):
        said = remedy_for_refusal("/Users/ada/My Documents", code, platform)
        assert said == "Check its permissions: ls -ld '/Users/ada/My Documents'"
