"""Names in archives: how they're written, and which are told where little can be read."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.converters.test_archive import convert, listed_names, tarred, zipped


def test_names_of_old_archives_are_decoded(tmp_path: Path) -> None:
    name = "Größe 1.txt".encode()
    data = zipped({"x" * len(name): "Body."}).replace(b"x" * len(name), name)
    assert "Größe 1.txt" in convert(tmp_path / "a.zip", data)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b"Mas\xe1.txt", "Maße.txt"),
        (b"Stra\xdfe.txt", "Straße.txt"),
        # What programs write for letters that the old encoding lacks.
        (b"caf?.txt", "café.txt"),
        (b"______.txt", "Привет.txt"),
    ],
)
def test_the_name_in_unicode_counts(written: bytes, name: str, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        member = zipfile.ZipInfo("x" * len(written))
        field = b"\1" + struct.pack("<I", zlib.crc32(written)) + name.encode()
        other = struct.pack("<HHB", 0x9999, 1, 0)
        member.extra = other + struct.pack("<HH", 0x7075, len(field)) + field
        archive.writestr(member, "Body.")
    data = packed.getvalue().replace(b"x" * len(written), written)
    assert convert(tmp_path / "a.zip", data)[name].blocks[0].text == "Body."


def test_a_name_may_be_written_in_two_ways(tmp_path: Path) -> None:
    # The first place of the name is before the data, the second in the directory.
    data = zipped({"Masse 1.txt": "Body."}).replace(b"Masse", b"Ma__e", 1)
    assert convert(tmp_path / "a.zip", data)["Masse 1.txt"].blocks[0].text == "Body."


def test_the_names_above_what_is_nested_too_deep_are_listed(tmp_path: Path) -> None:
    data = zipped({"a.txt": "bottom"})
    for level in range(9):
        data = zipped({f"level{level}.zip": data})
    found = convert(tmp_path / "a.zip", data)
    # The way to the innermost list names those around it.
    assert listed_names(found.values()) == {"level8.zip!/level7.zip!/level6.zip": ["level5.zip"]}
    notes = [note for each in found.values() for note in each.notes]
    assert notes == ["level5.zip can't be read: more than 4 archives inside one another"]


def _tar_of_claimed_size() -> bytes:
    member = tarfile.TarInfo("zeroes.bin.txt")
    member.size = 8 << 30
    return member.tobuf() + bytes(10_000)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.tar", _tar_of_claimed_size),
        ("a.tar.gz", lambda: gzip.compress(tarred({"zeroes.bin.txt": bytes(150 << 20)}))),
        ("a.zip", lambda: zipped({"zeroes.bin.txt": bytes(150 << 20)})),
    ],
)
def test_the_name_of_a_bomb_is_listed_where_nothing_else_is_there(
    name: str, pack: Callable[[], bytes], tmp_path: Path
) -> None:
    (names,) = convert(tmp_path / name, pack()).values()
    assert [block.text for block in names.blocks] == ["zeroes.bin.txt"]
    assert "unpacks to" in names.notes[0]
