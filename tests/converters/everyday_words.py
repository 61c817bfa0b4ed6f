"""Short texts of everyday words in languages whose old files aren't in Unicode."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

_UNSPACED = frozenset(("zh", "zh-tw", "ja", "th"))


def _read() -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Language, encodings and words of each section of the list."""
    _, *sections = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split("\n[")
    for section in sections:
        head, _, words = section.partition("]\n")
        language, *encodings = head.split()
        yield language, tuple(encodings), words.split()


ENCODINGS = {language: encodings for language, encodings, _ in _read()}
_WORDS = {language: words for language, _, words in _read()}
_FORMS = ("words", "sentence", "lines", "row", "table", "single")


def samples(language: str, count: int, seed: int = 0) -> Iterator[str]:
    """Short texts: a few words, a line of a list, a row, a small table."""
    words = _WORDS[language]
    space = "" if language in _UNSPACED else " "
    rng = random.Random(f"{language} {seed}")
    for number in range(count):
        some = rng.choices(words, k=9)
        amount = str(rng.randrange(1, 2000))
        match _FORMS[number % len(_FORMS)]:
            case "words":
                yield space.join(some[:3])
            case "sentence":
                yield f"{space.join(some[:6])} {amount}"
            case "lines":
                yield "\n".join(some[:4])
            case "row":
                yield f"{amount},{some[0]},{some[1]},{rng.randrange(10, 99)}.50"
            case "table":
                yield f"{some[0]};{some[1]};{some[2]}\n{some[3]};{some[4]};{amount}\n"
            case _:
                yield space.join(some[:2])
