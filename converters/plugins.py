"""Third-party converters: found by entry point, run only where the settings name them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from converters.formats import suffixes_of
from localsearch.types import Converter

ENTRY_POINT_GROUP = "localsearch.converters"


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


@cache
def _plugins(names: tuple[str, ...]) -> tuple[Converter, ...]:
    loaded: list[Converter] = []
    for name in names:
        made = _load_plugin(name)
        if isinstance(made, Converter):
            loaded.append(made)
    return tuple(loaded)


def _load_plugin(name: str) -> Converter | str:
    """The third-party converter of that entry point name, or why there's none."""
    point = _entry_points().get(name)
    if point is None:
        return f"the converter {name!r} of the settings isn't installed"
    try:
        made = point.load()()
    except Exception as error:  # noqa: BLE001 - third-party code may raise anything
        return f"the converter {name!r} of the settings can't be loaded: {error}"
    if not isinstance(made, Converter):
        return f"{name!r} of the settings isn't a converter: it lacks a part of the protocol"
    return made


def plugin_problems(names: Sequence[str]) -> tuple[str, ...]:
    """Why converters that the settings name can't be used; empty where all can."""
    return tuple(found for name in names if isinstance(found := _load_plugin(name), str))


def plugin_for(filename: str, plugins: tuple[str, ...]) -> Converter | None:
    """The first of the named third-party converters that takes files of that name."""
    if not plugins:
        return None
    base = os.path.basename(filename).lower()
    suffixes = set(suffixes_of(base))
    for converter in _plugins(plugins):
        if base in converter.filenames or suffixes & converter.suffixes:
            return converter
    return None
