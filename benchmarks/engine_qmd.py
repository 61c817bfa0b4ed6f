"""How soon are the same texts embedded end to end by localsearch and by qmd, with the same GGUF?

    python -m benchmarks.engine_qmd FOLDER --qmd DIR [--models DIR | --model GGUF] [--node NODE]

FOLDER holds texts (.txt). The model is the starter, a file of one's own, or, with --models, one of
Qwen3-0.6B's shape in Q8_0 with random weights, which that folder keeps. Both programs run by their
own command lines, in turn, each time with an empty index: ours by `add`, qmd by `update` and
`embed`; the model is in place before. Whether the same passages come out isn't asked: each cuts
texts as it does.
`npm install @tobilu/qmd` in an empty folder has qmd (`benchmarks.peers` compares what both find).
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.engine_rounds import generated_model
from benchmarks.peer_programs import Localsearch, Peer, Qmd
from benchmarks.peer_runs import Run

_LIMIT_OF_QMD = 2.5


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--model", type=click.Path(exists=True, path_type=Path))
@click.option("--models", type=click.Path(path_type=Path))
@click.option("--qmd", "qmd_dir", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--node", default="node", help="Node 22 or newer.")
@click.option("--files", default=64, help="How many of the folder's texts.")
@click.option("--rounds", default=3)
@click.option("--json", "json_file", type=click.Path(path_type=Path))
def main(
    folder: Path, model: Path | None, models: Path | None, qmd_dir: Path, node: str, files: int,
    rounds: int, json_file: Path | None,
) -> None:  # fmt: skip
    """Print seconds and peak memory of each round; exit code 1 below 2.5 times qmd's speed."""
    if models is not None:
        # qmd pools as the file says.
        model = generated_model(models, "Q8_0", pooling="last")
    with tempfile.TemporaryDirectory(prefix="engine-qmd-") as scratch:
        base = Path(scratch)
        docs = _copied(folder, base / "docs", files)
        taken: dict[str, list[Run]] = {"localsearch": [], "qmd": []}
        for number in range(rounds):
            ours = _ours(base / f"ours-{number}", docs, model)
            theirs = Qmd(base / f"qmd-{number}", docs, qmd_dir, node, ours.model)
            peers: list[Peer] = [ours, theirs]
            for peer in peers if number % 2 else reversed(peers):
                done = peer.index()
                taken[peer.name].append(done)
                memory = done.peak_rss_bytes / 1e6
                print(
                    f"{peer.name:<12} {done.took_s:7.1f} s, {done.cpu_s:.1f} of a core,"
                    f" {memory:7.0f} MB",
                    flush=True,
                )
    _tell(taken, ours.model.name, files, json_file)


def _copied(folder: Path, docs: Path, files: int) -> Path:
    docs.mkdir()
    texts = sorted(folder.rglob("*.txt"))[:files]
    if len(texts) < files:
        raise click.UsageError(f"{folder} has {len(texts)} texts only")
    for text in texts:
        shutil.copy(text, docs / "-".join(text.relative_to(folder).parts))
    return docs


def _ours(base: Path, docs: Path, model: Path | None) -> Localsearch:
    """A home of its own that uses the model; the copy is made before the clock starts."""
    peer = Localsearch(base, docs)
    if model is None:
        return peer
    peer.model = model
    for arguments in (
        ("models", "add", str(model), "--role", "embedder"),
        ("models", "use", model.stem),
    ):
        subprocess.run(
            (Path(sys.executable).with_name("localsearch"), *arguments),
            check=True, stdout=subprocess.DEVNULL, env={**os.environ},
        )  # fmt: skip
    return peer


def _tell(taken: dict[str, list[Run]], model: str, files: int, json_file: Path | None) -> None:
    ours, theirs = taken["localsearch"], taken["qmd"]
    pairs = list(zip(ours, theirs, strict=True))
    faster = statistics.median(b.took_s / a.took_s for a, b in pairs)
    less_work = statistics.median(b.cpu_s / a.cpu_s for a, b in pairs)
    memory = statistics.median(a.peak_rss_bytes / b.peak_rss_bytes for a, b in pairs)
    print(f"{files} files, {model}: {faster:.2f} times as fast (≥ {_LIMIT_OF_QMD})")
    print(f"by time of the cores: {less_work:.2f} times")
    print(f"memory: {memory:.2f} of qmd's (< 1)")
    if json_file is not None:
        runs = {
            name: [(r.took_s, r.cpu_s, r.peak_rss_bytes) for r in runs]
            for name, runs in taken.items()
        }
        found = {"model": model, "files": files, "times_as_fast": faster, "runs": runs}
        json_file.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if faster < _LIMIT_OF_QMD or memory >= 1:
        sys.exit(1)


if __name__ == "__main__":
    main()
