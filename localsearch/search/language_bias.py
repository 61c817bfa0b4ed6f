"""Takes out of a query's vector what only says which language it's in.

Embeddings favour passages in the query's own language so much that an answer in another one hardly
ever comes first. The directions that tell languages apart are spanned by the differences between
the mean vectors of the index's languages. Where an index holds few passages in a language, their
mean says as much about their topics; sentences that say the same in every language make up for it.
A query without those directions ranks by what it means; the vectors of passages stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.search.parallel_sentences import SENTENCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localsearch.types import FloatMatrix, FloatVector

# From so many passages on, their mean tells a language better than the sentences do: MRR@10 of
# answers in another language, in indexes of 1, 2, 4 and 8 passages in each of four languages, by
# passages .82 .91 .92 .89, by sentences .96 .92 .87 .80, by neither .85 .77 .69 .60 (XQuAD, starter
# model; mixtures of both cost answers in the question's own language .02).
FEWEST_PASSAGES = 4
# A language of one passage among many is more likely a mistaken one. So is one of a handful, such
# as a list of names: their mean would take out their topic. The share is of the largest sample.
_FEWEST_WITH_SENTENCES = 2
_LEAST_SHARE = 0.02
# A sample is enough for a mean.
MOST_PASSAGES = 400
# Share of the language directions that is taken out, by meaning alone and where words count, too,
# which are the query's own and bring a part of the bias back. More finds more answers in other
# languages, and hides more of those in the query's own: docs/architecture.md has the trade-off.
STRENGTH = 0.8
STRENGTH_BESIDE_WORDS = 0.9
# Directions weaker than this share of the strongest are noise.
_NOISE = 1e-3


def needs_sentences(samples: Mapping[str, FloatMatrix]) -> list[str]:
    """The languages whose sentences are needed beside these samples, which are by language."""
    share = _least(samples)
    fewest = min(_FEWEST_WITH_SENTENCES, share)
    present = [each for each, rows in samples.items() if len(rows) >= fewest]
    enough = max(FEWEST_PASSAGES, share)
    if len(present) < 2 or all(len(samples[each]) >= enough for each in present):
        return []
    # What's different in one is known only beside all others.
    return [each for each in present if each in SENTENCES]


def _least(samples: Mapping[str, FloatMatrix]) -> float:
    return _LEAST_SHARE * max(map(len, samples.values()), default=0)


def language_directions(
    samples: Mapping[str, FloatMatrix], sentences: Mapping[str, FloatVector]
) -> FloatMatrix | None:
    """Orthonormal directions that tell the languages apart, (languages - 1, dimension).

    `samples` holds passages by language, `sentences` the mean vector of the sentences in those that
    need them. None for an index of one language.
    """
    import numpy as np

    enough = max(FEWEST_PASSAGES, _least(samples))
    known = {
        language: rows.mean(axis=0) for language, rows in samples.items() if len(rows) >= enough
    }
    by_sentences = _from_mean(sentences)
    few = [language for language in by_sentences if language not in known]
    count = len(known) + len(few)
    if count < 2:
        return None
    offsets = [*_from_mean(known).values(), *(by_sentences[each] for each in few)]
    _, strengths, directions = np.linalg.svd(np.stack(offsets), full_matrices=False)
    kept = directions[: count - 1][strengths[: count - 1] > _NOISE * strengths[0]]
    return np.ascontiguousarray(kept, dtype=np.float32)


def _from_mean(vectors: Mapping[str, FloatVector]) -> dict[str, FloatVector]:
    import numpy as np

    if not vectors:
        return {}
    centre = np.mean(list(vectors.values()), axis=0)
    return {language: vector - centre for language, vector in vectors.items()}


def without_language(
    query: FloatVector, directions: FloatMatrix, strength: float = STRENGTH
) -> FloatVector:
    """The query, unit length, with this share of what tells its language taken out."""
    import numpy as np

    rest = query - strength * (query @ directions.T) @ directions
    unit: FloatVector = (rest / max(float(np.linalg.norm(rest)), 1e-12)).astype(np.float32)
    return unit
