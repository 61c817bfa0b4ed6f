"""Which filter was probably meant by what is none?"""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

from localsearch.query import values
from localsearch.query.dates import parse_date, suggest_date
from localsearch.query.syntax import FILTER_NAMES

if TYPE_CHECKING:
    from datetime import datetime

    from localsearch.query.syntax import Item

# A date or a size may hold a comma; these are lists.
_LISTED = ("kind", "ext", "lang")
_SUGGEST = {
    "kind": lambda part: values.parse_kind(part) or values.suggest_kind(part),
    "ext": lambda part: values.parse_extension(part) or values.suggest_extension(part),
    "lang": lambda part: values.parse_language(part) or values.suggest_language(part),
    "size": values.suggest_size,
    "path": values.suggest_path,
    "after": suggest_date,
    "before": suggest_date,
}


def parts_of(item: Item) -> list[str]:
    """The values of a filter that may have several; what stands in quotes is one."""
    return [item.value] if item.quoted else values.split_list(item.value)


def meant_value(item: Item) -> str:
    """What to write as the value of a known filter instead; "" where there's no telling."""
    suggest = _SUGGEST.get(item.name)
    if suggest is None:
        return ""
    parts = parts_of(item) if item.name in _LISTED else [item.value]
    meant = [value for part in parts if (value := suggest(part))]
    return ",".join(dict.fromkeys(meant)) if len(meant) == len(parts) else ""


def meant_name(word: str) -> str:
    """The filter whose name is mistyped before the colon of a word; "" where none comes close."""
    name, _, value = word.partition(":")
    if not (value and value[0] not in ":/" and name.isascii() and name.isalpha()):
        return ""
    if name.casefold() in FILTER_NAMES:
        return ""
    return _closest(name.casefold()[:10])


@functools.lru_cache(maxsize=64)
def _closest(name: str) -> str:
    close = difflib.get_close_matches(name, sorted(FILTER_NAMES), n=1, cutoff=0.75)
    return close[0] if close else ""


def is_certain(word: str, now: datetime) -> bool:
    """Whether a word was meant as a filter beyond doubt: its value is one of that filter's own.

    A path, a folder and a file name ending may be any word: `math:algebra` is text.
    """
    value = word.partition(":")[2]
    match meant_name(word):
        case "kind" | "lang" as name:
            parse = values.parse_kind if name == "kind" else values.parse_language
            parts = values.split_list(value)
            return bool(parts) and all(parse(part) is not None for part in parts)
        case "size":
            return values.parse_size(value) is not None
        case "after" | "before":
            return parse_date(value, now) is not None
        case _:
            return False


def written(name: str, value: str) -> str:
    """A filter as one types it."""
    return f'{name}:"{value}"' if " " in value else f"{name}:{value}"
