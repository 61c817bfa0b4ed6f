"""What else says this? The passages of other files that mean the same as a passage or a file.

The vectors are in the index already, so no model is loaded. Each is treated as a query's is: what
only tells its language is taken out, so that the same thing said in another one comes first.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localsearch.search.copies import is_copy
from localsearch.search.hits import hit_of
from localsearch.search.language_bias import without_language
from localsearch.store.filters import in_other_files, passage_condition
from localsearch.types import (
    CancelledError,
    Filters,
    Hit,
    NoIndexError,
    SemanticUnavailableError,
    Stage,
    Timings,
    UsageError,
    Why,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Sequence

    from localsearch.store import Store
    from localsearch.store.matches import Passage
    from localsearch.store.vectors import ServingModel
    from localsearch.types import FloatVector, Locator

# Each takes a look at every vector of the index; a longer file is represented by so many of its
# passages, spread evenly.
MOST_COMPARED = 16
_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class SimilarRequest:
    """Whose like is looked for: a file, or the passage at `place` (a line, else page or slide).

    `member` is a file in it, if it's an archive; `passages` lists every passage, not only the best
    of each file; `within` are absolute paths.
    """

    path: str
    member: str = ""
    place: int | None = None
    limit: int = 10
    passages: bool = False
    within: tuple[str, ...] = ()


def find_similar(
    store: Store, request: SimilarRequest, *, cancel: threading.Event | None = None
) -> Stage:
    """The nearest passages of other files, best first; copies of one another are listed once.

    Raises NoIndexError for a file without indexed text, UsageError for a place that isn't in it,
    SemanticUnavailableError while it isn't embedded.
    """
    began_s = time.perf_counter()
    with store.snapshot():
        serving = store.vectors.serving_model()
        every = store.matches.of_file(request.path, request.member or None)
        if not every:
            raise _without_text(store, request.path)
        asked = _asked(every, request)
        compared = _spread(asked)
        chunk_ids = [each.chunk_id for each in compared if each.chunk_id is not None]
        vectors = {} if serving is None else store.vectors.of_chunks(serving, chunk_ids)
        if serving is None or not vectors:
            raise SemanticUnavailableError(
                f"{request.path} isn't embedded yet",
                "Run `localsearch index` with a model: `localsearch models list` shows them.",
            )
        best = _nearest(store, serving, request, list(vectors.values()), asked[0].file_id, cancel)
        passages = store.matches.passages(best)
        coverage = store.coverage()
    telling = filter(_says_something, passages.values())
    ranked = sorted(telling, key=lambda each: (-best[each.chunk_id or 0], each.path))
    hits = _hits(ranked, best, asked, request)
    elapsed_ms = (time.perf_counter() - began_s) * 1000
    return Stage(
        "hybrid",
        "semantic",
        hits,
        Timings(vector=elapsed_ms, total=elapsed_ms),
        coverage,
        final=True,
        nothing_relevant=not hits,
        notice=_notice(len(asked), len(vectors)),
    )


def _says_something(passage: Passage) -> bool:
    """Whether it's more than a heading: any two of those are alike, whatever they say."""
    heading = passage.heading_path[-1] if passage.heading_path else ""
    return passage.text.strip("#=-*_ \n") != heading


def _without_text(store: Store, path: str) -> NoIndexError:
    """Why there's nothing to compare a file by, and what to do about it."""
    if os.path.isdir(path):
        return NoIndexError(f"{path} is a folder", "Name a file in it.")
    known = store.files.known([path]).get(path)
    if known is None and not os.path.lexists(path):
        return NoIndexError(f"{path} isn't in the index", "Check the spelling.")
    if known is None:
        return NoIndexError(
            f"{path} isn't in the index",
            f"`localsearch index {path}` reads it, unless it's of those that are left out:"
            " likely secrets, and what ignore files name.",
        )
    if known.state == "pending":
        return NoIndexError(f"{path} isn't read yet", "Run `localsearch index`.")
    if known.state == "failed":
        return NoIndexError(f"{path} couldn't be read", "`localsearch status` says why.")
    return NoIndexError(f"no text was found in {path}", "Searches find it by its name alone.")


def _asked(every: Sequence[Passage], request: SimilarRequest) -> list[Passage]:
    """The passages that the request means."""
    if request.place is None:
        return [each for each in every if _says_something(each)] or list(every)
    numbered = [(span, each) for each in every if (span := _span(each.locator)) is not None]
    if not numbered:
        raise UsageError(
            f"the passages of {request.path} have no line, page or slide", "Name the file alone."
        )
    last = max(end for (_, end), _ in numbered)
    if not 1 <= request.place <= last:
        raise UsageError(
            f"{request.path} has no text at {request.place}", f"Its text ends at {last}."
        )
    # Between two passages, where lines are blank, the one that comes next is meant.
    holding = [each for (start, end), each in numbered if start <= request.place <= end]
    following = ((start, each) for (start, _), each in numbered if start > request.place)
    return holding or [min(following, key=lambda pair: pair[0])[1]]


def _span(locator: Locator) -> tuple[int, int] | None:
    if locator.line_start is not None:
        return locator.line_start, locator.line_end or locator.line_start
    number = locator.page or locator.slide
    return None if number is None else (number, number)


def _spread(passages: Sequence[Passage]) -> list[Passage]:
    if len(passages) <= MOST_COMPARED:
        return list(passages)
    return [passages[number * len(passages) // MOST_COMPARED] for number in range(MOST_COMPARED)]


def _nearest(
    store: Store,
    serving: ServingModel,
    request: SimilarRequest,
    vectors: Sequence[FloatVector],
    file_id: int,
    cancel: threading.Event | None,
) -> dict[int, float]:
    """The highest cosine of each candidate to any of the vectors, by chunk id."""
    directions = store.vectors.language_directions(serving)
    filters = Filters(within=request.within)
    condition = in_other_files(passage_condition(filters, store.files.roots()), file_id)
    best: dict[int, float] = {}
    for vector in vectors:
        if cancel is not None and cancel.is_set():
            raise CancelledError("the search was stopped")
        wanted = vector if directions is None else without_language(vector, directions)
        for chunk_id, cosine in store.vectors.nearest(serving.id, wanted, _CANDIDATES, condition):
            best[chunk_id] = max(cosine, best.get(chunk_id, -1.0))
    return best


def _hits(
    ranked: Iterable[Passage],
    cosines: dict[int, float],
    asked: Sequence[Passage],
    request: SimilarRequest,
) -> tuple[Hit, ...]:
    """One hit for each text, with the places of its copies, as many as the limit."""
    hits: list[Hit] = []
    taken: dict[tuple[str, str], int] = {}
    for rank, passage in enumerate(ranked, start=1):
        same = next((n for n, hit in enumerate(hits) if is_copy(hit.text, passage.text)), None)
        if same is not None:
            known = hits[same]
            if passage.path not in (known.path, *known.copies):
                hits[same] = replace(known, copies=(*known.copies, passage.path))
            continue
        identity = passage.path, passage.member
        if len(hits) == request.limit or (identity in taken and not request.passages):
            continue
        taken[identity] = len(hits)
        hits.append(_hit(passage, cosines[passage.chunk_id or 0], rank, asked))
    return tuple(hits)


def _hit(passage: Passage, cosine: float, rank: int, asked: Sequence[Passage]) -> Hit:
    hit = hit_of(passage, cosine, "vector", Why(vector_rank=rank, vector_score=cosine))
    return replace(hit, same_text=any(is_copy(each.text, passage.text) for each in asked))


def _notice(asked: int, compared: int) -> str:
    if compared >= asked:
        return ""
    return (
        f"{compared} of its {asked} passages were compared."
        " For one of them: localsearch similar FILE:LINE"
    )
