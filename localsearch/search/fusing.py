"""In which order do the candidates of words and of meaning stand together?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from localsearch.search.candidates import Candidate, passage_key
from localsearch.search.placing import all_words, placed, raised
from localsearch.search.wording import compare_wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localsearch.search.wording import Wording
    from localsearch.store import Store
    from localsearch.store.matches import Passage
    from localsearch.types import FloatVector, Query

# What speaks for a passage beside its cosine, on the scale of that; chosen on other questions than
# they're reported on (docs/architecture.md). Its excess of wording (`wording.py`) has a weight.
_WEIGHT = 0.05
# What words rank first gets this times its share of the wording, divided by its rank and a bit: in
# a small index a rank alone says little, as something always comes first.
_KEYWORD = 0.16
_KEYWORD_OFFSET = 5
# A part of a document with fewer letters and digits than this says so little that it's near to
# any query: it loses up to so much.
_FEW_CHARACTERS = 60
_FRAGMENT = 0.04


def fuse(
    store: Store,
    model_id: int,
    query: Query,
    vector: FloatVector,
    by_word: Sequence[Candidate],
    by_meaning: Sequence[Candidate],
) -> list[Candidate]:
    """One order of both: the cosine, plus a little for the words that a passage really holds.

    What only words found gets its true cosine, and the lowest of the list while it has no vector.
    A score is the sum of its weights: that of the cosine times it, of coverage times its excess,
    and all others (keyword, fragment, name, identifier, rare_word) as they are.
    """
    merged = {passage_key(each.passage): each for each in by_meaning}
    for each in by_word:
        known = merged.get(passage_key(each.passage))
        why = replace(
            known.why if known else each.why,
            keyword_rank=each.why.keyword_rank,
            keyword_score=each.why.keyword_score,
            name_match=each.why.name_match,
        )
        merged[passage_key(each.passage)] = replace(known or each, why=why)
    missing = [
        each.passage.chunk_id
        for each in merged.values()
        if each.why.vector_score is None and each.passage.chunk_id is not None
    ]
    cosines = store.vectors.cosines(model_id, vector, missing)
    known_cosines = [*cosines.values(), *(each.score for each in by_meaning)]
    floor = min(known_cosines, default=0.0)
    candidates = [_with_cosine(each, cosines) for each in merged.values()]
    lifts = _lifts(candidates, floor, max(known_cosines, default=0.0))
    wordings = compare_wording(
        query.wanted,
        [all_words(each.passage) for each in candidates],
        [each.passage.language for each in candidates],
    )
    fused = [
        _fused(each, floor, wording, lifts.get(each.passage.file_id, 0.0))
        for each, wording in zip(candidates, wordings, strict=True)
    ]
    return [
        replace(each, why=replace(each.why, fused_rank=rank, fused_score=each.score))
        for rank, each in enumerate(placed(fused, query), start=1)
    ]


def _with_cosine(candidate: Candidate, cosines: Mapping[int, float]) -> Candidate:
    if candidate.why.vector_score is not None or candidate.passage.chunk_id is None:
        return candidate
    cosine = cosines.get(candidate.passage.chunk_id)
    return replace(candidate, why=replace(candidate.why, vector_score=cosine))


def _lifts(candidates: Sequence[Candidate], floor: float, highest: float) -> dict[int, float]:
    """What raises the best passage of each file of the query's name to the highest cosine.

    Who types a file's name means that file, whatever its text says; which of its passages comes
    first is still for the cosine to say. What has no vector stands at the floor.
    """
    named = {each.passage.file_id for each in candidates if each.why.name_match}
    own: dict[int, list[float]] = {file_id: [] for file_id in named}
    for each in candidates:
        if each.passage.file_id in named and each.why.vector_score is not None:
            own[each.passage.file_id].append(each.why.vector_score)
    return {file_id: highest - max(scores, default=floor) for file_id, scores in own.items()}


def _fused(candidate: Candidate, floor: float, wording: Wording, lift: float) -> Candidate:
    cosine = candidate.why.vector_score
    why = replace(
        candidate.why,
        coverage=wording.share,
        coverage_baseline=wording.usual,
        weights=(("cosine", 1.0), ("coverage", _WEIGHT)),
    )
    score = (floor if cosine is None else cosine) + _WEIGHT * wording.excess
    fused = replace(candidate, why=why, score=score)
    rank = candidate.why.keyword_rank
    lifts = (
        ("keyword", _KEYWORD * wording.share / (rank + _KEYWORD_OFFSET) if rank else 0.0),
        ("fragment", -_FRAGMENT * _lacking(candidate.passage)),
        ("name", lift),
    )
    for source, each in lifts:
        fused = raised(fused, source, each) if each else fused
    return fused


def _lacking(passage: Passage) -> float:
    """How far a passage is from saying something, 0…1; a short document is all there is of it."""
    if passage.is_whole:
        return 0.0
    # What that many characters don't say, the rest hardly will.
    said = sum(map(str.isalnum, passage.text[: 3 * _FEW_CHARACTERS]))
    return max(0.0, 1 - said / _FEW_CHARACTERS)
