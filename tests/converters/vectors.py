"""The table of small files that every base converter is held to, run by the API and by the CLI.

A vector says what a file must give: words that are found and words that aren't, the title, the
kind, the language, and where a phrase stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Vector:
    """A file and what reading it must give; `at` maps a phrase to the locator's fields."""

    name: str
    data: bytes
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    at: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    title: str | None = None
    kind: str = "text"
    language: str | None = None
    converter: str = "text"


_ZH = (
    "会议记录：今天讨论了下季度的预算，并确定了新产品的发布日期。\n\n请在星期五之前把意见寄回来。\n"
)
_ZH_TW = (
    "會議記錄：今天討論了下一季的預算，並確定了新產品的發布日期。\n\n請在星期五之前把意見寄回來。\n"
)
_JA = "会議の記録です。来期の予算について話し合いました。\n\n金曜日までにご意見をお送りください。\n"
_KO = "회의 기록입니다. 다음 분기의 예산에 대해 이야기했습니다.\n\n금요일까지 의견을 보내 주세요.\n"
_RU = "Протокол собрания: обсудили бюджет на следующий квартал.\n\nПришлите отзывы до пятницы.\n"
_DE = (
    "Protokoll der Sitzung: Über das Budget für das nächste Quartal.\n\nRückmeldung bis Freitag.\n"
)
_FR = "Compte rendu de la réunion : le budget a été présenté.\n\nRéponse espérée dès vendredi.\n"
_AR = "محضر الاجتماع: ناقشنا ميزانية الربع القادم.\n\nيرجى إرسال الملاحظات قبل يوم الجمعة.\n"
_TH = "บันทึกการประชุม วันนี้เราคุยกันเรื่องงบประมาณ\n\nกรุณาส่งความเห็นภายในวันศุกร์\n"
_CS = "Zápis ze schůze: mluvili jsme o rozpočtu na příští čtvrtletí.\n\nPošlete připomínky.\n"
_PL = "Protokół z zebrania: omówiliśmy budżet na następny kwartał.\n\nProszę przesłać uwagi.\n"
_EL = "Πρακτικά της συνάντησης: συζητήσαμε τον προϋπολογισμό.\n\nΣτείλτε τα σχόλιά σας.\n"
_TR = "Toplantı tutanağı: gelecek çeyreğin bütçesini görüştük.\n\nGörüşlerinizi gönderin.\n"


def _encoded(name: str, text: str, encoding: str, language: str, phrase: str) -> Vector:
    return Vector(
        f"{name}.txt",
        text.encode(encoding),
        includes=tuple(line for line in text.split("\n") if line),
        excludes=("\ufffd", "\ufeff", "\0"),
        at={phrase: {"line_start": 3, "line_end": 3}},
        language=language,
    )


ENCODINGS = (
    _encoded("utf8", _ZH, "utf-8", "zh", "星期五"),
    _encoded("utf8-bom", _DE, "utf-8-sig", "de", "Freitag"),
    _encoded("utf16-bom", _RU, "utf-16", "ru", "пятницы"),
    _encoded("utf16-le", _DE, "utf-16-le", "de", "Freitag"),
    _encoded("utf16-be", _DE, "utf-16-be", "de", "Freitag"),
    _encoded("utf16-le-zh", _ZH, "utf-16-le", "zh", "星期五"),
    _encoded("utf16-be-zh", _ZH, "utf-16-be", "zh", "星期五"),
    _encoded("utf16-le-ar", _AR, "utf-16-le", "ar", "الجمعة"),
    _encoded("utf16-be-th", _TH, "utf-16-be", "th", "ศุกร์"),
    _encoded("utf32", _JA, "utf-32", "ja", "金曜日"),
    _encoded("gb18030", _ZH, "gb18030", "zh", "星期五"),
    _encoded("big5", _ZH_TW, "big5", "zh", "星期五"),
    _encoded("shift-jis", _JA, "shift_jis", "ja", "金曜日"),
    _encoded("iso2022", _JA, "iso2022_jp", "ja", "金曜日"),
    _encoded("euc-jp", _JA, "euc_jp", "ja", "金曜日"),
    _encoded("euc-kr", _KO, "euc_kr", "ko", "금요일"),
    _encoded("koi8-r", _RU, "koi8_r", "ru", "пятницы"),
    _encoded("cp1251", _RU, "cp1251", "ru", "пятницы"),
    _encoded("cp1252", _FR, "cp1252", "fr", "vendredi"),
    _encoded("latin-1", _DE, "latin-1", "de", "Freitag"),
    _encoded("cp1250", _CS, "cp1250", "cs", "připomínky"),
    _encoded("latin-2", _PL, "iso8859_2", "pl", "uwagi"),
    _encoded("cp1253", _EL, "cp1253", "el", "σχόλιά"),
    _encoded("cp1254", _TR, "cp1254", "tr", "Görüşlerinizi"),
    _encoded("cp1256", _AR, "cp1256", "ar", "الجمعة"),
    _encoded("tis-620", _TH, "tis_620", "th", "ศุกร์"),
)

TEXTS = (
    Vector(
        "crlf.txt", b"one\r\n\r\ntwo\r\nthree\r\n", at={"two": {"line_start": 3, "line_end": 4}}
    ),
    Vector("old-mac.txt", b"one\r\rtwo\rthree", at={"three": {"line_start": 3, "line_end": 4}}),
    Vector(
        "other-breaks.txt",
        "page\x0cbreak\u2028here\n\nnext".encode(),
        includes=("page break here",),
        at={"next": {"line_start": 3}},
    ),
    Vector(
        "controls.log",
        b"2024-01-02 started\x00\x00 the service \x1b[31mred\x07\n\nlast line\n" + b"\x00" * 500,
        includes=("[31mred",),
        excludes=("\x00", "\x1b", "\x07"),
    ),
    Vector("combining.txt", "Cafe\u0301 Mu\u0308ller".encode(), includes=("Café Müller",)),
    Vector("one-long-line.txt", b"word " * 200_000, includes=("word word",)),
    Vector("README", b"Read me first.\n", includes=("Read me first.",)),
    Vector("no-suffix-at-all", b"Just text.\n", includes=("Just text.",)),
    Vector(
        "damaged-utf8.txt",
        ("Grüße aus München und Köln, schöne Tage. " * 20).encode() + b"\xff end",
        includes=("Grüße aus München", "end"),
        language="de",
    ),
)

MARKUPS = (
    Vector(
        "note.md",
        b"---\ntitle: The *real* title\ntags: [garden]\n---\n# Soil `pH`\n\nTest it.\n\n"
        b"## Lime\n\n```sh\n# not a heading\n```\n\n- one\n- two\n\nSet\n---\n\nEnd.\n",
        includes=("garden", "Soil `pH`", "# not a heading"),
        at={
            "Test it.": {"line_start": 7, "line_end": 7, "heading": ("Soil pH",)},
            "# not a heading": {"line_start": 11, "line_end": 13, "heading": ("Soil pH", "Lime")},
            "- two": {"line_start": 15, "line_end": 16},
            "End.": {"line_start": 21, "heading": ("Soil pH", "Set")},
        },
        title="The *real* title",
        converter="markdown",
    ),
    Vector(
        "toml-front.md",
        b'+++\ntitle = "From TOML"\n+++\nText.\n\n[ref]: https://example.org/kept\n',
        includes=("https://example.org/kept",),
        at={"Text.": {"line_start": 4}},
        title="From TOML",
        converter="markdown",
    ),
    Vector(
        "中文.md",
        "# 园艺笔记\n\n## 土壤\n\n先测试土壤的酸碱度，然后再决定要不要加石灰。\n".encode(),
        at={"酸碱度": {"line_start": 5, "heading": ("园艺笔记", "土壤")}},
        title="园艺笔记",
        language="zh",
        converter="markdown",
    ),
    Vector(
        "manual.rst",
        b"=====\nTitle\n=====\n\nIntro.\n\nUse\n---\n\nLike this.\n\n====  ====\na     b\n"
        b"====  ====\n\n"
        b"More ``code``\n~~~~~~~~~~~~~\n\nDeep.\n\nLast\n----\n\nEnd.\n",
        at={
            "Like this.": {"line_start": 10, "heading": ("Title", "Use")},
            "a     b": {"heading": ("Title", "Use")},
            "Deep.": {"heading": ("Title", "Use", "More code")},
            "End.": {"heading": ("Title", "Last")},
        },
        title="Title",
        converter="markup",
    ),
    Vector(
        "manual.adoc",
        b"= Title\n\nIntro.\n\n== Use\n\n----\n== not a heading\n----\n\nEnd.\n",
        at={
            "not a heading": {"line_start": 7, "line_end": 9, "heading": ("Title", "Use")},
            "End.": {"line_start": 11, "heading": ("Title", "Use")},
        },
        title="Title",
        converter="markup",
    ),
    Vector(
        "todo.org",
        b"#+TITLE: Plans\n* TODO [#A] Garden :home:\nDig.\n** Beds\n"
        b"#+begin_src sh\n* no\n#+end_src\n",
        at={
            "Dig.": {"line_start": 3, "heading": ("Garden",)},
            "* no": {"heading": ("Garden", "Beds"), "line_start": 5},
        },
        title="Plans",
        converter="markup",
    ),
    Vector(
        "paper.tex",
        b"\\documentclass{article}\n\\title{On \\emph{Soil}}\n\\begin{document}\n"
        b"\\section{Lime {and} Sand}\n\\label{x}\nText.\n"
        b"\\subsection*{Why}\nEnd.\n\\end{document}\n",
        at={
            "Text.": {"heading": ("Lime and Sand",)},
            "End.": {"line_start": 7 + 1, "heading": ("Lime and Sand", "Why")},
        },
        title="On Soil",
        converter="markup",
    ),
    Vector(
        "dig.1",
        b'.\\" comment\n.TH DIG 1 2024\n.SH NAME\ndig \\- dig a \\fIhole\\fP\n.SH OPTIONS\n'
        b".TP\n.B \\-d\nDeeper.\n",
        includes=("dig - dig a hole",),
        excludes=("comment", "\\f"),
        at={"Deeper.": {"heading": ("OPTIONS",)}},
        title="DIG(1)",
        converter="markup",
    ),
    Vector(
        "app.log.1", b"first line\nsecond line\n", includes=("second line",), converter="markup"
    ),
    Vector(
        "page.wiki",
        b"== Soil ==\nText.\n=== Lime ===\nEnd.\n",
        at={"End.": {"line_start": 4, "heading": ("Soil", "Lime")}},
        title="Soil",
        converter="markup",
    ),
)

_PAGE = """<!doctype html><html lang="es-MX"><head><title> La  huerta </title>
<style>.x{color:red}</style></head><body>
<nav><ul><li><a href="#">Inicio del sitio</a></li></ul></nav>
<main><h1>El <em>suelo</em></h1><p>Primero<br>la tierra &amp; el agua.</p>
<h2>Cal</h2><ul><li>una<ul><li>dentro</li></ul></li><li><p>dos</p></li></ul>
<table><tr><th>A</th><th>B</th></tr><tr><td><p>1</p></td><td>2</td></tr></table>
<pre>code
  here</pre><dl><dt>pala<dd>herramienta</dl> suelto <b>texto</b> final
<script>alert("no")</script><p hidden>oculto</p></main><footer>Derechos reservados</footer>
</body></html>"""

PAGES = (
    Vector(
        "page.html",
        _PAGE.encode(),
        includes=(
            "Primero\nla tierra & el agua.",
            "- una\n  - dentro\n- dos",
            "A | B\n1 | 2",
            "code\n  here",
            "- pala\n  herramienta",
            "suelto texto final",
        ),
        excludes=("Inicio del sitio", "alert", "color:red", "oculto", "Derechos"),
        at={"Primero": {"heading": ("El suelo",)}, "- dos": {"heading": ("El suelo", "Cal")}},
        title="La huerta",
        kind="web",
        language="es",
        converter="html",
    ),
    Vector(
        "sjis.htm",
        '<html><head><meta charset="Shift_JIS"><title>庭</title></head><body><h1>土</h1>'
        "<p>まず土の酸度を調べて、それから石灰をまきます。</p></body></html>".encode("shift_jis"),
        includes=("石灰をまきます",),
        at={"石灰": {"heading": ("土",)}},
        title="庭",
        kind="web",
        language="ja",
        converter="html",
    ),
    Vector(
        "template-says-en.html",
        '<html lang="en"><title>Сад</title><body><p>Сначала проверьте кислотность почвы, потом '
        "решайте, нужна ли известь.</p></body></html>".encode(),
        includes=("нужна ли известь",),
        title="Сад",
        kind="web",
        language="ru",
        converter="html",
    ),
    Vector(
        "only-a-menu.html",
        b"<body><nav><a href=/a>Alpha</a> <a href=/b>Beta</a></nav></body>",
        includes=("Alpha", "Beta"),
        kind="web",
        converter="html",
    ),
    Vector(
        "unnamed",
        b"\n<!-- saved -->\n<html><title>By content</title><p>Found by its first bytes.</p></html>",
        includes=("Found by its first bytes.",),
        title="By content",
        kind="web",
        converter="html",
    ),
    Vector(
        "saved.mhtml",
        b"From: <Saved by a browser>\r\nSubject: Saved page\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: text/html; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<html><body><h1>=DCber uns</h1><p>Wir g=E4rtnern gern am Wochenende.</p></body></html>"
        b"\r\n--b\r\nContent-Type: image/png\r\n\r\nxx\r\n--b--\r\n",
        includes=("Wir gärtnern gern am Wochenende.",),
        at={"Wir": {"heading": ("Über uns",)}},
        title="Über uns",
        kind="web",
        language="de",
        converter="mhtml",
    ),
)

CODE = (
    Vector(
        "shop.py",
        b"import os\n\n\n# A basket.\nclass Basket:\n    def total(self):\n        return 1\n",
        at={
            "import os": {"line_start": 1, "symbol": None},
            "# A basket.": {"line_start": 4, "line_end": 5, "symbol": "Basket"},
            "return 1": {"line_start": 6, "symbol": "Basket.total"},
        },
        kind="code",
        converter="code",
    ),
    Vector(
        "script-without-suffix",
        b"#!/usr/bin/env python3\ndef main():\n    pass\n",
        at={"pass": {"symbol": "main"}},
        kind="code",
        converter="code",
    ),
    Vector(
        "unknown.visualbasic.vb",
        b"Sub Main()\nEnd Sub\n",
        at={"End Sub": {"line_start": 1, "symbol": None}},
        kind="code",
        converter="code",
    ),
)

VECTORS = (*ENCODINGS, *TEXTS, *MARKUPS, *PAGES, *CODE)
