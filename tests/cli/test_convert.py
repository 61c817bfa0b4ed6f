"""`localsearch convert` shows what the indexer sees, and where each piece of it stands."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.program import run


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """A file with headings."""
    path = tmp_path / "guide.md"
    path.write_text(
        "# Tomatoes\n\nSow in February on the window sill.\n\n## Blight\n\nKeep the rain off.\n",
        encoding="utf-8",
    )
    return path


def test_text_is_shown_with_its_place(tmp_path: Path, guide: Path) -> None:
    done = run(tmp_path, "convert", str(guide))
    assert done.returncode == 0
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert "title: Tomatoes" in lines
    assert "language: en" in lines
    place = lines[lines.index("Keep the rain off.") - 1]
    assert place == "[paragraph · line 7 · Tomatoes > Blight]"


def test_json_holds_every_field_of_a_place(tmp_path: Path, guide: Path) -> None:
    done = run(tmp_path, "convert", "--json", str(guide))
    answer = json.loads(done.stdout)
    (document,) = answer["documents"]
    assert (answer["converter"], document["kind"], document["title"]) == (
        "markdown",
        "text",
        "Tomatoes",
    )
    block = next(each for each in document["blocks"] if each["text"] == "Keep the rain off.")
    assert block["kind"] == "paragraph"
    assert block["locator"] == {
        "line_start": 7,
        "line_end": 7,
        "heading": ["Tomatoes", "Blight"],
    }


def test_it_needs_no_index_and_makes_none(tmp_path: Path, guide: Path) -> None:
    assert run(tmp_path / "home", "convert", str(guide)).returncode == 0
    assert not (tmp_path / "home").exists()


def test_a_file_without_text_is_said(tmp_path: Path, guide: Path) -> None:
    empty = tmp_path / "empty.md"
    empty.touch()
    assert "no text" in run(tmp_path, "convert", str(empty)).stderr
    assert run(tmp_path, "convert", str(guide)).stderr == ""


def test_a_file_in_an_archive_is_read_alone(tmp_path: Path, guide: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.txt", "Deep inside.")
    packed = tmp_path / "odd!/name.zip"
    packed.parent.mkdir()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(guide, "garden/guide.md")
        archive.writestr("other.txt", "Something else.")
        archive.writestr("inner.zip", inner.getvalue())
    done = run(tmp_path, "convert", f"{packed}!/garden/guide.md")
    assert "Keep the rain off." in done.stdout
    assert "Something else." not in done.stdout
    assert "Deep inside." in run(tmp_path, "convert", f"{packed}!/inner.zip").stdout
    assert "Deep inside." in run(tmp_path, "convert", f"{packed}!/inner.zip!/deep.txt").stdout
    done = run(tmp_path, "convert", f"{packed}!/garden")
    assert done.returncode == 2
    assert "no text was found of garden" in done.stderr


def test_a_relative_path_is_read(tmp_path: Path, guide: Path) -> None:
    assert run(tmp_path, "convert", guide.name, cwd=tmp_path).returncode == 0


def test_a_file_of_the_folder_never_stands_in_for_a_module(tmp_path: Path, guide: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a module of the folder was run')\n")
    assert run(tmp_path, "convert", guide.name, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("path", ["missing.txt", "."])
def test_what_is_no_file_is_a_usage_error(tmp_path: Path, path: str) -> None:
    done = run(tmp_path, "convert", path, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    broken = run(tmp_path, "convert", str(tmp_path / "broken.pdf"))
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "by its name" in broken.stderr
    assert broken.stderr.startswith("Error: ")
    photo = run(tmp_path, "convert", str(tmp_path / "photo.jpg"))
    assert photo.returncode == 1
    assert "binary file" in photo.stderr


def test_a_file_that_takes_too_long_says_so(tmp_path: Path, guide: Path) -> None:
    settings = tmp_path / "config" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text("[converters]\ntimeout_s = 0.0\n")
    done = run(tmp_path, "convert", str(guide))
    assert done.returncode == 1
    assert "reading it took more than 0 s" in done.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names there are Unicode")
def test_names_and_texts_never_act_on_the_terminal(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"a\xff.md")
    Path(os.fsdecode(path)).write_text("# \x1b[31mRed\n\nPlain \x1b]0;title\x07text.\n")
    for options in ((), ("--json",)):
        done = run(tmp_path, "convert", *options, os.fsdecode(path))
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
        assert "\x07" not in done.stdout
