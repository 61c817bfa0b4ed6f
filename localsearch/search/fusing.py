"""In which order do the candidates of words and of meaning stand together?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from localsearch.chunking.chunker import estimate_tokens
from localsearch.search.candidates import Candidate, passage_key
from localsearch.search.placing import all_words, placed
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
# A part of a document with fewer tokens in its letters and digits than this (60 of English, 17 of
# Chinese) says so little that it's near to any query: it loses up to so much.
_FEW_TOKENS = 17
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

    What only words found gets its true cosine. While it has no vector, it's taken to be as near as
    what stands in the list of meaning where it stands in that of words: neither list may hide the
    other while an index is being embedded. A score is the sum of its weights: that of the cosine
    times it, of coverage times its excess, and all others as they are.
    """
    merged = _merged(by_word, by_meaning)
    missing = [
        each.passage.chunk_id
        for each in merged
        if each.why.vector_score is None and each.passage.chunk_id is not None
    ]
    cosines = store.vectors.cosines(model_id, vector, missing)
    candidates = [_with_cosine(each, cosines) for each in merged]
    nearest = sorted((each.score for each in by_meaning), reverse=True)
    estimates = [_estimated_cosine(each, nearest) for each in candidates]
    highest = max([*cosines.values(), *nearest], default=0.0)
    lifts = _lifts(candidates, estimates, highest)
    wordings = compare_wording(
        query.wanted,
        [all_words(each.passage) for each in candidates],
        [each.passage.language for each in candidates],
    )
    fused = [
        _fused(each, estimate, wording, lifts.get(each.passage.file_id, 0.0))
        for each, estimate, wording in zip(candidates, estimates, wordings, strict=True)
    ]
    return [
        replace(each, why=replace(each.why, fused_rank=rank, fused_score=each.score))
        for rank, each in enumerate(placed(fused, query), start=1)
    ]


def _merged(by_word: Sequence[Candidate], by_meaning: Sequence[Candidate]) -> list[Candidate]:
    """Each passage once, with what both say of it."""
    merged = {passage_key(each.passage): each for each in by_meaning}
    for each in by_word:
        known = merged.get(passage_key(each.passage), each)
        why = replace(
            known.why,
            keyword_rank=each.why.keyword_rank,
            keyword_score=each.why.keyword_score,
            name_match=each.why.name_match,
        )
        copies = tuple(dict.fromkeys((*known.copies, *each.copies)))
        merged[passage_key(each.passage)] = replace(known, why=why, copies=copies)
    return list(merged.values())


def _estimated_cosine(candidate: Candidate, nearest: Sequence[float]) -> float | None:
    """The cosine to take for a passage without a vector; `nearest` are the known, highest first."""
    if candidate.why.vector_score is not None:
        return None
    rank = min(candidate.why.keyword_rank or len(nearest), len(nearest))
    return nearest[rank - 1] if nearest else 0.0


def _with_cosine(candidate: Candidate, cosines: Mapping[int, float]) -> Candidate:
    if candidate.why.vector_score is not None or candidate.passage.chunk_id is None:
        return candidate
    cosine = cosines.get(candidate.passage.chunk_id)
    return replace(candidate, why=replace(candidate.why, vector_score=cosine))


def _lifts(
    candidates: Sequence[Candidate], estimates: Sequence[float | None], highest: float
) -> dict[int, float]:
    """What raises the best passage of each file of the query's name to the highest cosine.

    Who types a file's name means that file, whatever its text says; which of its passages comes
    first is still for the cosine to say.
    """
    named = {each.passage.file_id for each in candidates if each.why.name_match}
    own: dict[int, list[float]] = {file_id: [] for file_id in named}
    for each, estimate in zip(candidates, estimates, strict=True):
        if each.passage.file_id in named:
            own[each.passage.file_id].append(each.why.vector_score or estimate or 0.0)
    return {file_id: highest - max(scores) for file_id, scores in own.items()}


def _fused(
    candidate: Candidate, estimate: float | None, wording: Wording, lift: float
) -> Candidate:
    rank = candidate.why.keyword_rank
    lifts = (
        ("estimated", estimate),
        ("keyword", _KEYWORD * wording.share / (rank + _KEYWORD_OFFSET) if rank else 0.0),
        ("fragment", -_FRAGMENT * _lacking(candidate.passage)),
        ("name", lift),
    )
    told = tuple((source, each) for source, each in lifts if each)
    why = replace(
        candidate.why,
        coverage=wording.share,
        coverage_baseline=wording.usual,
        weights=(("cosine", 1.0), ("coverage", _WEIGHT), *told),
    )
    cosine = candidate.why.vector_score or 0.0
    score = cosine + _WEIGHT * wording.excess + sum(each for _, each in told)
    return replace(candidate, why=why, score=score)


def _lacking(passage: Passage) -> float:
    """How far a passage is from saying something, 0…1; a short document is all there is of it."""
    if passage.is_whole:
        return 0.0
    # What that many characters don't say, the rest hardly will.
    said = "".join(filter(str.isalnum, passage.text[: 3 * _FEW_CHARACTERS]))
    return max(0.0, 1 - estimate_tokens(said) / _FEW_TOKENS)
