"""Which of the encodings from before UTF-8 a text is in.

chardet decides among scripts, by the pairs of letters that languages have. Among the Latin code
pages, which differ in a few letters only, the language of each reading decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from converters.language import identify_language

# Fewer candidates make short texts come out right more often; these are what old files are in.
_CANDIDATES = (
    "gb18030", "big5hkscs", "cp932", "euc_jis_2004", "cp949", "koi8-r", "cp1251", "cp866", "cp1253",
    "cp1255", "cp1256", "iso8859-6", "cp874", "cp1252",
)  # fmt: skip
# What Chinese has none of, and Japanese hardly a line without.
_KANA = re.compile("[\u3041-\u3093\u30a1-\u30f6]")
_MIN_KANA = 0.15
# The Latin code pages and the languages that are written in them.
_LATIN = {
    "cp1252": "en de fr es pt it nl sv da no nb nn fi is ca gl eu af id ms ga oc la cy lb sw",
    "cp1250": "pl cs sk hu sl hr bs ro sq",
    "iso8859_2": "pl cs sk hu sl hr bs ro sq",
    "cp1254": "tr az",
    "cp1257": "lt lv et",
}
_LATIN_LANGUAGES = {encoding: frozenset(codes.split()) for encoding, codes in _LATIN.items()}
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_ASCII_LETTERS = re.compile(rb"[A-Za-z]+")
# A symbol inside a word: what a letter turns into when it's read in another code page.
_SYMBOL_IN_WORD = re.compile(r"[^\W\d_][^\w\s\x00-\x7f‘’‐-―·][^\W\d_]")
# Alphabets with capitals, of which each encoding has the other's small letters in their place.
_CASED = ("cp1251", "koi8-r", "cp866", "cp1253")
_SAMPLE_BYTES = 1 << 16
_WORD = 3
_LANGUAGE_SAMPLE_BYTES = 4000
_MIN_CONFIDENCE = 0.2


def guess_encoding(data: bytes) -> str:
    """The likeliest encoding of a text that isn't Unicode; a codec name of Python's."""
    sample = data[:_SAMPLE_BYTES]
    if _looks_latin(sample):
        return _latin_encoding(sample)
    best = _detected(sample, _CANDIDATES)
    if best == "cp1252" and _has_words(sample):
        # Much English around it, or commands: they say nothing about the rest.
        best = _detected(_ASCII_LETTERS.sub(b"", sample), _CANDIDATES[:-1])
    if best is None or best == "cp1252":
        return _latin_encoding(sample)
    # The libraries' names for Japanese are of wider sets, with other signs for some of its own.
    if best == "euc_jis_2004" or (best in ("gb18030", "cp866") and _has_kana(sample, "euc_jp")):
        return "euc_jp"
    if best != "cp949" and _has_kana(sample, "cp932"):
        return "cp932"
    return best


def _detected(sample: bytes, candidates: Sequence[str]) -> str | None:
    """The likeliest of the candidates; capitals are as likely as the same in small letters."""
    best, confidence = _asked(sample, candidates)
    for encoding in _CASED:
        small = _in_small_letters(sample, encoding)
        if small is not None:
            found, small_confidence = _asked(small, candidates)
            if found == encoding and small_confidence > confidence:
                best, confidence = found, small_confidence
    return best


def _asked(sample: bytes, candidates: Sequence[str]) -> tuple[str | None, float]:
    # Imported here: reading UTF-8, the common case, needs none of it.
    import chardet

    found = chardet.detect(sample, include_encodings=candidates, compat_names=False)
    return found["encoding"], found["confidence"]


def _in_small_letters(sample: bytes, encoding: str) -> bytes | None:
    """The sample so, where it's all capitals in that encoding."""
    try:
        text = sample.decode(encoding)
        letters = [char for char in text if char > "\x7f"]
        if any(map(str.islower, letters)) or not any(map(str.isupper, letters)):
            return None
        return text.lower().encode(encoding)
    except UnicodeError:
        return None


def _has_words(sample: bytes) -> bool:
    """Whether other letters than ASCII make words of their own, as in no Latin alphabet."""
    runs: list[bytes] = _HIGH_RUN.findall(sample)
    return 2 * sum(len(run) for run in runs if len(run) >= _WORD) > sum(map(len, runs))


def _has_kana(sample: bytes, encoding: str) -> bool:
    """Whether it's a text with the letters of Japanese in that encoding."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError as error:
        # The sample may end inside a character.
        if error.start < len(sample) - 2:
            return False
        text = sample[: error.start].decode(encoding)
    return len(_KANA.findall(text)) > _MIN_KANA * sum(char > "\x7f" for char in text)


def _looks_latin(sample: bytes) -> bool:
    """Whether most letters are ASCII and the others stand alone among them."""
    runs: list[bytes] = _HIGH_RUN.findall(sample)
    alone = sum(len(run) == 1 and run[0] >= 0xA0 for run in runs)
    letters = sum(map(len, _ASCII_LETTERS.findall(sample)))
    return 2 * alone >= len(runs) and letters >= sum(map(len, runs))


def _latin_encoding(sample: bytes) -> str:
    best: tuple[int, float, str] | None = None
    for encoding, languages in _LATIN_LANGUAGES.items():
        text = sample[:_LANGUAGE_SAMPLE_BYTES].decode(encoding, "replace")
        language, confidence = identify_language(text)
        if language not in languages or confidence < _MIN_CONFIDENCE:
            continue
        oddities = text.count("\ufffd") + len(_SYMBOL_IN_WORD.findall(text))
        # The margin keeps the commoner code page, which comes first, where they read alike.
        if best is None or (oddities, -confidence) < (best[0], -best[1] - 0.02):
            best = (oddities, confidence, encoding)
    return best[2] if best is not None else "cp1252"
