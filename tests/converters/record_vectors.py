"""The table for data, tables, subtitles and notebooks: what each file must give, and where."""

from __future__ import annotations

import json

from tests.converters.vectors import Vector

_PACKAGE = """{
  "name": "garden-planner",
  "version": "1.10",
  "keywords": ["soil", "土壤"],
  "scripts": {"build": "make all"}
}
"""
_PLACES = json.dumps(
    {"places": [{"name": f"محطة {n}", "at": {"lat": 30 + n, "lon": 31.25}} for n in range(60)]},
    ensure_ascii=False,
    indent=1,
)
_COMPOSE = """# What runs where.
name: shop
version: "3"

# The database keeps everything.
database:
  image: postgres
  ports:
    - 5432
  environment:
    user: ada
    locale: th_TH

cache:
  image: redis
  command: >
    redis-server
    --save 60 1
  # ไม่ต้องสำรองข้อมูล
  volumes: []
"""
_PROJECT = """title = "Planner"

# Who may ship it.
[project]
name = "planner"
authors = ["Ngô Thị Hoa"]
text = '''
[not.a.table]
'''
urls = {}
more = 1

[[project.servers]]
ip = "10.0.0.1"
"""
_NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# 分析\n", "\n", "先读取数据。\n", "## Plot\n"]},
        {
            "cell_type": "code",
            "source": "df = load()\nplot(df)",
            "outputs": [
                {"output_type": "stream", "text": ["42 rows\n"]},
                {"output_type": "error", "ename": "KeyError", "evalue": "'sum'"},
                {"data": {"image/png": "iVBORw0KGgo=", "text/plain": ["<Figure>"]}},
            ],
        },
    ],
    "nbformat": 4,
}
_VTT = """WEBVTT - talk

STYLE
::cue { color: red }

intro
00:01.000 --> 00:04.000 align:start
<v Ana>Bonjour &amp; <i>bienvenue</i></v>

NOTE not said

00:05.500 --> 01:00:07.250
ยินดีต้อนรับ
ทุกคน
"""
_ASS = r"""[Script Info]
Title: Talk
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:03.00,Default,Bo,0,0,0,,{\pos(1,2)}Hello\Nthere
Comment: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,never shown
"""

DATA = (
    Vector(
        "package.json",
        _PACKAGE.encode(),
        includes=("version: 1.10", "keywords: soil, 土壤", "scripts.build: make all"),
        excludes=("{", '"'),
        at={"soil": {"line_start": 2, "line_end": 5}},
        title="garden-planner",
        kind="data",
        converter="json",
    ),
    Vector(
        "places.json",
        _PLACES.encode(),
        includes=("name: محطة 7; at.lat: 37; at.lon: 31.25",),
        at={
            "محطة 0;": {"line_start": 3, "heading": ("places",)},
            "محطة 59": {"line_end": 422, "heading": ("places",)},
        },
        kind="data",
        converter="json",
    ),
    Vector(
        "tsconfig.json",
        b'{\n  // Comments are usual here.\n  "strict": true, /* and here */\n'
        b'  "lib": ["es2022"],\n}\n',
        includes=("strict: true", "lib: es2022"),
        kind="data",
        converter="json",
    ),
    Vector(
        "cut.json",
        b'{"rows": [{"id": 1, "name": "whole"}, {"id": 2, "name": "cu',
        includes=("id: 1; name: whole", '"cu'),
        kind="data",
        converter="json",
    ),
    Vector(
        "log.jsonl",
        '{"level": "warn", "text": "ดิสก์เต็ม"}\nnot json\n\n{"level": "info"}\n'.encode(),
        includes=("level: warn; text: ดิสก์เต็ม", "not json"),
        at={"level: info": {"line_start": 1, "line_end": 4}},
        kind="data",
        converter="json",
    ),
    Vector("deep.json", b"[" * 100_000, includes=("[[[",), kind="data", converter="json"),
    Vector(
        "compose.yaml",
        _COMPOSE.encode(),
        at={
            "name: shop": {"line_start": 1, "line_end": 3, "heading": ()},
            "# The database": {"line_start": 5, "line_end": 12, "heading": ("database",)},
            "ไม่ต้อง": {"line_start": 14, "line_end": 20, "heading": ("cache",)},
        },
        kind="data",
        converter="yaml",
    ),
    Vector(
        "broken.yml",
        b"{{ template }}\nkey: [1, 2\nother: &x *x\n",
        includes=("{{ template }}", "other:"),
        kind="data",
        converter="yaml",
    ),
    Vector(
        "pyproject.toml",
        _PROJECT.encode(),
        at={
            "title =": {"line_start": 1, "line_end": 1, "heading": ()},
            "Ngô Thị Hoa": {"line_start": 3, "line_end": 11, "heading": ("project",)},
            "10.0.0.1": {"line_start": 13, "line_end": 14},
        },
        kind="data",
        converter="toml",
    ),
)

TABLES = (
    Vector(
        "people.csv",
        'name;city;note\nAda;London;"two\nlines"\n李雷;北京;\n'.encode(),
        includes=("name: Ada; city: London; note: two lines", "name: 李雷; city: 北京"),
        at={"李雷": {"line_start": 1, "line_end": 4}},
        kind="sheet",
        converter="csv",
    ),
    Vector(
        "plain.tsv",
        b"1\t2\t3\n4\t5\t6\n",
        includes=("1 | 2 | 3", "4 | 5 | 6"),
        kind="sheet",
        converter="csv",
    ),
    Vector("open-quote.csv", b'a,b\n1,"never closed\n2,3\n', includes=("never closed",),
           kind="sheet", converter="csv"),
    Vector(
        "many.csv",
        b"id,text\n" + b"".join(b"%d,some words to fill it\n" % n for n in range(500)),
        at={"id: 499;": {"line_end": 501}, "id: 0;": {"line_start": 1}},
        kind="sheet",
        converter="csv",
    ),
)  # fmt: skip

SUBTITLES = (
    Vector(
        "film.srt",
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>你好，世界。</i>\r\n\r\n2\r\n"
        "00:00:03,000 --> 00:00:04,000\r\n- 谁？\r\n- 我。\r\n\r\n3\r\n"
        "00:02:00,000 --> 00:02:01,500\r\nLater.\r\n".encode("utf-16"),
        includes=("你好，世界。\n- 谁？ - 我。",),
        excludes=("<i>", "-->"),
        at={
            "谁": {"time_start_s": 1.0, "time_end_s": 4.0},
            "Later": {"time_start_s": 120.0, "time_end_s": 121.5},
        },
        kind="subtitles",
        converter="subtitles",
    ),
    Vector(
        "talk.vtt",
        _VTT.encode(),
        includes=("Ana: Bonjour & bienvenue", "ยินดีต้อนรับ ทุกคน"),
        excludes=("not said", "color", "intro", "<v"),
        at={"ยินดี": {"time_start_s": 5.5, "time_end_s": 3607.25}},
        kind="subtitles",
        converter="subtitles",
    ),
    Vector(
        "talk.ass",
        _ASS.encode(),
        includes=("Bo: Hello there",),
        excludes=("pos", "never shown"),
        at={"Hello": {"time_start_s": 1.0, "time_end_s": 3.0}},
        title="Talk",
        kind="subtitles",
        converter="subtitles",
    ),
)

NOTEBOOKS = (
    Vector(
        "analysis.ipynb",
        json.dumps(_NOTEBOOK).encode(),
        includes=("42 rows", "KeyError: 'sum'", "<Figure>"),
        excludes=("iVBOR",),
        at={
            "先读取数据": {"cell": "1", "heading": ("分析",)},
            "plot(df)": {"cell": "2", "heading": ("分析", "Plot")},
            "42 rows": {"cell": "2"},
        },
        title="分析",
        kind="notebook",
        converter="notebook",
    ),
)

RECORD_VECTORS = (*DATA, *TABLES, *SUBTITLES, *NOTEBOOKS)
