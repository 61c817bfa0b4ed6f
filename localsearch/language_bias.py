"""Takes out of a query's vector what only says which language it's in.

Embeddings favour passages in the query's own language so much that an answer in another one hardly
ever comes first. The directions that tell languages apart are estimated from the index itself: they
are spanned by the differences between the mean vectors of its languages. A query without them ranks
by what it means; the vectors of passages stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localsearch.types import FloatMatrix, FloatVector

# From so many passages on, the mean of a language says more about it than about their topics.
FEWEST_PASSAGES = 6
# A sample is enough for a mean.
MOST_PASSAGES = 400
# Share of the language directions that is taken out. Swept on half of XQuAD's articles in four
# languages with the starter model: docs/architecture.md has the trade-off.
STRENGTH = 0.9
# Directions weaker than this share of the strongest are noise.
_NOISE = 1e-3


def language_directions(vectors: Mapping[str, FloatMatrix]) -> FloatMatrix | None:
    """Orthonormal directions that tell the languages apart, (languages - 1, dimension).

    `vectors` holds a sample of passages by language. None for an index of one language.
    """
    import numpy as np

    means = [rows.mean(axis=0) for rows in vectors.values() if len(rows) >= FEWEST_PASSAGES]
    if len(means) < 2:
        return None
    offsets = np.stack(means) - np.mean(means, axis=0)
    _, strengths, directions = np.linalg.svd(offsets, full_matrices=False)
    kept = directions[: len(means) - 1][strengths[: len(means) - 1] > _NOISE * strengths[0]]
    return np.ascontiguousarray(kept, dtype=np.float32)


def without_language(query: FloatVector, directions: FloatMatrix) -> FloatVector:
    """The query, unit length, with most of what tells its language taken out."""
    import numpy as np

    rest = query - STRENGTH * (query @ directions.T) @ directions
    unit: FloatVector = (rest / max(float(np.linalg.norm(rest)), 1e-12)).astype(np.float32)
    return unit
