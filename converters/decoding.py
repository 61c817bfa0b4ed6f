"""From the bytes of a text file to clean text: which encoding is it, and is it text at all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
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
# The web's rule: who declares the left one writes the right one (encoding.spec.whatwg.org).
_SUPERSETS = {
    "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030",
    "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
    "tis-620": "cp874", "iso8859-11": "cp874",
}  # fmt: skip
# Python's own notations; and the two that a text isn't in which got as far as its declaration.
_UNTRUE = frozenset(
    ("utf-8", "ascii", "idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape")
)
_LETTERS = b"AZaz09<\n"
_LATIN_1 = ("cp1252", "iso8859-15")
_LATIN = ("cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257")
_SAMPLE_BYTES = 1 << 18
_DECLARATION_BYTES = 500
_DECLARATION = re.compile(
    rb"(?:\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']"
    rb"|(?:[^\n]*\n)?[ \t\f]*(?:#|//|;|--|%|/\*|\.\\\")[^\n]*?\bcoding[:=][ \t]*"
    rb"|@charset [\"'])([A-Za-z0-9._-]+)"
)
_HALVES = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_LEADING_BYTES = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_MIN_SEQUENCES = 4
# Longer than any that UTF-16 has, of text that isn't all empty.
_LONG_HOLE = re.compile(rb"\0{16,}")
_UNPRINTED = "\t\r\n\u200b\u200c\u200d\u200e\u200f\u3000\xa0"
# U+4E00 is the character for "one", U+3000 the Chinese space.
_ROUND = "\u4e00\u3000"
_ONLY_CJK = re.compile("[\u2014-\u2026\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]+")
_CJK_SIGNS = re.compile("[\u3001\u3002\u3042-\u30fc\uff0c]")
_USUAL_ALPHABETS = 4
_UTF16_SAMPLE_BYTES = 1 << 12
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
    if b"\0" in data[:_SAMPLE_BYTES] and _is_text_with_holes(data[:_SAMPLE_BYTES]):
        return _decoded(data, "utf-8")
    if b"\0" in data[:_SAMPLE_BYTES] and (wide := _unmarked_utf16(data)) is not None:
        return _decoded(data, wide)
    if not declared and (wide := _unspaced_utf16(data)) is not None:
        return _decoded(data, wide)
    if _is_binary(data):
        raise NoTextError("binary file, found by name only")
    try:
        return Decoded(clean_text(data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError:
        pass
    if (nearly := _with_halves(data) or _line_by_line(data)) is not None:
        return nearly
    return _decoded(data, _told(data, (declared, _written_in(data))) or _guess(data))


def _told(data: bytes, names: Iterable[str | None]) -> str | None:
    """The encoding that a text is said to be in, where its bytes don't say otherwise."""
    encoding = next((each for name in names if (each := _usable(name)) and _fits(data, each)), None)
    if encoding in _LATIN_1:
        # All bytes are letters in these, and programs write the name whatever the text is.
        guessed = _guess(data)
        return encoding if guessed in _LATIN else guessed
    return encoding


def _fits(data: bytes, encoding: str) -> bool:
    try:
        # Not the last piece: reading may have ended inside a character.
        codecs.getincrementaldecoder(encoding)().decode(data)
    except (LookupError, UnicodeError):
        return False
    return True


def _written_in(data: bytes) -> str | None:
    """The encoding that a text names in its first lines, as XML, source code and CSS may."""
    found = _DECLARATION.match(data[:_DECLARATION_BYTES])
    # What comes this far isn't in Unicode, whatever it says.
    if found is None or found[1].lower().startswith((b"utf", b"ucs")):
        return None
    return found[1].decode("ascii")


def _with_halves(data: bytes) -> Decoded | None:
    """UTF-8 from a program that writes each half of a character as one of its own."""
    if _HALVES.search(data) is None:
        return None
    try:
        return Decoded(clean_text(data.decode("utf-8", "surrogatepass")), "utf-8")
    except UnicodeDecodeError:
        return None


def _line_by_line(data: bytes) -> Decoded | None:
    """A text whose lines come from several sources, UTF-8 most of them; None for all others."""
    lines = data.split(b"\n")
    odd = {}
    valid = sequences = 0
    for row, line in enumerate(lines):
        if line.isascii():
            continue
        try:
            # Old encodings seldom make a line of valid UTF-8 by chance.
            sequences += len(_LEADING_BYTES.findall(line))
            line.decode("utf-8")
            valid += 1
        except UnicodeDecodeError:
            odd[row] = line
    if not odd or valid < max(2, 2 * len(odd)) or sequences < _MIN_SEQUENCES:
        return None
    if _is_damaged_utf8(b"\n".join(odd.values())[:_SAMPLE_BYTES]):
        return None
    encoding = _guess(b"\n".join(odd.values()))
    return Decoded(
        clean_text(
            "\n".join(
                line.decode(encoding if row in odd else "utf-8", "replace")
                for row, line in enumerate(lines)
            )
        ),
        "utf-8",
    )


def _decoded(data: bytes, encoding: str) -> Decoded:
    return Decoded(clean_text(data.decode(encoding, "replace")), encoding)


def _usable(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        codec = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return None
    # Codecs that aren't encodings (base64) don't make text of bytes.
    if codec.name in _UNTRUE or not codec._is_text_encoding:
        return None
    # A declaration that could be read isn't in an encoding where letters are other bytes.
    moved = codec.decode(_LETTERS, "replace")[0] != _LETTERS.decode()
    if moved and not codec.name.startswith("utf-"):
        return None
    return _SUPERSETS.get(codec.name, codec.name)


def _is_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE_BYTES]
    controls = sum(sample.count(bytes((code,))) for code in range(32) if code not in _TEXT_CONTROLS)
    # NUL doesn't occur in text; other controls do (terminal recordings), as a small part of it.
    return b"\0" in sample or controls > len(sample) // 20


def _is_text_with_holes(sample: bytes) -> bool:
    """Whether the NULs are what a power cut leaves in a log, or a stray one in ASCII text."""
    written = _LONG_HOLE.sub(b"", sample).rstrip(b"\0")
    rest = written.replace(b"\0", b"")
    shown = sum(map(len, _PRINTABLE.findall(rest)))
    return len(rest) >= 0.8 * len(written) and shown >= 0.95 * len(rest) > 0


_PRINTABLE = re.compile(rb"[\t\r\n -~]+")
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x0b\x1b\x08")


def _unmarked_utf16(data: bytes) -> str | None:
    """The byte order of UTF-16 without a mark, or None where it isn't UTF-16."""
    sample = data[: min(len(data), _UTF16_SAMPLE_BYTES) & ~1]
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


def _unspaced_utf16(data: bytes) -> str | None:
    """The byte order of Chinese or Japanese in UTF-16 without a single space, digit or line break.

    Such text has no NUL; it shows in its full stops, commas and kana, all in CJK's own blocks.
    """
    sample = data[:_UTF16_SAMPLE_BYTES]
    if len(sample) < 8 or len(sample) % 2:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, "replace")
        if _ONLY_CJK.fullmatch(text) and len(_CJK_SIGNS.findall(text)) * 40 >= len(text):
            return encoding
    return None


def _oddness(text: str) -> float:
    """The share of characters that text in the right byte order doesn't have."""
    if not text:
        return 1.0
    odd = sum(not (char.isprintable() or char in _UNPRINTED) for char in text)
    # Latin letters and line breaks have a zero byte, which the wrong order makes the lower one.
    odd += sum(ord(char) & 0xFF == 0 and char not in _ROUND for char in text)
    # Chinese in the wrong order scatters over all alphabets; text has few, and CJK on top.
    pages = {ord(char) >> 8 for char in text if char.isalpha()}
    alphabets = sum(not 0x30 <= page <= 0xD7 for page in pages)
    return (odd + max(0, alphabets - _USUAL_ALPHABETS)) / len(text)


def _guess(data: bytes) -> str:
    if _is_damaged_utf8(data[:_SAMPLE_BYTES]):
        return "utf-8"
    # Imported here: reading UTF-8, the common case, needs none of it.
    from converters.encodings import guess_encoding

    return guess_encoding(data)


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(char > "\x7f" for char in text) - broken
    return broken <= max(1, whole * _DAMAGED_UTF8) and whole >= 4
