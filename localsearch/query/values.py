"""What the value of a filter means, and what was probably meant where it means nothing."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from decimal import Decimal
from typing import get_args

from localsearch.query.globs import path_pattern
from localsearch.types import Kind

KINDS: tuple[str, ...] = get_args(Kind)
# What people call the kinds, plurals included; file name endings are known besides.
_KIND_ALIASES = {
    "text": "texts plain note notes markdown latex",
    "code": "source src program script scripts",
    "pdf": "pdfs",
    "doc": "docs document documents word writer",
    "sheet": "sheets spreadsheet spreadsheets excel calc table tables",
    "slides": "slide presentation presentations powerpoint impress keynote",
    "web": "webpage page website",
    "mail": "mails email emails e-mail message messages",
    "book": "books ebook ebooks",
    "notebook": "notebooks jupyter",
    "data": "dataset datasets",
    "subtitles": "subtitle subs",
    "archive": "archives compressed",
    "image": "images photo photos picture pictures",
    "audio": "sound music song songs",
    "video": "videos movie movies film films",
    "other": "binary",
}
_KIND_OF = {kind: kind for kind in KINDS} | {
    alias: kind for kind, aliases in _KIND_ALIASES.items() for alias in aliases.split()
}
# Common names that ISO 639 doesn't list for the language.
_LANGUAGE_ALIASES = {"farsi": "fa", "mandarin": "zh", "cantonese": "zh", "bokmal": "nb"}
_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,9})?)\s*([kmgtp]?)(i?)b?", re.IGNORECASE)
_SIZE_RANGE = re.compile(r"(<=|>=|<|>)?\s*([^<>=]*?)(\.\.([^<>=]*))?")
_EXTENSION = re.compile(r"[\w+#~$!@%&=-]{1,40}")
# SQLite's integers end here.
_LARGEST = 2**63 - 1


def folded(value: str) -> str:
    """A value without the differences that people don't mean: width, case, blanks around it."""
    return unicodedata.normalize("NFKC", value).casefold().strip()


def split_list(value: str) -> list[str]:
    """The parts of `pdf,doc` or `pdf|doc`, empty ones left out."""
    return [part for part in re.split(r"[,|，｜]", value) if part.strip()]


def parse_kind(value: str) -> str | None:
    """The kind that a value names, or that files with such an ending have; None for neither."""
    name = folded(value).removeprefix("*").removeprefix(".")
    if name in KINDS:
        return name
    # An ending's kind is the one that its files are indexed as.
    return _kinds_by_ending().get(name) or _KIND_OF.get(name)


def suggest_kind(value: str) -> str | None:
    """The kind that was probably meant."""
    close = difflib.get_close_matches(folded(value), _KIND_OF, n=1)
    return _KIND_OF[close[0]] if close else None


@functools.cache
def _kinds_by_ending() -> dict[str, str]:
    from converters.formats import FORMATS, NAME_ONLY_KINDS

    kinds: dict[str, str] = {ending[1:]: kind for ending, kind in NAME_ONLY_KINDS.items()}
    for each in FORMATS:
        kinds.update((ending[1:], each.kind) for ending in each.suffixes)
    return kinds


def suggest_path(value: str) -> str | None:
    """The pattern without backslashes, which escape what follows them."""
    plain = value.replace("\\", "")
    return plain if plain != value and path_pattern(plain) is not None else None


def parse_extension(value: str) -> str | None:
    """A file name's ending without its dot, in lower case; None when it can't be one."""
    ending = unicodedata.normalize("NFC", value.strip().lower().removeprefix("*").lstrip("."))
    return ending if _EXTENSION.fullmatch(ending) else None


def suggest_extension(value: str) -> str | None:
    """The last ending of `tar.gz`, which is the one that files are known by."""
    return parse_extension(value.rpartition(".")[2])


def parse_language(value: str) -> str | None:
    """The ISO 639-1 code that `zh`, `zh-CN`, `zho` or `Chinese` stands for; None for others."""
    name = folded(value)
    names = _language_names()
    return names.get(name) or names.get(re.split(r"[-_]", name, maxsplit=1)[0])


def suggest_language(value: str) -> str | None:
    """The code of the language that was probably meant."""
    close = difflib.get_close_matches(folded(value), _language_names(), n=1, cutoff=0.7)
    return _language_names()[close[0]] if close else None


@functools.cache
def _language_names() -> dict[str, str]:
    from iso639 import iter_langs

    names: dict[str, str] = {}
    for language in iter_langs():
        if not language.pt1:
            continue
        for name in (language.pt1, language.pt3, language.name, *language.other_names()):
            # "Greek, Modern (1453-)" is Greek to everybody.
            short = re.sub(r"\s*\(.*\)", "", name).casefold()
            names.setdefault(short, language.pt1)
            names.setdefault(short.split(",")[0], language.pt1)
    return _LANGUAGE_ALIASES | names


def parse_size(value: str) -> tuple[int | None, int | None] | None:
    """Smallest and largest size in bytes of `>1M`, `<=10k`, `1M..5M`; None for what's no range.

    k, M, G, T, P are powers of 1,000, and with an i (Ki, Mi) of 1,024.
    """
    match = _SIZE_RANGE.fullmatch(folded(value))
    if match is None or (match[1] is None) == (match[3] is None):
        return None
    if match[1]:
        size = _parse_bytes(match[2])
        return None if size is None else _compared(match[1], size)
    low, high = _parse_bytes(match[2]), _parse_bytes(match[4])
    unreadable = (low is None and match[2] != "") or (high is None and match[4] != "")
    if unreadable or (low is None and high is None):
        return None
    return None if low is not None and high is not None and low > high else (low, high)


def suggest_size(value: str) -> str | None:
    """The range that was probably meant by a size alone, or by one written backwards."""
    text = folded(value)
    if _parse_bytes(text) is not None:
        return f">{text}"
    low, dots, high = text.partition("..")
    backwards = f"{high}..{low}"
    return backwards if dots and parse_size(backwards) is not None else None


def _compared(operator: str, size: int) -> tuple[int | None, int | None] | None:
    if operator.startswith(">"):
        return size + (operator == ">"), None
    # Nothing is smaller than nothing.
    return None if (operator, size) == ("<", 0) else (None, size - (operator == "<"))


def _parse_bytes(text: str) -> int | None:
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[3] and not match[2]):
        return None
    power = " kmgtp".index(match[2].lower() or " ")
    size = int(Decimal(match[1]) * (1024 if match[3] else 1000) ** power)
    return size if size < _LARGEST else None
