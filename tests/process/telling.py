"""Runs the program as it is, but has it tell in a file what it embeds, before it does.

    python tests/process/telling.py FILE ARGUMENTS...

A line for each batch that the model computes at once: its tokens, and the keys of its texts. So a
test sees, after a kill, too, whether anything was embedded twice, and how much may have been.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from localsearch.cli import main
from localsearch.engine.embedder import GgufEmbedder
from localsearch.store.documents import embedding_key

if TYPE_CHECKING:
    import threading

    from localsearch.types import FloatMatrix


def tell_in(path: str) -> None:
    """From now on each batch is noted there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    keys: dict[tuple[int, ...], str] = {}
    tokens_of = GgufEmbedder._document_tokens
    run_batch, run_long = GgufEmbedder._run_batch, GgufEmbedder._run_long

    def tell(sequences: list[list[int]]) -> None:
        total = sum(len(each) for each in sequences)
        told = " ".join(keys[tuple(each)] for each in sequences)
        os.write(descriptor, f"{total} {told}\n".encode())

    def note_tokens(self: GgufEmbedder, text: str, cancel: threading.Event | None) -> list[int]:
        tokens = tokens_of(self, text, cancel)
        keys[tuple(tokens)] = embedding_key(text).hex()
        return tokens

    def tell_batch(
        self: GgufEmbedder, sequences: list[list[int]], cancel: threading.Event | None
    ) -> FloatMatrix:
        tell(sequences)
        return run_batch(self, sequences, cancel)

    def tell_long(
        self: GgufEmbedder, tokens: list[int], cancel: threading.Event | None
    ) -> FloatMatrix:
        tell([tokens])
        return run_long(self, tokens, cancel)

    GgufEmbedder._document_tokens = note_tokens  # type: ignore[method-assign]
    GgufEmbedder._run_batch = tell_batch  # type: ignore[method-assign]
    GgufEmbedder._run_long = tell_long  # type: ignore[method-assign]


if __name__ == "__main__":
    tell_in(sys.argv[1])
    sys.argv = ["localsearch", *sys.argv[2:]]
    main()
