"""Filters without syntax: what the chips read from a query, and how they write into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: the value it stands for, how it's called, and a remark."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as a chip: its name on screen, the filters of the language it stands for."""

    name: str
    label: str
    filters: tuple[str, ...]
    key: str


CHIPS = (
    Chip("kind", "Kind", ("kind", "ext"), "alt+k"),
    Chip("folder", "Folder", ("in", "path"), "alt+d"),
    Chip("language", "Language", ("lang",), "alt+l"),
    Chip("date", "Date", ("after", "before"), "alt+t"),
)

_KIND_NAMES = {
    "text": "Text and notes", "code": "Source code", "pdf": "PDF", "doc": "Documents",
    "sheet": "Spreadsheets", "slides": "Slides", "web": "Web pages", "mail": "Mail",
    "book": "Books", "notebook": "Notebooks", "data": "Data", "subtitles": "Subtitles",
    "archive": "Archives", "image": "Images", "audio": "Audio", "video": "Video", "other": "Other",
}  # fmt: skip
_LANGUAGES = (
    ("ar", "Arabic"), ("zh", "Chinese"), ("cs", "Czech"), ("da", "Danish"), ("nl", "Dutch"),
    ("en", "English"), ("fi", "Finnish"), ("fr", "French"), ("de", "German"), ("el", "Greek"),
    ("he", "Hebrew"), ("hi", "Hindi"), ("hu", "Hungarian"), ("id", "Indonesian"),
    ("it", "Italian"), ("ja", "Japanese"), ("ko", "Korean"), ("no", "Norwegian"), ("fa", "Persian"),
    ("pl", "Polish"), ("pt", "Portuguese"), ("ro", "Romanian"), ("ru", "Russian"),
    ("es", "Spanish"), ("sv", "Swedish"), ("th", "Thai"), ("tr", "Turkish"), ("uk", "Ukrainian"),
    ("vi", "Vietnamese"),
)  # fmt: skip


def kind_choices() -> list[Choice]:
    """Every kind of file."""
    return [Choice(f"kind:{kind}", _KIND_NAMES[kind], kind) for kind in KINDS]


def language_choices(present: Iterable[str]) -> list[Choice]:
    """Languages, those of the hits on screen first."""
    names = dict(_LANGUAGES)
    here = [code for code in dict.fromkeys(present) if code]
    codes = [*here, *(code for code, _ in _LANGUAGES if code not in here)]
    return [
        Choice(f"lang:{code}", names.get(code, code), "in these results" if code in here else code)
        for code in codes
    ]


def folder_choices(roots: Sequence[tuple[str, str]], folders: Iterable[str]) -> list[Choice]:
    """Roots as (name, path), then the folders that the hits on screen lie in."""
    choices = [Choice(f"in:{quoted(name)}", name, path) for name, path in roots]
    known = {path for _, path in roots}
    for folder in dict.fromkeys(folders):
        if folder not in known:
            name = folder.rpartition("/")[2] or folder
            choices.append(Choice(f"path:{quoted(folder + '/**')}", name, folder))
    return choices


def date_choices(year: int) -> list[Choice]:
    """Times that people look back to."""
    return [
        Choice("after:today", "Today"),
        Choice("after:yesterday", "Since yesterday"),
        Choice('after:"7 days ago"', "Past 7 days"),
        Choice('after:"30 days ago"', "Past 30 days"),
        Choice('after:"1 year ago"', "Past year"),
        *(
            Choice(f"after:{each} before:{each + 1}", str(each), "the whole year")
            for each in range(year, year - 6, -1)
        ),
        Choice(f"before:{year - 5}", f"Before {year - 5}"),
    ]


def quoted(value: str) -> str:
    """A value as the query language takes it."""
    return f'"{value}"' if re.search(r"\s", value) or not value else value


def read_filter(text: str, chip: Chip) -> str:
    """What a chip's filters are set to in a query, in short; empty when they aren't."""
    if ":" not in text and "：" not in text:
        return ""
    from localsearch.query.parsing import parts_of
    from localsearch.query.syntax import normalised, split_items
    from localsearch.query.values import parse_kind, parse_language

    # What isn't known filters nothing, and is said below the chips. Dates are left out: telling
    # those takes longer than a letter may.
    known = {"kind": parse_kind, "lang": parse_language}
    values = [
        f"{'not ' if item.negated else ''}{_DATE_WORDS.get(item.name, '')}{item.value}"
        for item in split_items(normalised(text))
        if item.name in chip.filters
        and item.value
        and (item.name not in known or any(map(known[item.name], parts_of(item))))
    ]
    return ", ".join(values)


_DATE_WORDS = {"after": "since ", "before": "before "}


def write_filter(text: str, chip: Chip, value: str) -> str:
    """The query with a chip's filters replaced by `value`; an empty value takes them away."""
    from localsearch.query.syntax import normalised, split_items

    text = normalised(text)
    kept: list[str] = []
    done = 0
    for item in split_items(text):
        if item.name in chip.filters:
            kept.append(text[done : item.end - len(item.source) - item.negated])
            done = item.end
    kept.append(text[done:])
    rest = " ".join(part.strip() for part in kept if part.strip())
    if not value:
        return rest
    return f"{rest} {value} ".lstrip()
