"""The title that a file's properties give it, where a person gave it and not a program."""

from __future__ import annotations

import re

from converters.cleaning import clean_line

_MAX_CHARACTERS = 200
# What programs write when nobody gave a title: their own words for that, a file's name, a number.
# A file's name may have spaces, but "How to edit config.md" is a person's.
_NOBODYS = re.compile(
    r"(untitled( \d+)?|unknown|(word )?do[ck]ument\s?\d*|title|pr(esentation|äsentation)\d*"
    r"|microsoft (word|powerpoint|excel)( - .*| document)?|slide \d+"
    r"|.*\w\.(docx?|odt|rtf|dvi|indd|pptx?|xlsx?|qxd)"
    r"|\S+\.(tex|pdf|pub|eps|ps|html?|md|txt))",
    re.IGNORECASE,
)
# PowerPoint's, in its languages.
_SLIDES = frozenset(
    (
        "PowerPoint Presentation", "PowerPoint-Präsentation", "Présentation PowerPoint",
        "Presentación de PowerPoint", "Presentazione standard di PowerPoint",
        "Apresentação do PowerPoint", "PowerPoint-presentatie", "PowerPoint-presentation",
        "Prezentacja programu PowerPoint", "Prezentace aplikace PowerPoint",
        "Презентация PowerPoint", "PowerPoint プレゼンテーション", "PowerPoint 演示文稿",
        "PowerPoint 簡報", "PowerPoint 프레젠테이션", "PowerPoint Sunusu",
    )
)  # fmt: skip


def given_title(written: object) -> str | None:
    """A title as a person wrote it, on one line; None for what a program put there."""
    title = clean_line(str(written or ""))
    if not title or len(title) > _MAX_CHARACTERS or "\ufffd" in title:
        return None
    return None if title in _SLIDES or _NOBODYS.fullmatch(title) else title
