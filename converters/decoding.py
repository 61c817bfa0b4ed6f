"""From the bytes of a text file to clean text: which encoding is it, and is it text at all."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from converters.cleaning import clean_text
from localsearch.types import NoTextError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # UTF-32's little-endian mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
# Escape sequences that nothing but these encodings has.
_ISO_2022 = ((b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"))
# What people's old files are in. Fewer candidates make short texts come out right more often.
_LEGACY = [
    "gb18030", "big5", "cp932", "euc_jp", "cp949", "koi8_r", "cp1251", "cp866", "cp1252", "cp1250",
    "iso8859_2", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "tis_620",
]  # fmt: skip
_SAMPLE_BYTES = 1 << 18
# Below this share of broken sequences a file is UTF-8 that was damaged, not another encoding.
_DAMAGED_UTF8 = 0.05


@dataclass(frozen=True, slots=True)
class Decoded:
    """Clean text and the name of the encoding that its file was in."""

    text: str
    encoding: str


def decode(data: bytes, *, declared: str | None = None) -> Decoded:
    """Decode and clean the bytes of a text; `declared` is what the file says its encoding is.

    Raises NoTextError where the bytes aren't text.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding)
    for escape, encoding in _ISO_2022:
        if escape in data[:_SAMPLE_BYTES]:
            return _decoded(data, encoding)
    if b"\0" in data[:_SAMPLE_BYTES] or (declared is None and _maybe_utf16(data)):
        wide = _unmarked_utf16(data)
        if wide is not None:
            return _decoded(data, wide)
    if _is_binary(data):
        raise NoTextError("binary file, found by name only")
    try:
        return Decoded(clean_text(data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError:
        pass
    encoding = _usable(declared) or _guess(data)
    return _decoded(data, encoding)


def _decoded(data: bytes, encoding: str) -> Decoded:
    return Decoded(clean_text(data.decode(encoding, "replace")), encoding)


def _usable(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        codec = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return None
    # The web's rule: what calls itself Latin-1 is Windows-1252. "utf-8" didn't decode before.
    if codec.name in ("iso8859-1", "ascii"):
        return "cp1252"
    return codec.name if codec._is_text_encoding and codec.name != "utf-8" else None


def _is_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE_BYTES]
    controls = sum(sample.count(bytes((code,))) for code in range(32) if code not in _TEXT_CONTROLS)
    # NUL doesn't occur in text; other controls do (terminal recordings), as a small part of it.
    return b"\0" in sample or controls > len(sample) // 20


_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x0b\x1b\x08")


def _maybe_utf16(data: bytes) -> bool:
    """Whether bytes without NUL may be UTF-16: all Chinese, say, without a space or a digit."""
    if len(data) < 4 or len(data) % 2:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # Where all of it is CJK ideographs or kana, each high byte lies in 0x30 … 0x9F.
        return all(0x30 <= high <= 0x9F for high in data[1:512:2]) or all(
            0x30 <= high <= 0x9F for high in data[0:512:2]
        )
    return False


def _unmarked_utf16(data: bytes) -> str | None:
    """The byte order of UTF-16 without a mark, or None where it isn't UTF-16."""
    sample = data[: min(len(data), 1 << 16) & ~1]
    best: tuple[float, str] | None = None
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError as error:
            # The sample may end between the halves of a pair; anything before that is an error.
            if error.start < len(sample) - 2:
                continue
            text = sample[: error.start].decode(encoding)
        oddness = _oddness(text)
        if best is None or oddness < best[0]:
            best = (oddness, encoding)
    if best is None or best[0] > 0.1:
        return None
    return best[1]


def _oddness(text: str) -> float:
    """The share of characters that no text has, and of changes from script to script."""
    if not text:
        return 1.0
    wrong = sum(not (char.isprintable() or char in "\t\r\n\u200b\u200c\u200d") for char in text)
    pages = [ord(char) >> 8 for char in text if char.isalpha()]
    # Latin letters read in the wrong byte order become CJK and other blocks by turns.
    alphabets = sum(1 for page in set(pages) if not 0x30 <= page <= 0xD7) / max(8, len(pages))
    return wrong / len(text) + alphabets


def _guess(data: bytes) -> str:
    if _is_damaged_utf8(data[:_SAMPLE_BYTES]):
        return "utf-8"
    # Imported here: reading UTF-8, the common case, needs none of it.
    import charset_normalizer

    best = charset_normalizer.from_bytes(data[:_SAMPLE_BYTES], cp_isolation=_LEGACY).best()
    return best.encoding if best is not None else "cp1252"


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(char > "\x7f" for char in text) - broken
    return broken <= max(1, whole * _DAMAGED_UTF8) and whole >= 4
