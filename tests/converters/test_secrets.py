"""Likely secrets stay out of what archives and messages give, as they do out of folders."""

from __future__ import annotations

import io
import tarfile
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from converters import secrets
from converters.registry import convert_file
from converters.secrets import SECRETS, is_secret
from localsearch.config import IndexSettings
from localsearch.scanning.ignore import IgnoreRules
from localsearch.types import NoTextError

_NAMES = [
    ".env", "conf/.env.local", "id_rsa", "deep/ID_RSA.bak", "id_rsa.pub", ".env.example", "a.pem",
    ".ssh/config", ".aws/credentials", "Chrome Passwords.csv", "wg0.conf", "kubeconfig",
    "Cookies", "Cookies/recipe.md", "readme.txt", "environment.md", "keys.md", "ssh/config",
]  # fmt: skip
_KEYS = [
    "-----BEGIN OPENSSH PRIVATE KEY-----\nzanzibar\n",
    "-----BEGIN PRIVATE KEY-----\nzanzibar\n",
    "-----BEGIN RSA PRIVATE KEY-----\nzanzibar\n",
    "\ufeff\n-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nzanzibar\n",
    "# created: 2024-01-01T00:00:00Z\n# public key: age1zanzibar\nAGE-SECRET-KEY-1ZANZIBAR\n",
    '{\n  "type": "service_account",\n  "project_id": "zanzibar",\n',
    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: zanzibar\n",
]


def _said(path: Path) -> str:
    documents = convert_file(str(path)).documents
    texts = [block.text for each in documents for block in each.blocks]
    return "\n".join([*texts, *(each.member for each in documents)])


@pytest.mark.parametrize("name", _NAMES)
def test_a_name_is_judged_in_an_archive_as_in_a_folder(tmp_path: Path, name: str) -> None:
    settings = IndexSettings(hidden_files=True)
    reason = IgnoreRules([str(tmp_path)], settings, paths=None).is_ignored(
        str(tmp_path / name), False
    )
    assert is_secret(name) == (reason is not None and reason.startswith("likely a secret"))


def test_every_rule_is_of_a_kind_that_both_understand() -> None:
    for rule in SECRETS.split():
        assert "/" not in rule.rstrip("/")
        assert "**" not in rule


def test_an_archive_gives_neither_names_nor_contents_of_secrets(tmp_path: Path) -> None:
    packed = tmp_path / "backup.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("app/.env", "id_rsa", ".ssh/known_hosts", "notes.txt"):
            archive.writestr(name, f"zanzibar of {name.rpartition('/')[2].strip('.')}")
        inner = io.BytesIO()
        with tarfile.open(fileobj=inner, mode="w") as nested:
            for name in ("server.key", "todo.txt"):
                entry = tarfile.TarInfo(name)
                entry.size = 8
                nested.addfile(entry, io.BytesIO(b"zanzibar"))
        archive.writestr("inner.tar", inner.getvalue())
    said = _said(packed)
    assert "zanzibar of notes.txt" in said
    assert "inner.tar!/todo.txt" in said
    for secret in ("env", "rsa", "known_hosts", "server.key"):
        assert secret not in said
    documents = convert_file(str(packed)).documents
    assert any("3 likely secrets in it were left out" in each.notes for each in documents)


def test_a_message_gives_neither_names_nor_contents_of_attached_secrets(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "ada@example.org", "the keys"
    message.set_content("Here they are.")
    message.add_attachment(b"zanzibar", "application", "octet-stream", filename="id_rsa")
    message.add_attachment("PASSWORD=zanzibar\n", filename="prod.env")
    message.add_attachment("How to use them.\n", filename="howto.txt")
    letter = tmp_path / "keys.eml"
    letter.write_bytes(message.as_bytes())
    said = _said(letter)
    assert "Attachments: howto.txt" in said
    assert "How to use them." in said
    for secret in ("zanzibar", "id_rsa", "prod.env"):
        assert secret not in said
    assert "2 likely secrets in it were left out" in convert_file(str(letter)).documents[0].notes


@pytest.mark.parametrize("text", _KEYS)
@pytest.mark.parametrize("name", ["backup.txt", "note.md", "LOGO", "main.py"])
def test_a_private_key_is_not_read_whatever_its_name(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NoTextError, match="private key"):
        convert_file(str(path))


def test_a_text_about_keys_is_read(tmp_path: Path) -> None:
    path = tmp_path / "howto.md"
    path.write_text("# Keys\n\nA key begins so:\n\n    -----BEGIN PRIVATE KEY-----\n")
    assert "A key begins so" in _said(path)
    public = tmp_path / "public.txt"
    public.write_text("-----BEGIN PUBLIC KEY-----\nzanzibar\n-----END PUBLIC KEY-----\n")
    assert "zanzibar" in _said(public)


def test_names_that_no_rule_is_about_are_compared_with_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert is_secret("src/.env")
    # From now on each rule would be asked by itself.
    monkeypatch.setattr(secrets, "_patterns", pytest.fail)
    assert not any(is_secret(f"src/package/module{number}.py") for number in range(100))
