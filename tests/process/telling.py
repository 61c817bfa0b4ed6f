"""Runs the program as it is, but has it tell in a file what it embeds, before it does.

    python tests/process/telling.py FILE ARGUMENTS...

A line for each call of the model: the keys of its texts. So a test sees, after a kill, too, whether
anything was embedded twice.
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
    from collections.abc import Sequence

    from localsearch.types import FloatMatrix


def tell_in(path: str) -> None:
    """From now on each call's texts are noted there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    embed = GgufEmbedder.embed_documents

    def embed_and_tell(
        self: GgufEmbedder, texts: Sequence[str], *, cancel: threading.Event | None = None
    ) -> FloatMatrix:
        os.write(descriptor, " ".join(embedding_key(text).hex() for text in texts).encode() + b"\n")
        return embed(self, texts, cancel=cancel)

    GgufEmbedder.embed_documents = embed_and_tell  # type: ignore[method-assign]


if __name__ == "__main__":
    tell_in(sys.argv[1])
    sys.argv = ["localsearch", *sys.argv[2:]]
    main()
