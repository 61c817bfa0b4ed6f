"""Answers a search request with an open index: what the command line and the service both do."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from localsearch.answering.notices import notices

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from localsearch.api import Index
    from localsearch.types import QueryProblem, SearchRequest, Stage


def answer(
    index: Index, request: SearchRequest, *, cancel: threading.Event
) -> Iterator[tuple[Stage, tuple[QueryProblem, ...]]]:
    """Yield the stages, each with what of the query wasn't understood.

    Raises what `Index.search` does, and NoIndexError for a folder that isn't indexed.
    """
    within = [os.fsdecode(path) for path in request.within]
    index.require_indexed(within)
    query = index.parse(
        request.query,
        limit=request.limit,
        mode=request.mode,
        rerank=request.rerank is not False,
        budget_s=request.budget_s,
        passages=request.passages,
        within=within,
    )
    problems = index.problems(query.raw)
    for stage in index.search(query, cancel=cancel):
        said = notices(index, request, query, stage) if stage.final else ()
        yield replace(stage, notice=" ".join(filter(None, (stage.notice, *said)))), problems
