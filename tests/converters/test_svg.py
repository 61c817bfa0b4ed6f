"""Drawings in SVG: which of their words are read, and what's said of those without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.registry import convert_file
from localsearch.types import Document, NoTextError

_OPEN = '<svg xmlns="http://www.w3.org/2000/svg">\n'
_PLAN = (
    '<?xml version="1.0"?>\n'
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/x.dtd">\n'
    + _OPEN
    + "<title>Heizungsplan</title><desc>Alle Rohre\n im Keller</desc>\n"
    "<metadata>made by a program</metadata><style>text { fill: red }</style>\n"
    "<g><title>Pumpe</title><text x='1'>Pumpe</text></g>\n"
    "<text><tspan>Vor</tspan><tspan x='2'>lauf</tspan></text>\n"
    "<foreignObject><div xmlns='http://www.w3.org/1999/xhtml'><p>Ventil</p><p>zu</p></div>"
    "</foreignObject></svg>\n"
)


def _convert(path: Path, text: str) -> Document:
    path.write_text(text, encoding="utf-8")
    (document,) = convert_file(str(path)).documents
    return document


@pytest.mark.parametrize("name", ["plan.svg", "plan"])
def test_words_of_a_drawing(name: str, tmp_path: Path) -> None:
    document = _convert(tmp_path / name, _PLAN)
    assert (document.title, document.kind) == ("Heizungsplan", "image")
    assert [(block.text, block.locator.line_start) for block in document.blocks] == [
        ("Heizungsplan", 4),
        ("Alle Rohre im Keller", 4),
        ("Pumpe", 7),
        ("Vor lauf", 8),
        ("Ventil zu", 9),
    ]


def test_a_drawing_without_words_is_found_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match="a drawing without words"):
        _convert(tmp_path / "a.svg", _OPEN + "<path d='M0 0'/></svg>")


def test_what_comes_before_damage_is_read(tmp_path: Path) -> None:
    document = _convert(tmp_path / "a.svg", _OPEN + "<text>Pumpe</text><text>Rohr</")
    assert [block.text for block in document.blocks] == ["Pumpe", "Rohr"]
    assert "XML is broken in line 2" in document.notes[0]


@pytest.mark.parametrize(
    ("drawing", "reason"),
    [
        (f'<!DOCTYPE svg [<!ENTITY a "Pumpe">]>{_OPEN}<text>&a;</text></svg>', "declarations"),
        (f"{_OPEN}{'<g>' * 300}<text>Pumpe</text>{'</g>' * 300}</svg>", "nested more than"),
    ],
    ids=["entities", "deep"],
)
def test_what_isnt_taken_in_is_found_by_its_name(drawing: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(NoTextError, match=f"found by name only: .*{reason}"):
        _convert(tmp_path / "a.svg", drawing)


def test_what_stands_too_deep_costs_itself(tmp_path: Path) -> None:
    deep = f"{_OPEN}<text>Pumpe</text>{'<g>' * 300}<text>Rohr</text>{'</g>' * 300}</svg>"
    document = _convert(tmp_path / "a.svg", deep)
    assert [block.text for block in document.blocks] == ["Pumpe"]
    assert "nested more than" in document.notes[0]


def test_reading_ends_at_the_limit_inside_a_text(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text(_OPEN + "<text>" + "Die Pumpe. " * 100_000 + "</damage>", encoding="utf-8")
    (document,) = convert_file(str(path), text_limit=1_000).documents
    assert [len(block.text) for block in document.blocks] == [1_000]
    assert document.notes == ("only the first 1,000 characters were read",)


def test_markdown_that_begins_with_a_drawing_stays_markdown(tmp_path: Path) -> None:
    document = _convert(tmp_path / "a.md", f"{_OPEN}</svg>\n\n# Die Pumpe\n")
    assert document.title == "Die Pumpe"
