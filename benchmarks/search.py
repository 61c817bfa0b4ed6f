"""How fast is a search of a million passages, and does it find what a full ranking would?

    python -m benchmarks.search [--chunks 1000000] [--work DIR] [--build] [--json FILE]

Asks the library of benchmarks/library.py five kinds of queries in equal parts, as the program does:
rare words, common words, questions, two letters that a word begins with, one Chinese character.
The keyword stage is timed whole, from the parsed query to the hits with their snippets; so is the
hybrid one, without embedding the query, whose vector is made up beside those of a passage. Where
words match more passages than are ranked, the best ten are compared with those of BM25 over all.
A million passages need 8 GB of disk and ten minutes to build, once for each --work.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np

from benchmarks import library
from localsearch.search.candidates import keyword_candidates, query_words
from localsearch.search.stages import Searcher
from localsearch.store import Store
from localsearch.store.code_matrix import CodeMatrix
from localsearch.store.filters import passage_condition
from localsearch.types import Filters, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localsearch.store.state import State
    from localsearch.types import Embedder, FloatVector

QueryKind = Literal["rare word", "common word", "question", "two letters", "one character"]
KINDS: tuple[QueryKind, ...] = get_args(QueryKind)
MOST_MATCHES = (10, 100, 1_000, 10_000, 20_000, 100_000, 1_000_000)
_FUNCTION_WORDS = 30
_COMMON_WORDS = 200
_NOISE = 0.5
_ALL = 100_000_000


@dataclass(frozen=True)
class Asked:
    """A query of some kind, and its vector."""

    kind: QueryKind
    query: Query
    vector: FloatVector


@dataclass(frozen=True)
class Answer:
    """What one query took, and what it found of the full ranking."""

    kind: QueryKind
    text: str
    keyword_ms: float
    hybrid_ms: float
    matches: int
    recall_at_10: float


class _Given:
    """An embedder that gives the vector of the query that's asked."""

    def __init__(self) -> None:
        self.vector: FloatVector = np.zeros(0, np.float32)

    def embed_query(self, text: str, **_: Any) -> FloatVector:
        del text
        return self.vector


def queries(files: int, of_each: int) -> Iterator[Asked]:
    """The mix, the same every time, about files all over the library."""
    generator = np.random.default_rng(5)
    for _ in range(of_each):
        for kind in KINDS:
            file = int(generator.integers(files))
            while (library.language_of(file) in library.UNSPACED) != (kind == "one character"):
                file = int(generator.integers(files))
            text = _text(kind, file, generator)
            near = library.vectors(file)[int(generator.integers(library.CHUNKS_IN_FILE))]
            noise = generator.standard_normal(len(near), dtype=np.float32) / len(near) ** 0.5
            vector = near + _NOISE * noise
            vector /= np.linalg.norm(vector)
            typing = kind == "two letters"
            yield Asked(kind, Query(raw=text, text=text, prefix_last=typing), vector)


def _text(kind: QueryKind, file: int, generator: np.random.Generator) -> str:
    vocabulary = library.vocabulary(library.language_of(file))
    topic = library.topic_words(file // 5)
    if kind == "rare word":
        ranks = {word: rank for rank, word in enumerate(vocabulary.words)}
        return max(topic, key=lambda word: ranks[word])
    if kind == "common word":
        return vocabulary.words[int(generator.integers(_COMMON_WORDS))]
    if kind == "question":
        frequent = generator.integers(_FUNCTION_WORDS, size=4)
        function = [vocabulary.words[int(each)] for each in frequent]
        content = [topic[int(each)] for each in generator.choice(len(topic), 3, replace=False)]
        words = [word for pair in zip(function, [*content, ""], strict=True) for word in pair]
        return " ".join(filter(None, words)).capitalize() + "?"
    drawn = vocabulary.draw(generator, 200)
    if kind == "two letters":
        return next(word for word in drawn if len(word) > 2 and word.isalpha())[:2]
    return next(character for word in drawn for character in word if "一" <= character <= "鿿")


def recall_of(store: Store, asked: Asked, best: Sequence[str]) -> float:
    """The share of the best files of the full ranking that are among ours, by their text.

    Files whose names hold the query come first in ours, and are left out of both.
    """
    found = keyword_candidates(store, asked.query, query_words(asked.query))
    named = {each.passage.path for each in found if each.why.name_match}
    by_text = dict.fromkeys(each.passage.path for each in found if not each.why.name_match)
    wanted = set(best) - named
    return len(wanted.intersection(list(by_text)[:10])) / len(wanted) if wanted else 1.0


def ask(searcher: Searcher, given: _Given, asked: Asked) -> tuple[float, float]:
    """The milliseconds of the keyword stage and of the hybrid one."""
    given.vector = asked.vector
    began_s = time.perf_counter()
    stages = searcher.stages(asked.query)
    next(stages)
    keyword_ms = (time.perf_counter() - began_s) * 1000
    *_, last = stages
    return keyword_ms, last.timings_ms.total - last.timings_ms.embed


def full_ranking(store: Store, asked: Asked) -> tuple[int, list[str]]:
    """How many passages match, and the files of the best ten of BM25 over all of them.

    For a question any of its words will do, in a full ranking even those that most passages hold.
    """
    terms = query_words(asked.query).terms
    operator = "OR" if asked.kind == "question" else "AND"
    condition = passage_condition(Filters(), [])
    # Of a file at most all passages come before the next one.
    limit = 10 * library.CHUNKS_IN_FILE
    found = store.matches.chunks(terms, operator, limit, condition, most_ranked=_ALL)
    first = [chunk_id for chunk_id, _ in found]
    passages = store.matches.passages(first)
    ranked = list(dict.fromkeys(passages[each].path for each in first))[:10]
    return store.matches.count(terms, operator), ranked


def full_rankings(store: Store, mix: Sequence[Asked], file: Path) -> list[tuple[int, list[str]]]:
    """The full ranking of each query, from the file if it has them: they take minutes."""
    rankings: list[tuple[int, list[str]]] = []
    if file.exists():
        rankings = json.loads(file.read_text())
    for asked in mix[len(rankings) :]:
        rankings.append(full_ranking(store, asked))
        file.write_text(json.dumps(rankings))
    return rankings


def measure(
    path: Path, mix: Sequence[Asked], truth: Sequence[tuple[int, list[str]]]
) -> list[Answer]:
    """Ask everything once, after a query that loads the codes."""
    matrix = CodeMatrix()
    given = _Given()
    answers = []
    with Store(path, readonly=True, matrix=matrix) as store:
        searcher = Searcher(
            store, lambda _: cast("Embedder", given), lambda: None, _remembers_nothing
        )
        ask(searcher, given, mix[0])
        for asked, (matches, best) in zip(mix, truth, strict=True):
            keyword_ms, hybrid_ms = ask(searcher, given, asked)
            recall = recall_of(store, asked, best)
            answers.append(
                Answer(asked.kind, asked.query.text, keyword_ms, hybrid_ms, matches, recall)
            )
    matrix.close()
    return answers


def _remembers_nothing() -> State:
    raise AssertionError("without a reranker nothing is remembered")


def table(answers: Sequence[Answer], group: str) -> dict[str, dict[str, float]]:
    """Figures of all answers and of each group: their kind, or how many passages match."""
    groups: dict[str, list[Answer]] = {"all": list(answers)}
    for answer in answers:
        groups.setdefault(_group(answer, group), []).append(answer)
    order = sorted(groups, key=lambda name: (name != "all", groups[name][0].matches))
    return {name: _figures(groups[name]) for name in order}


def _group(answer: Answer, group: str) -> str:
    if group == "kind":
        return answer.kind
    return f"up to {next(most for most in MOST_MATCHES if answer.matches <= most):,}"


def _figures(answers: Sequence[Answer]) -> dict[str, float]:
    keyword_ms = [each.keyword_ms for each in answers]
    hybrid_ms = [each.hybrid_ms for each in answers]
    return {
        "queries": len(answers),
        "keyword p50 ms": float(np.median(keyword_ms)),
        "keyword p95 ms": float(np.percentile(keyword_ms, 95)),
        "hybrid p50 ms": float(np.median(hybrid_ms)),
        "hybrid p95 ms": float(np.percentile(hybrid_ms, 95)),
        "recall@10 of full BM25": float(np.mean([each.recall_at_10 for each in answers])),
    }


def show(title: str, figures: dict[str, dict[str, float]]) -> None:
    """Print a table."""
    print(f"\n{title}")
    for name, each in figures.items():
        numbers = ", ".join(f"{key} {value:.4g}" for key, value in each.items())
        print(f"  {name:16} {numbers}", flush=True)


def main() -> None:
    """Build the library, ask it, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=1_000_000, help="passages in the library")
    parser.add_argument("--each", type=int, default=40, help="queries of each kind")
    parser.add_argument("--work", type=Path, help="keep the library in this folder")
    parser.add_argument("--build", action="store_true", help="only build it")
    parser.add_argument("--json", type=Path, help="file for all figures")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = wanted.work or Path(scratch)
        path = folder / f"{wanted.chunks}.db"
        library.build(path, wanted.chunks)
        mix = list(queries(wanted.chunks // library.CHUNKS_IN_FILE, wanted.each))
        with Store(path, readonly=True) as store:
            truth = full_rankings(store, mix, folder / f"{wanted.chunks}-{wanted.each}.json")
        if wanted.build:
            return
        answers = measure(path, mix, truth)
        results = {group: table(answers, group) for group in ("kind", "matches")}
        for group, figures in results.items():
            show(f"{wanted.chunks:,} passages, by {group}", figures)
        if wanted.json:
            queried = [dataclasses.asdict(each) for each in answers]
            wanted.json.write_text(json.dumps(results | {"queries": queried}, indent=1))


if __name__ == "__main__":
    main()
