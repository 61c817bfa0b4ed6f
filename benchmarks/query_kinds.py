"""Judged queries of other kinds than questions, made of sets that are there: names and quotes.

    python -m benchmarks.query_kinds identifiers SET OUT    (SET of benchmarks.code_set)
    python -m benchmarks.query_kinds quotes SET OUT         (SET such as XQuAD)
    python -m benchmarks.query_kinds paraphrases SET OUT    (the same)
    python -m benchmarks.quality OUT

`identifiers` are the names of functions and classes that one file of SET defines, which is the
answer. `quotes` are eight words in a row of a text, asked without quotation marks. `paraphrases`
are, in each language, the third of SET's questions that share the fewest trigrams with their
answer. OUT gets the form that benchmarks.quality reads; texts are linked, not copied.
"""

from __future__ import annotations

import ast
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.languages import write_queries
from benchmarks.plain_recipe import trigram_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LEAST_NAME = 6
_MOST_NAMES = 400
_QUOTED_WORDS = 8
_QUOTED_CHARACTERS = 12

Queries = list[dict[str, Any]]


def identifiers(source: Path) -> Queries:
    """Names that only one file defines, and that file."""
    docs = source / "docs" / "en"
    places: dict[str, set[str]] = defaultdict(set)
    for file in sorted(docs.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                places[node.name].add(file.relative_to(docs).as_posix())
    names = [
        name
        for name, files in sorted(places.items())
        if len(files) == 1 and len(name) >= _LEAST_NAME and ("_" in name or name != name.lower())
    ]
    chosen = random.Random(0).sample(names, min(_MOST_NAMES, len(names)))
    return [
        {"id": name, "lang": "en", "query": name, "relevant": sorted(places[name])}
        for name in chosen
    ]


def quotes(source: Path) -> Queries:
    """A few words in a row of each text."""
    chance = random.Random(0)
    found = []
    for folder in sorted((source / "docs").iterdir()):
        for file in sorted(folder.rglob("*.txt")):
            text = " ".join(file.read_text(encoding="utf-8").split())
            words = text.split(" ")
            if len(words) > 2 * _QUOTED_WORDS:
                start = chance.randrange(len(words) - _QUOTED_WORDS)
                quoted = " ".join(words[start : start + _QUOTED_WORDS])
            else:
                start = chance.randrange(max(1, len(text) - _QUOTED_CHARACTERS))
                quoted = text[start : start + _QUOTED_CHARACTERS]
            place = file.relative_to(folder).as_posix()
            found.append({"id": place, "lang": folder.name, "query": quoted, "relevant": [place]})
    return found


def paraphrases(source: Path) -> Queries:
    """The questions that say it in other words than their answer, by language."""
    by_lang: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
    for line in (source / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        texts = (
            (source / "docs" / asked["lang"] / each).read_text(encoding="utf-8")
            for each in asked["relevant"]
        )
        shared = max(trigram_coverage(asked["query"], text) for text in texts)
        by_lang[asked["lang"]].append((shared, asked))
    return [
        asked
        for known in by_lang.values()
        for _, asked in sorted(known, key=lambda each: each[0])[: len(known) // 3]
    ]


KINDS: dict[str, Callable[[Path], Iterable[dict[str, Any]]]] = {
    "identifiers": identifiers,
    "quotes": quotes,
    "paraphrases": paraphrases,
}


@click.command(help=__doc__)
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def main(kind: str, source: Path, out: Path) -> None:
    """Make the set of queries of a kind."""
    asked = list(KINDS[kind](source))
    out.mkdir(parents=True, exist_ok=True)
    (out / "docs").symlink_to((source / "docs").resolve())
    write_queries(out, asked)
    click.echo(f"{len(asked)} queries", err=True)


if __name__ == "__main__":
    main()
