"""How many tokens is a text? A model's vocabulary says so, without its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.engine.plain_text import PlainText
from localsearch.engine.runtime import Model

if TYPE_CHECKING:
    from pathlib import Path


class Vocabulary:
    """Counts as the embedder of the same file does; raises ModelError where it can't be read."""

    def __init__(self, path: Path) -> None:
        self._model = Model(path, vocabulary_only=True)
        self._text = PlainText(self._model)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone, special tokens and prompts left out; from any thread."""
        return len(self._text.tokens(text))

    def close(self) -> None:
        """Free the memory."""
        self._model.close()
