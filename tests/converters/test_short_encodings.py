"""Short texts in the encodings of old programs: tables, subtitles and logs of a few lines."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import pytest

from converters.decoding import decode

# A list as people keep them: names, places, a word or two of remarks.
_ROWS: Mapping[str, Sequence[Sequence[str]]] = {
    "zh": [["姓名", "城市", "电话"], ["张伟", "北京", "13800138000"],
           ["李娜", "上海", "13912345678"]],
    "zh-tw": [["姓名", "城市", "電話"], ["陳美玲", "臺北", "0912345678"],
           ["林志明", "高雄", "0987654321"]],
    "ja": [["氏名", "都市", "電話"], ["佐藤さくら", "東京", "03-1234"],
           ["鈴木はなこ", "大阪", "06-5678"]],
    "ko": [["이름", "도시", "전화"], ["김민수", "서울", "02-1234"],
           ["이영희", "부산", "051-5678"]],
    "ru": [["имя", "город", "телефон"], ["Анна Петрова", "Москва", "495-1234"],
           ["Иван Сидоров", "Казань", "843-5678"]],
    "de": [["Name", "Stadt", "Bemerkung"], ["Jörg Müller", "München", "zahlt später"],
           ["Käthe Groß", "Köln", "bitte zurückrufen"]],
    "fr": [["nom", "ville", "remarque"], ["René Lefèvre", "Besançon", "déjà payé"],
           ["Zoë Château", "Orléans", "à rappeler"]],
    "es": [["nombre", "ciudad", "nota"], ["José Núñez", "Málaga", "llamará mañana"],
           ["Begoña Ibáñez", "León", "pagó aquí"]],
}  # fmt: skip
_SENTENCES: Mapping[str, Sequence[str]] = {
    "zh": ["你好，今天我们去哪里？", "我想去北京看长城。"],
    "zh-tw": ["你好，今天我們去哪裡？", "我想去臺北看電影。"],
    "ja": ["こんにちは、今日はどこへ行きますか。", "東京へ行きたいです。"],
    "ko": ["안녕하세요, 오늘 어디에 가요?", "서울에 가고 싶어요."],
    "ru": ["Привет, куда мы идём сегодня?", "Я хочу поехать в Москву."],
    "de": ["Grüß dich, wohin gehen wir heute?", "Ich möchte nach München fahren, natürlich."],
    "fr": ["Où allons-nous aujourd’hui ?", "J’ai déjà été à Besançon l’été passé."],
    "es": ["¿Adónde vamos mañana?", "Quiero ir a Málaga otra vez, señor."],
}
_ENCODINGS: Mapping[str, Sequence[str]] = {
    "zh": ["gb18030", "utf-16", "utf-16-le", "utf-16-be"],
    "zh-tw": ["big5", "utf-16", "utf-16-le", "utf-16-be"],
    "ja": ["shift_jis", "euc_jp", "utf-16", "utf-16-le", "utf-16-be"],
    "ko": ["euc_kr", "utf-16", "utf-16-le", "utf-16-be"],
    "ru": ["koi8_r", "cp1251", "cp866", "utf-16", "utf-16-le", "utf-16-be"],
    "de": ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"],
    "fr": ["cp1252", "utf-16", "utf-16-le", "utf-16-be"],
    "es": ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"],
}


def _table(delimiter: str) -> Callable[[str], str]:
    return lambda language: "".join(delimiter.join(row) + "\r\n" for row in _ROWS[language])


def _subtitles(language: str) -> str:
    return "\n".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{said}\n"
        for n, said in enumerate(_SENTENCES[language], start=1)
    )


def _log(language: str) -> str:
    return "".join(
        f"2024-05-0{n} 12:00:0{n} [INFO] app.main - {said}\n"
        for n, said in enumerate(_SENTENCES[language], start=1)
    )


def _note(language: str) -> str:
    return " ".join(_SENTENCES[language])


_FORMS = {"csv": _table(","), "tsv": _table("\t"), "srt": _subtitles, "log": _log, "txt": _note}
_CASES = [
    (form, language, encoding)
    for form, language in itertools.product(_FORMS, _ENCODINGS)
    for encoding in _ENCODINGS[language]
]


@pytest.mark.parametrize(("form", "language", "encoding"), _CASES)
def test_short_texts_are_read_as_what_they_are(form: str, language: str, encoding: str) -> None:
    text = _FORMS[form](language)
    data = text.encode(encoding, "replace")
    assert decode(data).text == text.replace("\r\n", "\n").replace("’", _apostrophe(encoding))


def _apostrophe(encoding: str) -> str:
    return "?" if encoding in ("latin-1", "koi8_r") else "’"
