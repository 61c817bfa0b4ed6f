"""Which of the encodings from before UTF-8 a text is in.

chardet decides among scripts, by the pairs of letters that languages have. Among the Latin code
pages, which differ in a few letters only, the language of each reading decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from converters.encoding_readings import (
    ASIAN,
    SAMPLE_BYTES,
    SYMBOL_IN_WORD,
    common_share,
    is_half_width_katakana,
    is_hangul,
    is_plausible,
    reading,
)
from converters.language import identify_language

# Fewer candidates make short texts come out right more often; these are what old files are in.
_CANDIDATES = (
    "gb18030", "big5hkscs", "cp932", "euc_jis_2004", "cp949", "koi8-r", "cp1251", "cp866", "cp1253",
    "cp1255", "cp1256", "iso8859-6", "cp874", "cp1252",
)  # fmt: skip
# The library's names for what Python calls otherwise, or has in a narrower form.
_NAMES = {"euc_jis_2004": "euc_jp", "koi8-r": "koi8_r", "iso8859-6": "iso8859_6"}
# Shares of common characters, and a confidence below which they say more.
_MUCH_COMMONER, _UNCOMMON, _UNSURE = 0.2, 0.4, 0.1
# In cp1252: the euro, dashes and quotation marks, § © ± ½ × and others, one by one.
_SIGN = re.compile(rb"[\x80\x85\x91-\x97\x99\xa0-\xa9\xab-\xb9\xbb-\xbf\xd7\xf7]")
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
# Alphabets with capitals, of which each encoding has the other's small letters in their place.
_CASED = ("cp1251", "koi8_r", "cp866", "cp1253")
_WORD = 3
_LANGUAGE_SAMPLE_BYTES = 4000
_MIN_CONFIDENCE = 0.2


def guess_encoding(data: bytes) -> str:
    """The likeliest encoding of a text that isn't Unicode; a codec name of Python's."""
    sample = data[:SAMPLE_BYTES]
    if _has_signs_only(sample):
        return "cp1252"
    if _looks_latin(sample):
        return _latin_encoding(sample)
    best = _likeliest(sample, _CANDIDATES)
    if best == "cp1252" and _has_words(sample):
        # Much English around it, or commands: they say nothing about the rest.
        best = _likeliest(sample, _CANDIDATES[:-1], words=_ASCII_LETTERS.sub(b"", sample))
    return _latin_encoding(sample) if best == "cp1252" else best


def _likeliest(sample: bytes, candidates: Sequence[str], words: bytes = b"") -> str:
    """The likeliest candidate, by `words` of the sample, whose reading has nothing against it."""
    found = _ranked(words or sample, candidates)
    readings = {name: reading(sample, name) for name in found}
    possible = [
        name for name, text in readings.items() if text is not None and is_plausible(text, name)
    ]
    if "iso8859_6" in possible and "cp1256" in possible:
        # Much of the wider one's Persian and Urdu is nothing in the narrow one.
        possible.remove("iso8859_6")
    best = possible[0] if possible else "cp1252"
    if best not in ASIAN and is_half_width_katakana(sample) and reading(sample, "cp874") is None:
        return "cp932"
    return _by_characters(sample, best, found.get(best, 0.0))


def _by_characters(sample: bytes, best: str, confidence: float) -> str:
    """Another encoding of Chinese, Japanese or Korean, where its reading is of commoner ones."""
    share = {
        name: common_share(text, name)
        for name in ("gb18030", "euc_jp", "cp932")
        if (text := reading(sample, name)) is not None and is_plausible(text, name)
    }
    if best == "gb18030":
        korean = reading(sample, "cp949")
        if share.get("euc_jp", 0.0) > share.get(best, 0.0) + _MUCH_COMMONER:
            return "euc_jp"
        if korean is not None and is_hangul(korean) and share.get(best, 0.0) < _UNCOMMON:
            return "cp949"
    elif best not in ASIAN and confidence < _UNSURE:
        return next((name for name, each in share.items() if each == 1.0), best)
    return best


def _ranked(sample: bytes, candidates: Sequence[str]) -> dict[str, float]:
    """The candidates and how sure they are; capitals are as sure as the same in small letters."""
    found = _asked(sample, candidates)
    for encoding in _CASED:
        small = _in_small_letters(sample, encoding)
        if small is not None:
            asked = _asked(small, candidates)
            if asked and next(iter(asked)) == encoding:
                found[encoding] = max(found.get(encoding, 0.0), asked[encoding])
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _asked(sample: bytes, candidates: Sequence[str]) -> dict[str, float]:
    # Imported here: reading UTF-8, the common case, needs none of it.
    import chardet

    every = chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=candidates, compat_names=False
    )
    names = {each: _NAMES.get(each, each) for each in candidates}
    return {
        names[each["encoding"]]: each["confidence"] for each in every if each["encoding"] in names
    }


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


def _has_signs_only(sample: bytes) -> bool:
    """Whether what isn't ASCII is signs that stand alone: prices, paragraphs, quotations."""
    signs = [*_HIGH_RUN.finditer(sample)]
    return (
        bool(signs)
        and all(_SIGN.fullmatch(sign[0]) for sign in signs)
        and not any(
            _ASCII_LETTERS.match(sample, sign.end())
            or sample[sign.start() - 1 : sign.start()].isalpha()
            for sign in signs
        )
    )


def _has_words(sample: bytes) -> bool:
    """Whether other letters than ASCII make words of their own, as in no Latin alphabet."""
    runs: list[bytes] = _HIGH_RUN.findall(sample)
    return 2 * sum(len(run) for run in runs if len(run) >= _WORD) > sum(map(len, runs))


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
        oddities = text.count("\ufffd") + len(SYMBOL_IN_WORD.findall(text))
        # The margin keeps the commoner code page, which comes first, where they read alike.
        if best is None or (oddities, -confidence) < (best[0], -best[1] - 0.02):
            best = (oddities, confidence, encoding)
    return best[2] if best is not None else "cp1252"
