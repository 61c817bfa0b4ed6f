"""Which Word paragraphs are headings, titles and list items, by their own marks or their style."""

from __future__ import annotations

import re
from dataclasses import dataclass

from docx.oxml.ns import qn
from lxml import etree

_HEADING_NAME = re.compile(r"heading ([1-9])$", re.I)
_LEVELS = 9
# Styles that inherit from each other in a circle occur in damaged files.
_MAX_INHERITANCE = 20
_VAL = qn("w:val")


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """`level` is the heading's, from 1, or 0 for body text."""

    level: int = 0
    is_title: bool = False
    is_list: bool = False


_BODY = ParagraphStyle()


class ParagraphStyles:
    """The styles of a document, by the ids that its paragraphs name."""

    def __init__(self, styles: etree._Element) -> None:
        self._elements = {
            style.get(qn("w:styleId")): style for style in styles.iterchildren(qn("w:style"))
        }
        self._known: dict[str | None, ParagraphStyle] = {None: _BODY}

    def of(self, paragraph: etree._Element) -> ParagraphStyle:
        """What a paragraph element is."""
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            return _BODY
        style = self._style(_value(properties, "w:pStyle"))
        level = _outline_level(properties)
        numbered = properties.find(qn("w:numPr")) is not None
        if level is None and not numbered:
            return style
        return ParagraphStyle(
            style.level if level is None else level, style.is_title, style.is_list or numbered
        )

    def _style(self, style_id: str | None) -> ParagraphStyle:
        if style_id not in self._known:
            self._known[style_id] = self._resolve(style_id)
        return self._known[style_id]

    def _resolve(self, style_id: str | None) -> ParagraphStyle:
        level: int | None = None
        is_list = is_title = False
        for _ in range(_MAX_INHERITANCE):
            style = self._elements.get(style_id)
            if style is None:
                break
            name = _value(style, "w:name") or ""
            heading = _HEADING_NAME.match(name)
            properties = style.find(qn("w:pPr"))
            if level is None and properties is not None:
                level = _outline_level(properties)
            if level is None and heading:
                level = int(heading[1])
            is_title = is_title or name.lower() == "title"
            is_list = is_list or (
                properties is not None and properties.find(qn("w:numPr")) is not None
            )
            style_id = _value(style, "w:basedOn")
        return ParagraphStyle(level or 0, is_title, is_list)


def _value(parent: etree._Element, tag: str) -> str | None:
    child = parent.find(qn(tag))
    value = None if child is None else child.get(_VAL)
    return None if value is None else str(value)


def _outline_level(properties: etree._Element) -> int | None:
    """The heading level, 0 where it's marked as body text, None where nothing is said."""
    written = _value(properties, "w:outlineLvl")
    if written is None or not written.isdigit():
        return None
    # The file counts from 0, and 9 is body text.
    return int(written) + 1 if int(written) < _LEVELS else 0
