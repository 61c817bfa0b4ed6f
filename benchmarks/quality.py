"""How well does search rank, in each language and across them, beside a plain recipe?

    python -m benchmarks.quality SOURCE [--work DIR] [--articles report|fit|all] > figures.json

SOURCE holds `docs/<language>/<article>/<nn>.txt` and `queries.jsonl` (XQuAD in that form; the sets
of benchmarks/debian_docs.py and benchmarks/code_set.py). Articles of even number (other files: by
a checksum of the path) are there to fit weights on, the others to report on; all are searched.
Tables go to stderr, JSON to stdout. A comparison is the mean difference over the questions, with
its 95 % interval by a paired bootstrap.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click
import numpy as np

from benchmarks.languages import PIVOT, SETTINGS, Setting, applies, folders, query_of
from benchmarks.plain_recipe import PlainRecipe
from benchmarks.remembering import RememberingEmbedder, SharingIndex
from localsearch import config
from localsearch.evaluate import AnsweredQuery, evaluate, read_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.evaluate import JudgedQuery
    from localsearch.types import Mode

System = Literal["keyword", "semantic", "hybrid", "dense", "plain"]
# Ours, then those computed beside it: the cosine alone, and the plain recipe.
SYSTEMS: tuple[System, ...] = ("keyword", "semantic", "hybrid", "dense", "plain")
MEASURES = ("recall_at_1", "recall_at_10", "mrr_at_10", "ndcg_at_10")
_RESAMPLES = 5000


@dataclass(frozen=True)
class Pool:
    """What is searched: an index of its own, and the same passages for the plain recipe."""

    index: SharingIndex
    recipe: PlainRecipe


def build_pool(folder: Path, base: Path, embedder: RememberingEmbedder) -> Pool:
    """Index a folder under `base`, or bring what's there up to date."""
    paths = config.Paths(*(base / name for name in ("config", "data", "state", "models", "run")))
    index = SharingIndex(paths, config.Settings(), embedder)
    index.add_roots([str(folder)])
    report = index.update()
    if report.failed:
        raise click.ClickException(f"{len(report.failed)} files of {folder} can't be read")
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    passages = (passage for file in files for passage in index.passages_of(str(file)))
    return Pool(index, PlainRecipe.of(passages, embedder))


def pool_name(setting: Setting, judged: JudgedQuery) -> str:
    """Which pool a question is asked in: one of its own for each language, or all of them."""
    if setting == "monolingual":
        return str(judged.lang)
    return PIVOT if setting == "cross-lingual" else "all"


def ask(
    pools: dict[str, Pool], setting: Setting, system: System, judged: JudgedQuery, docs: Path
) -> tuple[list[str], float]:
    """The paths that a system finds, best first, and the milliseconds that took."""
    pool = pools[pool_name(setting, judged)]
    began_s = time.perf_counter()
    if system in ("dense", "plain"):
        within = tuple(f"{folder}{os.sep}" for folder in folders(setting, judged, docs))
        own = {str(docs / str(judged.lang) / entry) for entry in judged.relevant}
        left_out = own if setting == "elsewhere" else set()
        ranked = pool.recipe.search(
            judged.query,
            lambda path: path not in left_out and (not within or path.startswith(within)),
            lexical=system == "plain",
        )
    else:
        query = query_of(pool.index, setting, judged, cast("Mode", system), docs)
        *_, last = pool.index.search(query)
        if " is off" in last.notice:
            raise click.ClickException(last.notice)
        ranked = list(dict.fromkeys(path for hit in last.hits for path in (hit.path, *hit.copies)))
    return ranked, (time.perf_counter() - began_s) * 1000


def compare(ours: Sequence[AnsweredQuery], theirs: Sequence[AnsweredQuery]) -> dict[str, Any]:
    """Mean difference of recall@10 and MRR@10, and the 95 % interval of a paired bootstrap."""
    return {
        measure: _interval([getattr(a, measure) - getattr(b, measure)
                            for a, b in zip(ours, theirs, strict=True)])
        for measure in ("recall_at_10", "mrr_at_10")
    }  # fmt: skip


def _interval(differences: Sequence[float]) -> dict[str, float]:
    from scipy.stats import bootstrap

    mean = float(np.mean(differences))
    if len(set(differences)) == 1:
        return {"mean": mean, "low": mean, "high": mean}
    found = bootstrap(
        (np.array(differences),),
        np.mean,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return {"mean": mean, "low": float(found.low), "high": float(found.high)}


def measure(
    pools: dict[str, Pool], setting: Setting, queries: Sequence[JudgedQuery], docs: Path
) -> dict[str, Any]:
    """All systems in one setting, by language, and what ours wins or loses."""
    asked = [query for query in queries if applies(setting, query)]
    answered: dict[System, dict[str, list[AnsweredQuery]]] = {}
    for system in SYSTEMS:

        def search(
            judged: JudgedQuery, _: Mode, system: System = system
        ) -> tuple[list[str], float]:
            return ask(pools, setting, system, judged, docs)

        by_lang: dict[str, list[AnsweredQuery]] = defaultdict(list)
        for judged, answer in zip(
            asked, evaluate(asked, search, ["hybrid"]).runs[0].queries, strict=True
        ):
            by_lang["all"].append(answer)
            by_lang[str(judged.lang)].append(answer)
        answered[system] = by_lang
        click.echo(f"{setting}, {system}: done", err=True)
    return {
        lang: {
            "questions": len(answered["hybrid"][lang]),
            "systems": {system: _means(answered[system][lang]) for system in SYSTEMS},
            "hybrid_minus": {
                other: compare(answered["hybrid"][lang], answered[other][lang])
                for other in SYSTEMS
                if other != "hybrid"
            },
        }
        for lang in answered["hybrid"]
    }


def _means(answered: Sequence[AnsweredQuery]) -> dict[str, float]:
    means = {name: float(np.mean([getattr(each, name) for each in answered])) for name in MEASURES}
    return means | {"p50_ms": float(np.median([each.ms for each in answered]))}


def print_table(results: dict[Setting, dict[str, Any]]) -> None:
    """MRR@10 / recall@10 of each system, and what hybrid gains over the plain recipe."""
    from rich.console import Console
    from rich.table import Table

    for setting, by_lang in results.items():
        table = Table(title=f"{setting}: MRR@10 / recall@10")
        for name in ("", "questions", *SYSTEMS, "hybrid − plain, recall@10"):
            table.add_column(name)
        for lang, found in by_lang.items():
            gain = found["hybrid_minus"]["plain"]["recall_at_10"]
            table.add_row(
                lang,
                str(found["questions"]),
                *(
                    f"{found['systems'][each]['mrr_at_10']:.3f} / "
                    f"{found['systems'][each]['recall_at_10']:.3f}"
                    for each in SYSTEMS
                ),
                f"{gain['mean']:+.3f} [{gain['low']:+.3f}, {gain['high']:+.3f}]".replace(
                    "[", "\\["
                ),
            )
        Console(stderr=True, width=140).print(table)


def is_of_part(judged: JudgedQuery, articles: str) -> bool:
    """Whether a question is about an article of the part that's asked for."""
    number = judged.relevant[0].partition("-")[0]
    part = int(number) if number.isdigit() else zlib.crc32(judged.relevant[0].encode())
    return articles == "all" or (part % 2 == 0) == (articles == "fit")


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), help="Keep indexes and vectors here.")
@click.option("--articles", type=click.Choice(["report", "fit", "all"]), default="report")
@click.option("--every", type=click.IntRange(1), default=1, help="Ask each so manieth question.")
@click.option("--setting", "settings", type=click.Choice(SETTINGS), multiple=True)
def main(
    source: Path, work: Path | None, articles: str, every: int, settings: tuple[Setting, ...]
) -> None:
    """Measure search on SOURCE in every setting; see the module's text."""
    from localsearch.models import open_embedder

    docs = (source / "docs").resolve()
    asked = [q for q in read_queries(source / "queries.jsonl") if is_of_part(q, articles)]
    # By question, so that each stays there in every language.
    ids = sorted({query.id for query in asked})[::every]
    queries = [query for query in asked if query.id in set(ids)]
    with tempfile.TemporaryDirectory() as scratch:
        base = config.private_dir((work or Path(scratch)).resolve())
        real = open_embedder(config.find_paths(), config.Settings())
        embedder = RememberingEmbedder(real, base / "vectors.npz")
        languages = {folder.name: folder for folder in sorted(docs.iterdir())}
        folders = {"all": docs, **languages} if len(languages) > 1 else languages
        pools = {
            name: build_pool(folder, base / name, embedder) for name, folder in folders.items()
        }
        embedder.keep()
        results = {
            setting: measure(pools, setting, queries, docs)
            for setting in settings or (SETTINGS if len(languages) > 1 else SETTINGS[:1])
        }
        embedder.keep()
        print_table(results)
        click.echo(
            json.dumps(
                {
                    "articles": articles,
                    "questions": len(ids),
                    "embedder": embedder.name,
                    "settings": results,
                },
                indent=2,
            )
        )
        for pool in pools.values():
            pool.index.close()
        real.close()


if __name__ == "__main__":
    main()
