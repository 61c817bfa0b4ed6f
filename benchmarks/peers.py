"""How does localsearch do beside its peers, with the same folder and the same questions?

    python -m benchmarks.peers SOURCE [--qmd DIR] [--fidx PROGRAM] [--questions N] > peers.md

SOURCE is as for `benchmarks.quality`: `docs/<language>/…` and `queries.jsonl`. The English texts
are indexed, and asked in English and in German; --ask-in and --all-languages change that. A peer
that takes GGUF files gets the very one that localsearch uses. How to have the peers:

    qmd         npm install @tobilu/qmd in an empty folder (--qmd names it); needs Node 22 (--node)
    fidx        pip install fmdidx (--fidx names it), by a Python whose SQLite loads extensions
    ripgrep, recoll   apt install ripgrep recollcmd

A peer that doesn't run is listed with the reason. The table goes to stdout, progress to stderr.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.peer_programs import Fidx, Localsearch, Peer, Qmd, Recoll, Ripgrep
from benchmarks.peer_runs import Figures, measure
from localsearch.evaluate import JudgedQuery, read_queries

_HEADINGS = (
    "program",
    "index s",
    "processor s",
    "no-op s",
    "MB",
    "peak RSS MB",
    "command p50 ms",
    "its processor ms",
    "warm p50 ms",
)


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--qmd", "qmd_dir", type=click.Path(path_type=Path), help="Where qmd was installed.")
@click.option("--node", default="node", help="Node 22 or newer, for qmd.")
@click.option("--fidx", default="fidx", help="The command of fmdidx.")
@click.option("--questions", default=60, help="How many of each language.")
@click.option("--ask-in", default="en,de", help="The languages of the questions.")
@click.option("--all-languages", is_flag=True, help="Index the texts in all languages.")
@click.option("--only", multiple=True, help="Only this program; may be given several times.")
def main(
    source: Path,
    qmd_dir: Path | None,
    node: str,
    fidx: str,
    questions: int,
    ask_in: str,
    all_languages: bool,
    only: tuple[str, ...],
) -> None:
    """Index and ask with each program in turn; print one table.

    With all languages, a text is right in whichever language it's found.
    """
    docs = source / "docs" if all_languages else source / "docs" / "en"
    judged = {
        language: _spread(read_queries(source / "queries.jsonl"), language, questions)
        for language in ask_in.split(",")
    }
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        base = Path(scratch)
        ours = Localsearch(base / "localsearch", docs)
        peers: list[Peer] = [ours, Ripgrep(base / "rg", docs), Recoll(base / "recoll", docs)]
        peers.append(Qmd(base / "qmd", docs, qmd_dir or Path(), node, ours.model))
        peers.append(Fidx(base / "fidx", docs, fidx))
        rows: list[tuple[Peer, Figures | str]] = []
        peers = [peer for peer in peers if not only or peer.name in only]
        for peer in peers:
            print(f"{peer.name} …", file=sys.stderr)
            rows.append((peer, measure(peer, judged)))
            print(f"{peer.name}: {rows[-1][1]}", file=sys.stderr)
    print(_table(rows, list(judged), files=sum(1 for _ in docs.rglob("*.txt")), each=questions))


def _spread(queries: tuple[JudgedQuery, ...], language: str, count: int) -> tuple[JudgedQuery, ...]:
    """That many questions of a language, evenly from all of them."""
    own = [query for query in queries if query.lang == language]
    step = max(1, len(own) // count)
    return tuple(own[::step][:count])


def _table(
    rows: list[tuple[Peer, Figures | str]], languages: list[str], *, files: int, each: int
) -> str:
    headings = [*_HEADINGS, *(f"recall@10 {language}" for language in languages)]
    lines = [
        f"{files} files; {each} questions a language; {os.cpu_count()} cores, load"
        f" {os.getloadavg()[0]:.1f} at the end",
        "",
        f"| {' | '.join(headings)} |",
        f"|{' --- |' * len(headings)}",
    ]
    for peer, figures in rows:
        name = f"{peer.name} {peer.version()}".strip()
        if isinstance(figures, str):
            lines.append(f"| {name} | doesn't run here: {figures} |{' |' * (len(headings) - 2)}")
            continue
        cells = [
            f"{figures.index_s:.1f}",
            f"{figures.index_cpu_s:.1f}",
            f"{figures.again_s:.2f}",
            f"{figures.index_bytes / 1e6:.1f}",
            f"{figures.peak_rss_bytes / 1e6:.0f}",
            f"{figures.command_p50_ms:.0f}",
            f"{figures.command_cpu_p50_ms:.0f}",
            "–" if figures.warm_p50_ms is None else f"{figures.warm_p50_ms:.0f}",
            *(f"{recall:.3f}" for recall in figures.recall_at_10.values()),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", *(f"- **{peer.name}**: {peer.how}" for peer, _ in rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
