"""The simplest search that's hard to beat, computed apart from ours on the same passages.

Exact cosine over every passage; the 50 nearest are scored again with a little for the share of the
query's trigrams that they hold. Nothing is corrected, fused or fitted.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from localsearch.keywords import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localsearch.store.matches import Passage
    from localsearch.types import Embedder, FloatMatrix

_RESCORED = 50
_COVERAGE_WEIGHT = 0.06


def trigram_coverage(query: str, text: str) -> float:
    """Share of the query's distinct character trigrams that stand in the text, 0…1."""
    folded = " ".join(fold(query).split())
    grams = {folded[i : i + 3] for i in range(len(folded) - 2)} or ({folded} if folded else set())
    if not grams:
        return 0.0
    within = fold(text)
    return sum(gram in within for gram in grams) / len(grams)


@dataclass(frozen=True)
class PlainRecipe:
    """All passages of a pool with their vectors, in the same order."""

    passages: tuple[Passage, ...]
    vectors: FloatMatrix
    embedder: Embedder

    @classmethod
    def of(cls, passages: Iterable[Passage], embedder: Embedder) -> PlainRecipe:
        """Embed the passages; what's embedded is what the index embeds."""
        held = tuple(passages)
        texts = [
            "\n".join(filter(None, (" › ".join(each.heading_path), each.text))) for each in held
        ]
        return cls(held, embedder.embed_documents(texts), embedder)

    @functools.cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(passage.path for passage in self.passages)

    def search(
        self, query: str, allowed: Callable[[str], bool], *, lexical: bool, limit: int = 10
    ) -> list[str]:
        """Paths of allowed files, best first; without `lexical` by the cosine alone."""
        cosines = self.vectors @ self.embedder.embed_query(query)
        order = [int(row) for row in np.argsort(-cosines) if allowed(self._paths[row])]
        if lexical:
            scores = {
                row: float(cosines[row])
                + _COVERAGE_WEIGHT * trigram_coverage(query, self.passages[row].text)
                for row in order[:_RESCORED]
            }
            order = sorted(scores, key=lambda row: -scores[row])
        return list(dict.fromkeys(self._paths[row] for row in order))[:limit]
