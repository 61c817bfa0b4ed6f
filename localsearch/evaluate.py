"""How good is search on questions whose answers are known? recall@k, MRR, nDCG and latency."""

from __future__ import annotations

import statistics
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from localsearch.types import INSTALL_ALL, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from localsearch.types import Mode

    Search = Callable[["JudgedQuery", Mode], tuple[Sequence[str], float]]

# What a list longer than this holds further down counts for no measure but is listed.
DEPTH = 10


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A question and its answers: ends of paths, each of which is one answer.

    Translations of one question may share an id.
    """

    id: str
    query: str
    relevant: tuple[str, ...]
    lang: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metrics:
    """Means over queries, 0…1, and percentiles of the time that one search took."""

    queries: int
    recall_at_1: float
    recall_at_10: float
    mrr_at_10: float
    ndcg_at_10: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnsweredQuery:
    """What one search found, best first, and what that is worth."""

    id: str
    query: str
    ranked: tuple[str, ...]
    ms: float
    recall_at_1: float
    recall_at_10: float
    mrr_at_10: float
    ndcg_at_10: float


@dataclass(frozen=True, slots=True)
class GroupMetrics:
    """The metrics of the queries of one language or one tag."""

    name: str
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Run:
    """All queries in one mode; groups are in the order of their names."""

    mode: Mode
    metrics: Metrics
    by_lang: tuple[GroupMetrics, ...]
    by_tag: tuple[GroupMetrics, ...]
    queries: tuple[AnsweredQuery, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The same queries in each of the modes, in the order that was asked for."""

    runs: tuple[Run, ...]


class _Line(msgspec.Struct):
    query: str
    relevant: list[str]
    id: str | int | None = None
    lang: str | None = None
    tags: list[str] = []


def read_queries(path: Path) -> tuple[JudgedQuery, ...]:
    """Read judged queries, one JSON object a line; a query without an id gets its line number.

    Raises UsageError that names the line and what's wrong with it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} isn't UTF-8: {error}", "Save it as UTF-8.") from error
    queries = tuple(
        _read_line(line, f"{path}, line {number}", str(number))
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    if not queries:
        raise UsageError(f"{path} holds no query", "See docs/evaluation.md for the format.")
    return queries


def _read_line(line: str, place: str, line_id: str) -> JudgedQuery:
    remedy = 'A line looks like {"id": "1", "query": "when is high tide", "relevant": ["tides.md"]}'
    try:
        read = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise UsageError(f"{place}: {error}", remedy) from error
    if not read.query.strip():
        raise UsageError(f"{place}: the query is empty", remedy)
    relevant = tuple(dict.fromkeys(_comparable(each).removeprefix("./") for each in read.relevant))
    if not relevant or not all(each.strip("/") for each in relevant):
        raise UsageError(f"{place}: `relevant` names no file", remedy)
    return JudgedQuery(
        id=line_id if read.id is None else str(read.id),
        query=read.query,
        relevant=relevant,
        lang=read.lang,
        tags=tuple(dict.fromkeys(read.tags)),
    )


def evaluate(
    queries: Sequence[JudgedQuery],
    search: Search,
    modes: Sequence[Mode],
    *,
    progress: Callable[[], None] | None = None,
) -> Evaluation:
    """Ask every query in every mode, and measure what comes back.

    `search` gives the paths it found, best first, and the milliseconds it took; what it raises
    passes through. `progress` is called after each search. Raises UsageError where the library of
    measures isn't installed.
    """
    try:
        # Before the work, not after it.
        import ir_measures  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "the library that computes the measures isn't installed",
            INSTALL_ALL,
        ) from error
    return Evaluation(tuple(_run(queries, search, mode, progress) for mode in modes))


def _run(
    queries: Sequence[JudgedQuery], search: Search, mode: Mode, progress: Callable[[], None] | None
) -> Run:
    found: list[tuple[JudgedQuery, tuple[str, ...], float]] = []
    for query in queries:
        ranked, elapsed_ms = search(query, mode)
        found.append((query, tuple(ranked), elapsed_ms))
        if progress is not None:
            progress()
    scores = _measure(
        [(len(query.relevant), answers(ranked, query.relevant)) for query, ranked, _ in found]
    )
    answered = tuple(
        AnsweredQuery(query.id, query.query, ranked, elapsed_ms, *score)
        for (query, ranked, elapsed_ms), score in zip(found, scores, strict=True)
    )
    by_lang: dict[str, list[AnsweredQuery]] = defaultdict(list)
    by_tag: dict[str, list[AnsweredQuery]] = defaultdict(list)
    for query, answer in zip(queries, answered, strict=True):
        if query.lang:
            by_lang[query.lang].append(answer)
        for tag in query.tags:
            by_tag[tag].append(answer)
    return Run(mode, _mean(answered), _groups(by_lang), _groups(by_tag), answered)


def _measure(
    found: Sequence[tuple[int, Sequence[int | None]]],
) -> list[tuple[float, ...]]:
    """recall@1, recall@10, MRR@10 and nDCG@10 of each query, as trec_eval computes them.

    Each query is the number of its answers and which of them stands at each rank.
    """
    from ir_measures import RR, Qrel, R, ScoredDoc, iter_calc, nDCG

    measures = (R @ 1, R @ DEPTH, RR @ DEPTH, nDCG @ DEPTH)
    qrels = [
        Qrel(str(query), f"answer {answer}", 1)
        for query, (answers_known, _) in enumerate(found)
        for answer in range(answers_known)
    ]
    run = [
        ScoredDoc(
            str(query), f"miss {rank}" if answer is None else f"answer {answer}", -float(rank)
        )
        for query, (_, ranking) in enumerate(found)
        for rank, answer in enumerate(ranking)
    ]
    values = {(each.query_id, each.measure): each.value for each in iter_calc(measures, qrels, run)}
    # A query that found nothing is in no run.
    return [
        tuple(float(values.get((str(query), measure), 0.0)) for measure in measures)
        for query in range(len(found))
    ]


def answers(ranked: Iterable[str], relevant: Sequence[str]) -> list[int | None]:
    """Which entry of `relevant` each ranked file answers; None for a file that answers none.

    A file answers an entry when its path ends with it at a path boundary. All files that answer
    one entry are one answer: later ones are left out, and those after them move up.
    """
    entries = ["/" + _comparable(each).lstrip("/") for each in relevant]
    order: list[int | None] = []
    for path in ranked:
        comparable = "/" + _comparable(path).lstrip("/")
        matching = [number for number, end in enumerate(entries) if comparable.endswith(end)]
        new = [number for number in matching if number not in order]
        if new or not matching:
            order.append(new[0] if new else None)
    return order


def unanswerable(queries: Iterable[JudgedQuery], files: Iterable[str]) -> list[str]:
    """Of each query that names an answer that none of these files is, the first such answer."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in files:
        path = "/" + _comparable(file).lstrip("/")
        by_name[path.rpartition("/")[2]].append(path)

    def is_there(answer: str) -> bool:
        end = "/" + answer.lstrip("/")
        return any(path.endswith(end) for path in by_name.get(end.rpartition("/")[2], ()))

    lacking = (next((each for each in one.relevant if not is_there(each)), "") for one in queries)
    return [each for each in lacking if each]


def _comparable(path: str) -> str:
    return unicodedata.normalize("NFC", path.replace("\\", "/"))


def _groups(by_name: Mapping[str, Sequence[AnsweredQuery]]) -> tuple[GroupMetrics, ...]:
    return tuple(GroupMetrics(name, _mean(by_name[name])) for name in sorted(by_name))


def _mean(answered: Sequence[AnsweredQuery]) -> Metrics:
    times_ms = [each.ms for each in answered]
    # One value is every percentile of itself.
    cuts = statistics.quantiles(
        times_ms if len(times_ms) > 1 else times_ms * 2, n=100, method="inclusive"
    )
    return Metrics(
        queries=len(answered),
        recall_at_1=statistics.fmean(each.recall_at_1 for each in answered),
        recall_at_10=statistics.fmean(each.recall_at_10 for each in answered),
        mrr_at_10=statistics.fmean(each.mrr_at_10 for each in answered),
        ndcg_at_10=statistics.fmean(each.ndcg_at_10 for each in answered),
        p50_ms=cuts[49],
        p95_ms=cuts[94],
    )
