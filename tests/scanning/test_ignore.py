"""Rules of ours: secrets stay out whatever a repository says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from localsearch.config import IndexSettings, Paths
from localsearch.scanning.ignore import IgnoreRules
from tests.scanning.looking import write
from tests.scanning.ruling import EVERYTHING, git, rules_for, scanned

# Settings of git on this machine must not matter.
pytestmark = pytest.mark.usefixtures("git_of_nobody")

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
