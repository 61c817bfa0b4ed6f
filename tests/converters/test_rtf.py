"""Rich Text Format: what stands beside the text, and what careless programs write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.converters.office_files import convert

_MARK_WITHIN = rb"{\rtf1\ansi {\f2\*\cs7 Die Pumpe.} {\*\x nicht} Ende.\par}"
_BESIDE = (
    rb"{\rtf1\ansi{\header Verwaltung\par}\pard Die Pumpe{\footnote \pard sie ist alt} steht."
    rb"{\*\atnid AB}{\*\annotation \pard Wirklich?}\par"
    rb"{\shp{\*\shpinst\shpleft1{\sp{\sn name}{\sv Box}}{\shptxt Nur bis Mai\par}}"
    rb"{\shprslt{\*\do{\dptxbxtext Nur bis Mai\par}}}}"
    rb"\sect{\header Verwaltung\par}Ende.\par}"
)


def test_notes_comments_text_boxes_and_headers_are_read_once(tmp_path: Path) -> None:
    document = convert(tmp_path / "a.rtf", _BESIDE)
    text = "\n".join(block.text for block in document.blocks)
    for phrase in ("Verwaltung", "sie ist alt", "Wirklich?", "Nur bis Mai", "Ende."):
        assert text.count(phrase) == 1, (phrase, text)
    assert "Box" not in text
    assert "AB" not in text


def test_a_mark_within_a_group_hides_nothing(tmp_path: Path) -> None:
    (block,) = convert(tmp_path / "a.rtf", _MARK_WITHIN).blocks
    assert block.text.split() == ["Die", "Pumpe.", "Ende."]


@pytest.mark.parametrize(
    "careless",
    [rb"{\pict\bin{\*\x y}}", rb"{\fonttbl{\f1\fcharset78 Osaka;}{\f2\fcharset81 Baghdad;}}\f1 "],
)
def test_what_the_library_stumbles_over(careless: bytes, tmp_path: Path) -> None:
    document = convert(tmp_path / "a.rtf", rb"{\rtf1\ansi Die Pumpe. " + careless + rb" Ende.\par}")
    text = " ".join(block.text for block in document.blocks)
    assert "Die Pumpe." in text
    assert "Ende." in text


def test_a_word_after_an_escaped_backslash_is_no_command(tmp_path: Path) -> None:
    paths = rb"{\rtf1\ansi D:\\bin\\x, \\shptxt z, D:\\page\\y, \\\*\cs7 und Ende.\par}"
    (block,) = convert(tmp_path / "a.rtf", paths).blocks
    assert block.text == r"D:\bin\x, \shptxt z, D:\page\y, \und Ende."
