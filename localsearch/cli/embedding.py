"""`embed` and `rerank`: lines in, vectors or scores out, by the models that searches use."""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import TYPE_CHECKING

import click

from localsearch.cli.completing import is_here, models

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH_LINES = 256


@click.command()
@click.option("--query", "as_query", is_flag=True, help="Embed the lines as queries.")
@click.option("--document", is_flag=True, help="Embed the lines as documents (the default).")
@click.option(
    "--model", default="", help="A model's name, or the path of a GGUF file.",
    shell_complete=models(lambda each: is_here(each) and each.role == "embedder", or_file=True),
)  # fmt: skip
def embed(as_query: bool, document: bool, model: str) -> int:
    """Lines on stdin to JSON Lines of vectors on stdout: unit length, one a line, in order."""
    from localsearch import config
    from localsearch.cli.output import interruptible
    from localsearch.models import open_embedder
    from localsearch.types import UsageError

    if as_query and document:
        raise UsageError("--query and --document exclude each other", "Give one of them.")
    paths = config.find_paths()
    embedder = open_embedder(paths, config.load_settings(paths.settings_file), model)
    try:
        with interruptible() as cancel:
            while lines := list(islice(_lines(), _BATCH_LINES)):
                if as_query:
                    vectors = [embedder.embed_query(line, cancel=cancel) for line in lines]
                else:
                    vectors = list(embedder.embed_documents(lines, cancel=cancel))
                for vector in vectors:
                    click.echo(json.dumps([round(float(value), 7) for value in vector]))
    finally:
        embedder.close()
    return 0


@click.command()
@click.option("--query", required=True, help="What the lines are judged by.")
@click.option(
    "--model", default="", help="A model's name, or the path of a GGUF file.",
    shell_complete=models(lambda each: is_here(each) and each.role != "embedder", or_file=True),
)  # fmt: skip
def rerank(query: str, model: str) -> int:
    """Lines on stdin to JSON Lines of {"score": P(yes)} on stdout, one a line, in order."""
    from localsearch import config
    from localsearch.cli.output import interruptible
    from localsearch.models import open_reranker
    from localsearch.types import ModelError

    paths = config.find_paths()
    reranker = open_reranker(paths, config.load_settings(paths.settings_file), model)
    if reranker is None:
        raise ModelError(
            "no reranker is installed", "`localsearch models list` shows how to get one."
        )
    try:
        with interruptible() as cancel:
            while lines := list(islice(_lines(), _BATCH_LINES)):
                scores = dict(reranker.score(query, lines, cancel=cancel))
                for index in range(len(lines)):
                    click.echo(json.dumps({"score": scores[index]}))
    finally:
        reranker.close()
    return 0


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")
