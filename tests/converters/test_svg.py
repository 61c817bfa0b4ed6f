"""Drawings in SVG: which of their words are read, and what's said of those without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from converters.registry import convert_file
from localsearch.types import ConversionError, Document, NoTextError

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
    assert [block.text for block in document.blocks] == ["Pumpe"]
    assert "XML is broken in line 2" in document.notes[0]


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = f'<!DOCTYPE svg [<!ENTITY a "Pumpe">]>{_OPEN}<text>&a;</text></svg>'
    with pytest.raises(ConversionError, match="refused"):
        _convert(tmp_path / "a.svg", bomb)


def test_markdown_that_begins_with_a_drawing_stays_markdown(tmp_path: Path) -> None:
    document = _convert(tmp_path / "a.md", f"{_OPEN}</svg>\n\n# Die Pumpe\n")
    assert document.title == "Die Pumpe"
