"""Ignore rules: the same answers as git, and secrets that stay out whatever a repository says."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localsearch.config import IndexSettings, Paths
from localsearch.scanning import repository
from localsearch.scanning.gitignore import parse_rules
from localsearch.scanning.ignore import IgnoreRules
from localsearch.scanning.scan import scan_roots

DEFAULT = IndexSettings()
EVERYTHING = IndexSettings(hidden_files=True)


@pytest.fixture(autouse=True, scope="module")
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


def git(folder: Path, *arguments: str) -> bytes:
    """What git prints; a machine without git fails these tests, it doesn't skip them."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    ).stdout


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rules_for(
    root: Path, index: IndexSettings = DEFAULT, paths: Paths | None = None
) -> IgnoreRules:
    return IgnoreRules([os.path.realpath(root)], index, paths=paths)


def scanned(root: Path, index: IndexSettings = EVERYTHING) -> set[str]:
    files = scan_roots([str(root)], index, paths=None, cancel=None)
    return {os.path.relpath(file.path, os.path.realpath(root)) for file in files}


# Like git

# No name of a single character that isn't ASCII: to git `?` is one byte, to us one character.
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

tree_paths = st.lists(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), min_size=1, max_size=14
)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.sampled_from(NAMES + WILD), min_size=1, max_size=3))
    return (
        draw(st.sampled_from(["", "", "", "!"]))
        + draw(st.sampled_from(["", "", "/", "**/"]))
        + "/".join(parts)
        + draw(st.sampled_from(["", "", "", "/", "/**", "/*"]))
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


# Ours


def test_later_kinds_of_ignore_file_override_earlier_ones(tmp_path: Path) -> None:
    write(tmp_path / ".gitignore", "*.a\n*.b\n*.c\n")
    write(tmp_path / "sub" / ".ignore", "!*.b\n!*.c\n*.d\n")
    write(tmp_path / ".localsearchignore", "*.c\n!*.d\n")
    for name in ("x.a", "x.b", "x.c", "x.d"):
        write(tmp_path / "sub" / name)
    assert scanned(tmp_path, IndexSettings()) == {"sub/x.b", "sub/x.d"}


def test_the_users_own_rules(home: Paths, tmp_path: Path) -> None:
    write(home.ignore_file, "*.iso\n!yarn.lock\n/private/\n")
    root = tmp_path / "root"
    index = IndexSettings(ignore=("*.bin", "!special.iso"))
    rules = rules_for(root, index, home)
    ignored = {
        name: rules.is_ignored(str(root / name), False)
        for name in (
            "a.iso",
            "special.iso",
            "b.bin",
            "yarn.lock",
            "poetry.lock",
            "private/a",
            "sub/private/a",
        )
    }
    assert [name for name, reason in ignored.items() if reason is None] == [
        "special.iso", "yarn.lock", "sub/private/a",
    ]  # fmt: skip
    assert ignored["a.iso"] == "your own rules: *.iso"
    assert ignored["poetry.lock"] == "left out by default: *.lock"


SECRETS = [
    ".env",
    ".env.local",
    ".env.production",
    "prod.env",
    "id_rsa",
    "id_ed25519",
    "ID_RSA",
    "server.pem",
    "tls.KEY",
    "cert.p12",
    "cert.pfx",
    "store.jks",
    ".ssh/config",
    ".gnupg/pubring.kbx",
    ".aws/credentials",
    "passwords.kdbx",
    ".password-store/mail.gpg",
    ".netrc",
    ".pgpass",
    ".bash_history",
    ".zsh_history",
    "credentials.json",
    "client_secret_123.json",
    "logins.json",
    "key4.db",
    "Login Data",
    "login.keychain-db",
    ".git-credentials",
    "terraform.tfstate.backup",
]


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_stay_out_whatever_a_repository_says(tmp_path: Path, name: str) -> None:
    for kind in (".gitignore", ".ignore", ".localsearchignore"):
        write(tmp_path / kind, "!*\n!.*\n!**\n!**/*\n")
    for index in (IndexSettings(), EVERYTHING):
        for path in (name, f"deep/down/{name}"):
            reason = rules_for(tmp_path, index).is_ignored(str(tmp_path / path), False)
            assert reason is not None
            assert reason.startswith("likely a secret")


def test_the_user_alone_can_take_a_secret_back(tmp_path: Path) -> None:
    index = IndexSettings(ignore=("!*.key",))
    assert rules_for(tmp_path, index).is_ignored(str(tmp_path / "talk.key"), False) is None
    assert rules_for(tmp_path, index).is_ignored(str(tmp_path / "a.pem"), False) is not None


@pytest.mark.parametrize(
    "name", [".env.example", ".env.sample", ".env.template", "id_rsa.pub", "Cookies/a.md"]
)
def test_what_looks_like_a_secret_and_is_none(tmp_path: Path, name: str) -> None:
    assert rules_for(tmp_path).is_ignored(str(tmp_path / name), False) is None


DEFAULTS = [
    ".git/config",
    "node_modules/a/index.js",
    "x/__pycache__/a.pyc",
    ".venv/lib/a.py",
    "a.pyc",
    ".DS_Store",
    "yarn.lock",
    "package-lock.json",
    "a.min.js",
    "a.js.map",
    "draft~",
    ".hidden",
    ".config/a",
    "~$letter.docx",
    "#auto#",
]


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(tmp_path: Path, name: str) -> None:
    assert rules_for(tmp_path).is_ignored(str(tmp_path / name), False) is not None


@pytest.mark.parametrize(
    "name",
    [
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        "build/letter.md",
        "target/a.md",
        "Library/a.md",
        "bin/tool.py",
        "a.js",
        "photo.jpg",
        "keys.md",
        "venv.md",
    ],
)
def test_no_default_against(tmp_path: Path, name: str) -> None:
    assert rules_for(tmp_path).is_ignored(str(tmp_path / name), False) is None


def test_build_output_is_left_out_beside_its_project_file_outside_repositories(
    tmp_path: Path,
) -> None:
    write(tmp_path / "loose" / "Cargo.toml")
    write(tmp_path / "loose" / "target" / "a.txt")
    write(tmp_path / "tracked" / "Cargo.toml")
    write(tmp_path / "tracked" / "target" / "a.txt")
    git(tmp_path / "tracked", "init", "-q")
    assert scanned(tmp_path) == {"loose/Cargo.toml", "tracked/Cargo.toml", "tracked/target/a.txt"}


def test_caches_and_environments_say_what_they_are(tmp_path: Path) -> None:
    write(tmp_path / "cache" / "CACHEDIR.TAG")
    write(tmp_path / "cache" / "deep" / "a.txt")
    write(tmp_path / "my env" / "pyvenv.cfg")
    write(tmp_path / "my env" / "a.txt")
    write(tmp_path / "kept" / "pyvenv.cfg")
    write(tmp_path / "kept" / "a.txt")
    write(tmp_path / ".localsearchignore", "!kept/\n")
    assert scanned(tmp_path, IndexSettings()) == {"kept/pyvenv.cfg", "kept/a.txt"}
    assert rules_for(tmp_path).is_ignored(str(tmp_path / "cache/deep/a.txt"), False) == "a cache"
    # A root is what the user asked for.
    assert scanned(tmp_path / "cache") == {"CACHEDIR.TAG", "deep/a.txt"}


def test_gits_negation_does_not_show_hidden_files_and_ours_does(tmp_path: Path) -> None:
    write(tmp_path / ".gitignore", "!.one\n!build.pyc\n")
    write(tmp_path / ".localsearchignore", "!.two\n")
    for name in (".one", ".two", "build.pyc"):
        write(tmp_path / name)
    assert scanned(tmp_path, IndexSettings()) == {".two", "build.pyc"}


def test_changed_rules_hold_after_forget(tmp_path: Path) -> None:
    rules = rules_for(tmp_path)
    path = str(tmp_path / "a.txt")
    assert rules.is_ignored(path, False) is None
    write(tmp_path / ".localsearchignore", "*.txt\n")
    rules.forget()
    assert rules.is_ignored(path, False) == f"{tmp_path / '.localsearchignore'}: *.txt"


def test_outside_all_roots(tmp_path: Path) -> None:
    assert rules_for(tmp_path / "a").is_ignored(str(tmp_path / "ab"), False) is not None


def test_git_is_on_this_machine() -> None:
    assert shutil.which("git"), "these tests compare with git: install it"


def test_what_the_program_writes_is_never_read(home: Paths, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("walnuts")
    home.data_dir.mkdir(parents=True)
    rules = IgnoreRules([os.path.realpath(tmp_path)], IndexSettings(), paths=home)
    assert rules.is_ignored(os.path.realpath(tmp_path / "note.txt"), is_dir=False) is None
    for folder in home.folders():
        own = os.path.realpath(folder)
        assert str(rules.is_ignored(own, is_dir=True)).startswith("localsearch's own")
        assert rules.is_ignored(os.path.join(own, "mcp_token"), is_dir=False)
