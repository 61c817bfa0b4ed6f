"""Rules of repositories: the same answers as git."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localsearch.config import IndexSettings
from localsearch.scanning import repository
from localsearch.scanning.gitignore import parse_rules
from tests.scanning.looking import write
from tests.scanning.ruling import git, rules_for, scanned

# No name of a single character that isn't ASCII: to git `?` is one byte, to us one character.
# Settings of git on this machine must not matter.
pytestmark = pytest.mark.usefixtures("git_of_nobody")

NAMES = ["a", "b", "c", "ab", "foo", "foo.txt", "bar.log", "x y", "été", "日本"]
WILD = [
    "*",
    "**",
    "?",
    "[ab]",
    "[!a]",
    "[a-c]*",
    "*.txt",
    "f*o",
    "*o*",
    "fo?",
    "[[:alpha:]]",
    "b*.l?g",
]


@st.composite
def patterns(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.sampled_from(NAMES + WILD), min_size=1, max_size=3))
    return (
        draw(st.sampled_from(["", "", "", "!"]))
        + draw(st.sampled_from(["", "", "/", "**/"]))
        + "/".join(parts)
        + draw(st.sampled_from(["", "", "", "/", "/**", "/*"]))
    )


tree_paths = st.lists(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), min_size=1, max_size=14
)
rule_files = st.lists(
    st.tuples(
        st.lists(st.sampled_from(NAMES), max_size=2),
        st.lists(st.one_of(patterns(), st.just("# comment"), st.just("")), min_size=1, max_size=6),
    ),
    max_size=4,
)


def grow(
    top: Path, paths: list[list[str]], rules: list[tuple[list[str], list[str]]], name: str
) -> None:
    for parts in paths:
        path = top.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError:  # a file lies where a folder should be
            continue
        if not path.exists():
            path.write_text("x", encoding="utf-8")
    for parts, lines in rules:
        folder = top.joinpath(*parts)
        if folder.is_dir():
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree_paths, rule_files, st.lists(patterns(), max_size=3))
def test_the_scan_finds_what_git_finds(
    paths: list[list[str]], rules: list[tuple[list[str], list[str]]], excluded: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        git(top, "init", "-q")
        (top / ".git" / "info" / "exclude").write_text("\n".join(excluded) + "\n", encoding="utf-8")
        grow(top, paths, rules, ".gitignore")
        listed = git(top, "ls-files", "--others", "--exclude-standard", "-z")
        expected = {os.fsdecode(name) for name in listed.split(b"\0") if name}
        assert scanned(top) == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree_paths, rule_files, rule_files, rule_files, st.booleans(), st.booleans())
def test_a_single_path_is_judged_as_the_scan_judges_it(
    paths: list[list[str]],
    git_rules: list[tuple[list[str], list[str]]],
    ignore_rules: list[tuple[list[str], list[str]]],
    own_rules: list[tuple[list[str], list[str]]],
    is_repository: bool,
    with_defaults: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(os.path.realpath(folder))
        grow(top, paths, git_rules, ".gitignore")
        grow(top, paths, ignore_rules, ".ignore")
        grow(top, paths, own_rules, ".localsearchignore")
        if with_defaults:
            for name in (".env", ".hidden", ".github/x", "node_modules/a", "target/b", "Cargo.toml",
                         "venv2/pyvenv.cfg", "venv2/c", "a.pyc", "yarn.lock"):  # fmt: skip
                write(top / name)
        if is_repository:
            (top / ".git").mkdir()
        index = IndexSettings(hidden_files=not with_defaults)
        rules = rules_for(top, index)
        kept = {
            os.path.relpath(os.path.join(where, name), top)
            for where, _, names in os.walk(top)
            for name in names
            if rules.is_ignored(os.path.join(where, name), False) is None
        }
        assert scanned(top, index) == kept
        for where, folders, _ in os.walk(top):
            for name in folders:
                path = os.path.join(where, name)
                if rules.is_ignored(path, True) is not None:
                    assert not any(
                        each.startswith(os.path.relpath(path, top) + "/") for each in kept
                    )


def test_a_root_inside_a_repository_obeys_the_rules_above_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".gitignore", "*.log\n/docs/draft\n!keep.log\n")
    for name in ("docs/a.log", "docs/keep.log", "docs/draft/x", "docs/sub/b.log", "docs/sub/c.txt"):
        write(tmp_path / name)
    assert scanned(tmp_path / "docs") == {"keep.log", "sub/c.txt"}


def test_a_repository_inside_a_repository_has_rules_of_its_own(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path / ".gitignore", "*.txt\n")
    write(tmp_path / "inner" / "a.txt")
    git(tmp_path / "inner", "init", "-q")
    write(tmp_path / "outer.txt")
    assert scanned(tmp_path) == {".gitignore", "inner/a.txt"}


def test_a_worktree_uses_the_exclude_file_of_its_repository(tmp_path: Path) -> None:
    main = tmp_path / "main"
    main.mkdir()
    git(main, "init", "-q")
    git(
        main,
        "-c",
        "user.name=a",
        "-c",
        "user.email=b@c",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    )
    git(main, "worktree", "add", "-q", str(tmp_path / "tree"))
    (main / ".git" / "info" / "exclude").write_text("*.log\n", encoding="utf-8")
    write(tmp_path / "tree" / "a.log")
    write(tmp_path / "tree" / "a.txt")
    assert scanned(tmp_path / "tree") == {"a.txt"}


def test_the_users_global_excludes_hold_in_repositories(
    tmp_path: Path, git_of_nobody: Path
) -> None:
    excludes = write(git_of_nobody / "my excludes", "*.swap\n")
    git(tmp_path, "config", "--global", "core.excludesFile", str(excludes))
    repository.global_exclude_file.cache_clear()
    try:
        git(tmp_path, "init", "-q")
        write(tmp_path / "a.swap")
        write(tmp_path / "b.txt")
        assert scanned(tmp_path) == {"b.txt"}
    finally:
        git(tmp_path, "config", "--global", "--unset", "core.excludesFile")
        repository.global_exclude_file.cache_clear()


def test_lines_with_carriage_returns_a_mark_at_the_start_and_invalid_patterns(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "-q")
    rules = b"\xef\xbb\xbf*.log\r\n[unclosed\r\n!\r\n\\\r\n[z-a]\r\n\xff\xfe.txt\r\nsp\\ \r\n"
    (tmp_path / ".gitignore").write_bytes(rules)
    for name in ("a.log", "b.txt", "sp "):
        write(tmp_path / name)
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.txt"))).write_text("x", encoding="utf-8")
    listed = git(tmp_path, "ls-files", "--others", "--exclude-standard", "-z")
    assert scanned(tmp_path) == {os.fsdecode(name) for name in listed.split(b"\0") if name}
    assert scanned(tmp_path) == {".gitignore", "b.txt"}


def test_a_pattern_of_many_stars_is_quick(tmp_path: Path) -> None:
    rules = parse_rules(["*a*a*a*a*a*a*a*a*a*a*b", "/x/*a?a*(*a*a*a*a*a*a*a*a*b"])
    begin_s = time.perf_counter()
    assert rules.last_match("a" * 255, "x/", False) is None
    assert rules.last_match("a" * 254 + "b", "x/", False) is not None
    assert time.perf_counter() - begin_s < 1.0
