"""What has to be said beside an answer, so that nobody takes it for more than it is?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localsearch.answering.emptied import what_emptied
from localsearch.search.candidates import has_filters, query_words
from localsearch.terminal import clean, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localsearch.api import Index
    from localsearch.types import Query, SearchRequest, Stage

_MOST_NAMED = 3
_FILTER_EXAMPLE = "or a filter such as kind:pdf"


def notices(index: Index, request: SearchRequest, query: Query, stage: Stage) -> Iterator[str]:
    """Sentences about what was searched and how, beyond what the final `stage` says itself."""
    nothing_asked = _nothing_asked(query)
    if nothing_asked:
        yield nothing_asked
    missing = list(_missing_roots(index, query))
    yield from missing
    if not (nothing_asked or missing or stage.hits):
        yield what_emptied(index, query)
    if not nothing_asked:
        yield _not_all_there(index, stage)
        yield from _not_reranked(index, request, query, stage)


def _nothing_asked(query: Query) -> str:
    """What the query lacks to find anything; "" where there's something to look for."""
    if has_filters(query):
        return ""
    if not query.wanted:
        if query.excluded:
            return f"The query only leaves things out: add a word to look for, {_FILTER_EXAMPLE}."
        return f"The query is empty: give it a word to look for, {_FILTER_EXAMPLE}."
    words = query_words(query)
    if query.mode == "keyword" and not words.terms and not words.phrases:
        return f"There is no word in {clean(query.raw.strip())} that could be looked for."
    return ""


def _not_all_there(index: Index, stage: Stage) -> str:
    """How much of the index isn't there yet; "" where it's whole."""
    coverage = stage.coverage
    unread = index.unread_files() if coverage.keyword < 1 else 0
    if unread:
        text = f"{counted(unread, 'file')} not read yet"
    elif stage.name != "keyword" and coverage.keyword and coverage.semantic < 1:
        # Rounded down, as all but one aren't all.
        text = f"{int(coverage.semantic * 100)} % of the files can be found by meaning so far"
    else:
        return ""
    going_on = "work on it goes on" if index.writer() else "`localsearch index` goes on"
    return f"The index isn't whole: {text} ({going_on})."


def _missing_roots(index: Index, query: Query) -> Iterator[str]:
    """Which of the folders that are searched hold nothing that could be found, and why."""
    if not index.root_paths():
        yield "No folder is indexed: `localsearch add FOLDER` adds one."
    for path in _searched(query, index.offline_roots()):
        yield f"{clean(path)} can't be found now: what it holds is left out."
    unknown = [clean(path) for path in _searched(query, index.unknown_roots())]
    if unknown:
        more = f" and {len(unknown) - _MOST_NAMED} more folders" if unknown[_MOST_NAMED:] else ""
        looks = "work on it goes on" if index.writer() else "`localsearch index` looks for them"
        yield f"No file is known yet in {', '.join(unknown[:_MOST_NAMED])}{more} ({looks})."


def _searched(query: Query, roots: list[tuple[str, str]]) -> Iterator[str]:
    """The paths of those roots that the query doesn't leave out."""
    names, within = query.filters.roots, query.filters.within
    for path, name in roots:
        if names and name not in names:
            continue
        if within and not any(os.path.commonpath((path, each)) in (path, each) for each in within):
            continue
        yield path


def _not_reranked(
    index: Index, request: SearchRequest, query: Query, stage: Stage
) -> Iterator[str]:
    asked = request.rerank is True or (request.rerank is None and request.budget_s)
    if not asked or stage.reranked or not stage.hits or "Rerank" in stage.notice:
        return
    if query.mode == "keyword":
        yield "Nothing was reranked: by words alone nothing is; leave out --mode keyword."
    elif not index.reranker_name():
        from localsearch.models.catalogue import RECOMMENDED_RERANKER

        yield (
            "Nothing was reranked, as no reranker is in use:"
            f" `localsearch models pull {RECOMMENDED_RERANKER}` gets one,"
            " `localsearch models use` chooses one that's here."
        )
