"""Archives: every file inside by its converter, names kept, bombs and traps bounded."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from converters import archive as archive_module
from converters.registry import convert_file
from converters.safety import Budget
from localsearch.types import ConversionError, Document
from tests.converters import fuzz_seeds

_FILES: dict[str, str | bytes] = {
    "notes/계획.md": "# 계획\n\n흙을 먼저 확인한다.\n",
    "data/a.json": '{"answer": 42}',
    "../../escape.txt": "Outside?",
    "photo.jpg": b"\xff\xd8\xff\xe0" + bytes(100),
}


def zipped(files: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def tarred(files: dict[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            content = data.encode() if isinstance(data, str) else data
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def convert(path: Path, data: bytes) -> dict[str, Document]:
    path.write_bytes(data)
    return {document.member: document for document in convert_file(str(path)).documents}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("notes.txt", "The heating is old.\n", "text"),
        ("names.csv", "name,town\nAlbers,Ulm\n", "sheet"),
        ("names.json", '{"name": "Albers"}', "data"),
        ("names.py", "def heating():\n    return 1\n", "code"),
    ],
)
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_was_packed_under_its_own_name_is_read_as_what_it_is(
    pack: Callable[[bytes], bytes], name: str, text: str, kind: str, tmp_path: Path
) -> None:
    (plain,) = convert(tmp_path / name, text.encode()).values()
    packed = convert(tmp_path / name, pack(text.encode()))
    assert packed[name].kind == plain.kind == kind
    assert packed[name].blocks == plain.blocks != ()


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_names_are_listed_where_there_is_too_much_text(name: str, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"{n}.txt": "Words. " * 100 for n in range(40)}
    (tmp_path / name).write_bytes(
        zipped(files) if name == "a.zip" else gzip.compress(tarred(files))
    )
    documents = convert_file(str(tmp_path / name), text_limit=10_000).documents
    *_, names = documents
    listed = "\n".join(block.text for block in names.blocks).split("\n")
    assert (names.member, listed) == ("", list(files))
    assert "only the first 9,000 characters were read" in names.notes
    assert sum(len(block.text) for each in documents for block in each.blocks) <= 10_000


def listed_names(documents: Iterable[Document]) -> dict[str, list[str]]:
    """The names that each archive's list gives, by the way to that archive."""
    return {
        document.member: "\n".join(block.text for block in document.blocks).split("\n")
        for document in documents
        if document.kind == "archive"
    }


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("time_share", [0.0, 0.9])
def test_names_in_archives_inside_are_listed_where_there_is_too_much_text(
    name: str, time_share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "_TIME_SHARE", time_share)
    words = "Words.\n" * 300
    inner: dict[str, str | bytes] = {"one.txt": words, "two.jpg": "x"}
    middle: dict[str, str | bytes] = {"long.txt": words, "b.zip": zipped(inner), "c.txt": words}
    files: dict[str, str | bytes] = {
        "first.tar": tarred(middle),
        "app.log.gz": gzip.compress(b"late"),
        "last.zip": zipped(inner),
    }
    data = zipped(files) if name == "a.zip" else gzip.compress(tarred(files))
    (tmp_path / name).write_bytes(data)
    documents = convert_file(str(tmp_path / name), text_limit=2000, time_s=600).documents
    assert listed_names(documents) == {
        "first.tar!/b.zip": list(inner),
        "first.tar": list(middle),
        "last.zip": list(inner),
        "": list(files),
    }
    read = [each.member for each in documents if each.kind == "text" and each.blocks]
    assert read == (["first.tar!/long.txt"] if time_share else [])
    assert sum(len(block.text) for each in documents for block in each.blocks) <= 2000


def test_names_in_archives_inside_are_listed_as_far_as_there_is_room(tmp_path: Path) -> None:
    inner: dict[str, str | bytes] = {f"a long name of a file, {n:02}.jpg": "x" for n in range(40)}
    files: dict[str, str | bytes] = {
        "long.txt": "Words.\n" * 3000, "a.zip": zipped(inner), "b.zip": zipped(inner)
    }  # fmt: skip
    (tmp_path / "a.zip").write_bytes(zipped(files))
    documents = convert_file(str(tmp_path / "a.zip"), text_limit=9000).documents
    lists = {each.member: each for each in documents if each.kind == "archive"}
    listed = listed_names(documents)
    assert listed["a.zip"] == list(inner)[: len(listed["a.zip"])]
    assert len(listed["a.zip"]) > 20
    counted = f"only the first {len(listed['a.zip'])} of its names are listed"
    assert lists["a.zip"].notes == (counted,)
    assert lists["b.zip"].notes == ("only the first 0 of its names are listed",)
    assert sum(len(block.text) for each in documents for block in each.blocks) <= 9000


@pytest.mark.parametrize("name", ["app.log.gz", "app.log.zip"])
def test_the_only_file_has_all_the_room(name: str, tmp_path: Path) -> None:
    text = b"\n".join(b"line %d" % n for n in range(1000, 1999))
    packed = gzip.compress(text) if name.endswith("gz") else zipped({"app.log": text})
    (tmp_path / name).write_bytes(packed)
    for limit, last, notes in (
        (len(text), "line 1998", ()),
        (9000, "line 1899", ("only the first 9,000 characters were read",)),
    ):
        (document,) = convert_file(str(tmp_path / name), text_limit=limit).documents
        assert (document.member, document.notes) == ("app.log", notes)
        assert document.blocks[-1].text.endswith(last)


def test_names_are_listed_where_there_are_too_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "budget_of", lambda source: (Budget(members_left=3), 0))
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({f"{n}.txt": "Words." for n in range(10)}))
    *read, names = convert_file(str(path)).documents
    assert len(read) == 3
    assert names.blocks[0].text.split("\n") == [f"{n}.txt" for n in range(10)]
    assert names.notes == ("the rest can't be read: too many files inside one another",)


def test_names_are_listed_where_there_is_too_little_time(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(_FILES))
    began_s = time.monotonic()
    (names,) = convert_file(str(path), time_s=0).documents
    assert time.monotonic() - began_s < 60
    assert names.blocks[0].text.startswith("notes/계획.md")
    assert "the rest was left out, as reading it took too long" in names.notes


def test_all_names_are_listed_where_the_time_for_texts_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(_FILES))
    monkeypatch.setattr(archive_module, "_TIME_SHARE", 0.0)
    (names,) = convert_file(str(path), time_s=60).documents
    assert names.blocks[0].text.split("\n") == list(_FILES)
    assert "the rest was left out, as reading it took too long" in names.notes


_PACKERS: dict[str, Callable[[], bytes]] = {
    "a.zip": lambda: zipped(_FILES),
    "a-stored.zip": lambda: zipped(_FILES, zipfile.ZIP_STORED),
    "a-lzma.zip": lambda: zipped(_FILES, zipfile.ZIP_LZMA),
    "a.tar": lambda: tarred(_FILES),
    "a.tar.gz": lambda: gzip.compress(tarred(_FILES)),
    "a.tgz": lambda: gzip.compress(tarred(_FILES)),
    "a.tar.bz2": lambda: bz2.compress(tarred(_FILES)),
    "a.tar.xz": lambda: lzma.compress(tarred(_FILES)),
}


@pytest.mark.parametrize("name", _PACKERS)
def test_members(name: str, tmp_path: Path) -> None:
    found = convert(tmp_path / name, _PACKERS[name]())
    plan = found["notes/계획.md"]
    assert (plan.title, plan.kind, plan.blocks[-1].locator.heading) == ("계획", "text", ("계획",))
    assert found["data/a.json"].blocks[0].text == "answer: 42"
    assert found["data/a.json"].title == "a.json"
    listing = found[""]
    assert listing.kind == "archive"
    assert "photo.jpg" in listing.blocks[0].text
    assert listing.notes == ()
    assert os.listdir(tmp_path) == [name]
    assert not (tmp_path.parent.parent / "escape.txt").exists()


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_one_packed_file(suffix: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    found = convert(tmp_path / f"app.log.{suffix}", pack(b"first\n\ndisk full\n"))
    assert list(found) == ["app.log"]
    assert found["app.log"].blocks[1].locator.line_start == 3


def test_archives_in_archives_are_named_by_the_way_to_them(tmp_path: Path) -> None:
    inner = zipped({"deep/a.txt": "At the bottom."})
    found = convert(tmp_path / "a.zip", zipped({"in/b.tar": tarred({"c.zip": inner})}))
    assert found["in/b.tar!/c.zip!/deep/a.txt"].blocks[0].text == "At the bottom."


def test_locked_archives_say_so(tmp_path: Path) -> None:
    packed = bytearray(zipped({"a.txt": "secret"}))
    # The flag for encryption, in the local header and in the directory.
    packed[6] |= 1
    packed[packed.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ConversionError, match="locked by a password"):
        convert(tmp_path / "a.zip", bytes(packed))


def test_what_cannot_be_read_is_noted_and_costs_nothing_else(tmp_path: Path) -> None:
    found = convert(tmp_path / "a.zip", zipped({"a.docx": b"PK\x03\x04", "b.txt": "Still here."}))
    assert found["b.txt"].blocks[0].text == "Still here."
    assert found[""].notes[0].startswith("a.docx can't be read: damaged")


def test_a_cut_archive_keeps_what_came_before(tmp_path: Path) -> None:
    whole = tarred({"a.txt": "Before the cut.", "b.txt": "x" * 5000})
    found = convert(tmp_path / "a.tar", whole[:2500])
    assert found["a.txt"].blocks[0].text == "Before the cut."
    assert found[""].notes


def test_a_member_that_unpacks_to_zeroes_is_refused(tmp_path: Path) -> None:
    data = zipped({"bomb.txt": bytes(150 << 20), "b.txt": "Still here."})
    assert len(data) < 1 << 20
    found = convert(tmp_path / "a.zip", data)
    assert "bomb.txt" not in found
    assert "bomb.txt can't be read" in found[""].notes[0]
    assert found["b.txt"].blocks


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_bomb_is_refused(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="unpacks to more than"):
        convert(tmp_path / "a.gz", pack(bytes(200 << 20)))


def test_archives_nested_without_end_stop(tmp_path: Path) -> None:
    data = zipped({"a.txt": "bottom"})
    for level in range(9):
        data = zipped({f"level{level}.zip": data, "note.txt": f"level {level}"})
    found = convert(tmp_path / "a.zip", data)
    depths = {member.count("!/") for member in found}
    assert max(depths) == 3
    assert any(
        "archives inside one another" in note for each in found.values() for note in each.notes
    )


def test_a_tree_of_archives_has_one_budget(tmp_path: Path) -> None:
    # 28 copies at each of 3 levels: 21,952 archives in a small file.
    data = zipped({"a.jpg": "x"})
    for _ in range(3):
        data = zipped({f"{copy}.zip": data for copy in range(28)})
    assert len(data) < 200_000
    began_s = time.monotonic()
    found = convert(tmp_path / "a.zip", data)
    assert found[""].notes == ("the rest can't be read: too many files inside one another",)
    assert time.monotonic() - began_s < 60


def test_links_and_devices_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            member = tarfile.TarInfo(f"evil-{kind.decode()}.txt")
            member.type = kind
            member.linkname = "/etc/passwd"
            archive.addfile(member)
    found = convert(tmp_path / "a.tar", packed.getvalue() + bytes(1024))
    assert not any(block.text for each in found.values() for block in each.blocks)


def test_a_message_in_a_zip(tmp_path: Path) -> None:
    seeds = dict(fuzz_seeds.seeds())
    found = convert(tmp_path / "a.zip", zipped({"mail/all.mbox": seeds["file.mbox"]}))
    assert "mail/all.mbox!/1@example.org" in found
