"""Old encodings: short everyday texts come out as they were written, in nearly all cases."""

from __future__ import annotations

import pytest

from converters.decoding import decode
from tests.converters.everyday_words import ENCODINGS, samples

_SAMPLES = 300
# Of 300; a few are right in either of two encodings, such as two Chinese words in EUC-JP.
_AT_LEAST = {
    "gb18030": 290, "big5": 295, "cp932": 293, "euc_jp": 245, "cp949": 293, "cp1251": 294,
    "koi8_r": 284, "cp866": 296, "cp1253": 274, "cp1255": 272, "cp1256": 291, "tis_620": 292,
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "encoding"),
    [(language, encoding) for language in ENCODINGS for encoding in ENCODINGS[language]],
)
def test_short_everyday_texts(language: str, encoding: str) -> None:
    texts = list(samples(language, _SAMPLES))
    wrong = [text for text in texts if decode(text.encode(encoding)).text != text]
    assert len(texts) - len(wrong) >= _AT_LEAST[encoding], wrong[:5]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r", "cp866", "cp1253"])
def test_short_texts_in_capitals(encoding: str) -> None:
    language = "el" if encoding == "cp1253" else "ru"
    texts = [text.upper() for text in samples(language, _SAMPLES)]
    # Without the letters that it has no capitals of.
    texts = [text.encode(encoding, "ignore").decode(encoding) for text in texts]
    wrong = [text for text in texts if decode(text.encode(encoding)).text != text]
    assert len(texts) - len(wrong) >= 275, wrong[:5]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "姓名,电话\n张伟,13800138000\n"),
        ("gb18030", "你好"),
        ("big5", "姓名,電話\n張偉,0912345678\n"),
        ("cp932", "カタカナ"),
        ("euc_jp", "ひらがな"),
        ("cp949", "안녕하세요 ㅋㅋㅋ"),
        ("cp949", "이름,전화\n김민수,010-1234-5678\n"),
        ("cp1251", "ВНИМАНИЕ! ПРОТОКОЛ № 5"),
        ("koi8_r", "привет"),
        ("cp866", "Привет, мир"),
        ("cp1253", "ΠΡΟΣΟΧΗ: ΚΛΕΙΣΤΟ"),
        ("cp1255", "שלום"),
        ("cp1256", "مرحبا"),
        ("tis_620", "สวัสดีครับ ขอบคุณครับ"),
        ("cp1252", "naïve – “quote”"),
        ("cp1252", "Größe"),
        ("cp1254", "Işıklar söndü, şimdi çağır"),
    ],
)
def test_single_lines(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)).text.strip() == text.strip()


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r", "cp866"])
def test_words_among_much_english_are_read_by_themselves(encoding: str) -> None:
    text = (
        "make: *** [all] Error 2: gcc -O2 -o program main.c\n"
        "ld: не найден файл libexample.so.2, проверьте путь\n"
        "make: Leaving directory /usr/src/program, see config.log for details\n"
    ) * 4
    assert decode(text.encode(encoding)).text == text
