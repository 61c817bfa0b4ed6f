"""`eval`: asks judged questions and prints how well search answers them, mode by mode."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from localsearch.cli.completing import folders
from localsearch.cli.output import interruptible, note, stdout_console
from localsearch.cli.status import path_fields
from localsearch.terminal import clean, counted, printable_json

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from localsearch.api import Index
    from localsearch.evaluate import Evaluation, GroupMetrics, JudgedQuery, Metrics
    from localsearch.types import Mode, Query

# Shorter runs need no bar.
_BAR_AFTER_S = 1.0


@click.command("eval")
@click.argument("queries", type=click.Path(path_type=Path), metavar="QUERIES.jsonl")
@click.option(
    "--mode",
    "modes",
    type=click.Choice(["hybrid", "semantic", "keyword"]),
    multiple=True,
    default=("hybrid",),
    show_default=True,
    help="What to measure; give it several times to compare.",
)
@click.option(
    "--in", "within", multiple=True, metavar="PATH", shell_complete=folders,
    help="Only inside this folder.",
)  # fmt: skip
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Results of each query.",
)
@click.option("--rerank/--no-rerank", default=True, help="Let the reranker judge the best results.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every ranking.")
def eval_command(
    queries: Path,
    modes: tuple[str, ...],
    within: tuple[str, ...],
    limit: int,
    rerank: bool,
    as_json: bool,
) -> int:
    """Measure search on judged queries: recall@1, recall@10, MRR@10, nDCG@10 and latency.

    QUERIES.jsonl has one JSON object a line: {"id": "1", "query": "when is high tide",
    "relevant": ["notes/tides.md"], "lang": "en", "tags": ["question"]}; docs/evaluation.md says
    more. What a query asks is searched for as text, without operators.
    """
    from localsearch.api import open_index
    from localsearch.evaluate import evaluate, read_queries, unanswerable
    from localsearch.types import UsageError

    for path in within:
        if not os.path.exists(os.path.expanduser(path)):
            raise UsageError(f"there is no folder {path}", "Check what follows --in.")
    judged = read_queries(queries)
    wanted = tuple(cast("Mode", mode) for mode in dict.fromkeys(modes))
    if limit < 10:
        note(f"Only {limit} results of each query are looked at, recall@10 and MRR@10 included.")
    with open_index() as opened, interruptible() as cancel:
        asking = _Asking(opened, cancel, within, limit, rerank)
        for mode in wanted:
            # Loads the model; the first query shouldn't be the one to wait for it.
            asking.search(judged[0], mode)
        with _progress(len(judged) * len(wanted)) as advance:
            evaluation = evaluate(judged, asking.search, wanted, progress=advance)
        lacking = unanswerable(judged, opened.files())
    for notice in asking.notices:
        note(notice)
    if lacking:
        note(
            f"{counted(len(lacking), 'question')} of {len(judged):,}"
            f" {'names' if len(lacking) == 1 else 'name'} an answer that no indexed file is,"
            f" such as {lacking[0]}: it can't be found."
        )
    if as_json:
        click.echo(printable_json(evaluation_json(evaluation)))
    else:
        _print(evaluation)
    return 0


@dataclasses.dataclass(slots=True)
class _Asking:
    """Puts judged queries to the index, the way `search` does."""

    index: Index
    cancel: threading.Event
    within: Sequence[str]
    limit: int
    rerank: bool
    # In the order they came, each once.
    notices: dict[str, None] = dataclasses.field(default_factory=dict)

    def search(self, judged: JudgedQuery, mode: Mode) -> tuple[list[str], float]:
        """The paths found, best first, and the milliseconds that took."""
        from localsearch.types import CancelledError

        if self.cancel.is_set():
            raise CancelledError("stopped; nothing was measured to the end")
        query = self._literal(judged.query, mode)
        start_s = time.perf_counter()
        *_, stage = self.index.search(query, cancel=self.cancel)
        elapsed_ms = (time.perf_counter() - start_s) * 1000
        if stage.notice:
            self.notices[f"mode {mode}: {stage.notice}"] = None
        found = (path for hit in stage.hits for path in (hit.path, *hit.copies))
        return list(dict.fromkeys(found)), elapsed_ms

    def _literal(self, text: str, mode: Mode) -> Query:
        from localsearch.query import plain_text

        # A judged question was written for readers: its quotes and dashes are no operators.
        empty = self.index.parse(
            "", limit=self.limit, mode=mode, rerank=self.rerank, within=self.within
        )
        return dataclasses.replace(empty, raw=text, text=plain_text(text))


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Count searches on a bar that comes up when it takes longer than a second."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=total)
    started_s = time.monotonic()

    def advance() -> None:
        bar.advance(task)
        if not bar.live.is_started and time.monotonic() - started_s > _BAR_AFTER_S:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """The object that `eval --json` prints (docs/evaluation.md describes it)."""
    return {
        "runs": [
            {
                "mode": run.mode,
                "metrics": _metrics_json(run.metrics),
                "by_lang": {each.name: _metrics_json(each.metrics) for each in run.by_lang},
                "by_tag": {each.name: _metrics_json(each.metrics) for each in run.by_tag},
                "queries": [
                    {
                        "id": each.id,
                        "query": each.query,
                        "ranked": [path_fields(path)["path"] for path in each.ranked],
                        "ms": round(each.ms, 3),
                    }
                    for each in run.queries
                ],
            }
            for run in evaluation.runs
        ]
    }


def _metrics_json(metrics: Metrics) -> dict[str, float]:
    return {
        "queries": metrics.queries,
        "recall@1": metrics.recall_at_1,
        "recall@10": metrics.recall_at_10,
        "mrr@10": metrics.mrr_at_10,
        "ndcg@10": metrics.ndcg_at_10,
        "latency_p50_ms": round(metrics.p50_ms, 3),
        "latency_p95_ms": round(metrics.p95_ms, 3),
    }


def _print(evaluation: Evaluation) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "queries", "mode"):
        table.add_column(name)
    for name in ("recall@1", "recall@10", "MRR@10", "nDCG@10", "p50 ms", "p95 ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, rows in _rows(evaluation):
        for number, (mode, metrics) in enumerate(rows):
            shown = (
                metrics.recall_at_1, metrics.recall_at_10, metrics.mrr_at_10, metrics.ndcg_at_10,
            )  # fmt: skip
            table.add_row(
                Text(clean(name) if number == 0 else ""),
                str(metrics.queries) if number == 0 else "",
                mode,
                *(f"{value:.3f}" for value in shown),
                f"{metrics.p50_ms:.0f}",
                f"{metrics.p95_ms:.0f}",
            )
    stdout_console().print(table)


def _rows(evaluation: Evaluation) -> Iterator[tuple[str, list[tuple[str, Metrics]]]]:
    """All queries, then each language, then each tag: the modes below each other."""
    runs = evaluation.runs
    yield "all", [(run.mode, run.metrics) for run in runs]
    for group in range(len(runs[0].by_lang)):
        yield _row(
            f"lang:{runs[0].by_lang[group].name}", [(r.mode, r.by_lang[group]) for r in runs]
        )
    for group in range(len(runs[0].by_tag)):
        yield _row(runs[0].by_tag[group].name, [(r.mode, r.by_tag[group]) for r in runs])


def _row(
    name: str, groups: list[tuple[Mode, GroupMetrics]]
) -> tuple[str, list[tuple[str, Metrics]]]:
    return name, [(mode, group.metrics) for mode, group in groups]
