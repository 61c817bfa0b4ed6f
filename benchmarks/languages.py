"""Judged questions in several languages, and the ways of asking them that tell engines apart."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from localsearch.query import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localsearch.api import Index
    from localsearch.evaluate import JudgedQuery
    from localsearch.types import Mode, Query

Setting = Literal["monolingual", "cross-lingual", "mixed", "elsewhere"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)
# What questions in other languages are asked of in the cross-lingual setting.
PIVOT = "en"


def applies(setting: Setting, judged: JudgedQuery) -> bool:
    """Whether a question can be asked in a setting: in English, none is cross-lingual."""
    return setting != "cross-lingual" or judged.lang != PIVOT


def folders(setting: Setting, judged: JudgedQuery, docs: Path) -> tuple[Path, ...]:
    """Where in `docs/<language>/…` a question is asked; empty means everywhere."""
    if setting == "monolingual":
        return (docs / str(judged.lang),)
    return (docs / PIVOT,) if setting == "cross-lingual" else ()


def query_of(index: Index, setting: Setting, judged: JudgedQuery, mode: Mode, docs: Path) -> Query:
    """The question as a query: its text without operators, within what the setting allows."""
    within = [str(folder) for folder in folders(setting, judged, docs)]
    query = index.parse("", mode=mode, within=within, limit=10)
    query = dataclasses.replace(query, raw=judged.query, text=plain_text(judged.query))
    if setting != "elsewhere":
        return query
    own = tuple(str(docs / str(judged.lang) / entry) for entry in judged.relevant)
    return dataclasses.replace(
        query, filters=dataclasses.replace(query.filters, not_path_globs=own)
    )


def write_queries(out: Path, queries: Iterable[Mapping[str, Any]]) -> None:
    """Write judged questions in the form that `localsearch eval` reads; the folder is there."""
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in queries)
    (out / "queries.jsonl").write_text(lines, encoding="utf-8")
