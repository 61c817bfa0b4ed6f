"""Old encodings: short everyday texts come out as they were written, in nearly all cases."""

from __future__ import annotations

import pytest

from converters.decoding import decode
from tests.converters.everyday_words import ENCODINGS, samples

_SAMPLES = 300
# Of 300; a few are right in either of two encodings, such as two Chinese words in EUC-JP.
_AT_LEAST = {
    "gb18030": 290, "big5": 296, "cp932": 295, "euc_jp": 292, "cp949": 294, "cp1251": 295,
    "koi8_r": 288, "cp866": 297, "cp1253": 283, "cp1255": 276, "cp1256": 293, "tis_620": 292,
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
        ("big5", "牛奶"),
        ("cp932", "東京"),
        ("cp932", "売上 100円"),
        ("cp932", "ﾔﾏﾀﾞ ﾀﾛｳ,ﾄｳｷﾖｳﾄ ﾐﾅﾄｸ,03-1234\nｽｽﾞｷ ﾊﾅｺ,ｵｵｻｶｼ,06-1111"),
        ("cp932", "ﾀﾅｶ ﾀﾛｳ"),
        ("cp932", "ﾔﾏﾀﾞ ﾀﾛｳ"),
        (
            "euc_jp",
            "株式会社山田製作所 東京都千代田区丸の内1-1-1 代表取締役 山田太郎 営業部長 鈴木一郎",
        ),
        ("euc_jp", "氏名,住所,電話番号\n山田太郎,東京都港区赤坂,03-1\n鈴木花子,大阪市北区,06-1\n"),
        ("cp949", "홍길동"),
        ("cp949", "김영희"),
        ("cp932", "カタカナ"),
        ("euc_jp", "ひらがな"),
        ("cp949", "안녕하세요 ㅋㅋㅋ"),
        ("cp949", "이름,전화\n김민수,010-1234-5678\n"),
        ("cp1251", "ВНИМАНИЕ! ПРОТОКОЛ № 5"),
        ("koi8_r", "привет"),
        ("cp866", "Привет, мир"),
        *(("cp866", text) for text in ("Вода", "Вид: до 5\nГод: 2020", "Где Ваня", "Вход", "Вера")),
        ("cp1251", "Здравейте"),
        ("cp1251", "Добър ден"),
        ("cp1253", "Ήλιος"),
        *(("cp1256", text) for text in ("پاکستان", "پدر", "چهار", "پرسپوليس تهران")),
        ("cp1253", "ΠΡΟΣΟΧΗ: ΚΛΕΙΣΤΟ"),
        ("cp1255", "שלום"),
        ("cp1256", "مرحبا"),
        ("tis_620", "สวัสดีครับ ขอบคุณครับ"),
        ("cp1252", "naïve – “quote”"),
        ("cp1252", "Größe"),
        *(
            ("cp1252", text)
            for text in ("100 €", "€ 5", "§ 1\n§ 2", "25 £\n30 £", "3 × 4 = 12; ± 2")
        ),
        *((encoding, "Zażółć gęślą jaźń") for encoding in ("cp1250", "iso8859_2")),
        ("cp1250", "PŘÍLIŠ ŽLUŤOUČKÝ"),
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


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("iso8859_2", '<?xml version="1.0" encoding="iso-8859-2"?>\n<a>Žaba</a>\n'),
        ("big5", "<?xml version='1.0' encoding='Big5' ?>\n<a>會議</a>\n"),
        ("mac_cyrillic", '<?xml version="1.0" encoding="MacCyrillic"?>\n<a>Вода</a>\n'),
        ("euc_jp", "#!/usr/bin/perl\n# -*- coding: euc-jp -*-\n# 会議\n"),
        ("iso8859_15", "// coding: iso-8859-15\n// 5 €\n"),
        ("cp1250", '@charset "windows-1250";\na { content: "ž" }\n'),
        # What they say can't be so: it's guessed.
        ("cp1252", '<?xml version="1.0" encoding="UTF-16"?>\n<a>Größe und Länge</a>\n'),
        ("cp1252", '<?xml version="1.0" encoding="no such"?>\n<a>Größe und Länge</a>\n'),
    ],
)
def test_what_a_text_says_of_its_encoding_is_believed(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    "name",
    ["idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "cp500", "cp424"],
)
def test_codecs_that_a_text_cant_be_in_are_not_believed(name: str) -> None:
    text = f"# coding: {name}\n# Größe und Länge in C:\\new\\u0041\n"
    assert decode(text.encode("cp1252")).text == text
    assert decode(text.encode("cp1252"), declared=name).text == text


_TEXTS = {
    "ru": "Это обычный русский текст, который лежит в файле с разными словами.\n",
    "ja": "日本語のテキストです。これは普通の文章です。\n",
    "pl": "Zażółć gęślą jaźń, czyli zwykły tekst po polsku.\n",
}


@pytest.mark.parametrize(
    ("language", "encoding", "declared"),
    [
        ("ru", "cp1251", "iso-8859-1"),
        ("ja", "cp932", "iso-8859-1"),
        ("ja", "cp932", "windows-1252"),
        ("pl", "cp1250", "us-ascii"),
        ("ru", "koi8_r", "ascii"),
        ("ja", "cp932", "ascii"),
        ("ja", "cp932", "euc-jp"),
    ],
)
def test_what_a_text_says_of_its_encoding_is_checked(
    language: str, encoding: str, declared: str
) -> None:
    text = f"<?xml version='1.0' encoding='{declared}'?>\n{_TEXTS[language] * 3}"
    assert decode(text.encode(encoding)).text == text
    assert decode(text.encode(encoding), declared=declared).text == text


def test_a_declared_text_may_end_inside_a_character() -> None:
    text = "# coding: shift_jis\n# 会議ｶｲｷﾞ"
    assert decode(text.encode("cp932")[:-3]).encoding == "cp932"
    assert decode(text.encode("cp932") + b"\x89").text.startswith(text)
