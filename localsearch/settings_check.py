"""What in a settings file doesn't fit, and what would?"""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing
from typing import Any, Literal

import msgspec

from localsearch.config import Settings

_EXPECTED: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text in quotes",
    tuple[str, ...]: 'a list of texts, such as ["one", "two"]',
    dict[str, str]: 'a table of texts, such as {pdf = "okular {path}"}',
}


def fitting_settings(raw: dict[str, Any]) -> Settings:
    """The settings that a TOML document holds; raises ValueError with a line for each fault."""
    sections = {each.name: each for each in dataclasses.fields(Settings)}
    problems, values = [], {}
    for section, given in raw.items():
        if section not in sections:
            problems.append(f"there is no section [{section}]{_meant(section, sections)}")
        elif not isinstance(given, dict):
            problems.append(f"{section} is a section: write [{section}] on a line of its own")
        else:
            kind = type(getattr(Settings(), section))
            problems += _problems(section, kind, given)
            values[section] = (kind, given)
    if problems:
        raise ValueError("\n".join(problems))
    return Settings(
        **{name: msgspec.convert(given, kind) for name, (kind, given) in values.items()}
    )


def _problems(section: str, kind: type, given: dict[str, Any]) -> list[str]:
    hints = typing.get_type_hints(kind)
    limits = {each.name: each.metadata for each in dataclasses.fields(kind)}
    problems = []
    for name, value in given.items():
        if name not in hints:
            problems.append(f"there is no setting {name} in [{section}]{_meant(name, hints)}")
        elif not _fits(value, hints[name], **limits[name]):
            shown = json.dumps(value, ensure_ascii=False, default=str)
            expected = _expected(hints[name], **limits[name])
            problems.append(f"{section}.{name} is {shown}; it must be {expected}")
    return problems


def _fits(value: Any, hint: Any, least: float | None = None, most: float | None = None) -> bool:
    try:
        value = msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    # Written so that a number that is none (nan) is in no range.
    return (least is None or value >= least) and (most is None or value <= most)


def _expected(hint: Any, least: float | None = None, most: float | None = None) -> str:
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(f'"{each}"' for each in typing.get_args(hint))
    text = _EXPECTED[hint]
    if most is not None:
        return f"{text} from {least:,} to {most:,}"
    return text if least is None else f"{text}, {least:,} or more"


def _meant(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
