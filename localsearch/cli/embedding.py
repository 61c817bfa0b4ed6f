"""`embed` and `rerank`: lines in, vectors or scores out, by the models that searches use."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from localsearch.cli.completing import is_here, models

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    from localsearch.text_models import TextEmbedder, in_batches
    from localsearch.types import UsageError

    if as_query and document:
        raise UsageError("--query and --document exclude each other", "Give one of them.")
    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    with interruptible() as cancel, TextEmbedder(paths, settings, model) as embedder:
        for lines in in_batches(_lines()):
            for vector in embedder.embed(lines, as_queries=as_query, cancel=cancel):
                click.echo(json.dumps([round(float(value), 7) for value in vector]))
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
    from localsearch.text_models import TextReranker, in_batches

    paths = config.find_paths()
    settings = config.load_settings(paths.settings_file)
    with interruptible() as cancel, TextReranker(paths, settings, model) as reranker:
        for lines in in_batches(_lines()):
            for score in reranker.score(query, lines, cancel=cancel):
                click.echo(json.dumps({"score": score}))
    return 0


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")
