"""Which passages may answer a query, by word and by meaning?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localsearch.keywords import (
    Term,
    is_unspaced,
    loosened,
    phrase_term,
    query_terms,
)
from localsearch.search.copies import without_copies
from localsearch.store.filters import file_condition, listing_condition, passage_condition
from localsearch.types import Filters, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localsearch.store import Store
    from localsearch.store.filters import PassageCondition
    from localsearch.store.matches import Passage
    from localsearch.types import FloatVector, Query

KEYWORD_CANDIDATES = 50
VECTOR_CANDIDATES = 100
# With so many different texts, copies of some don't matter.
_DISTINCT_WANTED = 20
_FETCHED_MORE = 8
_MOST_FETCHED = 5000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may become a hit, with what speaks for it; `copies` are paths."""

    passage: Passage
    why: Why
    score: float
    copies: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, str]:
        """What a list holds once: the file, or the member of it."""
        return self.passage.path, self.passage.member


@dataclass(frozen=True, slots=True)
class QueryWords:
    """The words of a query as the index knows them."""

    terms: tuple[Term, ...]
    phrases: tuple[Term, ...]
    excluded: tuple[Term, ...]

    @property
    def needles(self) -> tuple[str, ...]:
        """What to mark in a passage, folded; the longest first.

        Beside longer words, those of up to three letters are mostly "the", "und" and "que".
        """
        needles = {term.needle for term in self.terms}
        telling = {each for each in needles if len(each) > 3 or is_unspaced(each[0])}
        phrases = {term.needle for term in self.phrases}
        return tuple(sorted((telling or needles) | phrases, key=len, reverse=True))


def query_words(query: Query) -> QueryWords:
    """The words, phrases and exclusions of a query."""
    phrases = (phrase_term(phrase) for phrase in query.phrases)
    excluded = (phrase_term(phrase) for phrase in query.excluded)
    return QueryWords(
        terms=query_terms(query.text, prefix_last=query.prefix_last),
        phrases=tuple(term for term in phrases if term),
        excluded=tuple(term for term in excluded if term),
    )


def keyword_candidates(store: Store, query: Query, words: QueryWords) -> list[Candidate]:
    """What holds the query's words: files of that name, then all words, then the telling ones."""
    roots = store.files.roots()
    condition = passage_condition(query.filters, roots, words.phrases, words.excluded)
    if not words.terms and not words.phrases:
        return _by_date(store, query, words) if has_filters(query) else []
    return _distinct_enough(
        lambda limit: _by_word(store, query, words, condition, limit), _most_by_word(query), query
    )


def _by_word(
    store: Store, query: Query, words: QueryWords, condition: PassageCondition, limit: int
) -> list[Candidate]:
    each = not query.passages
    terms = (*words.terms, *words.phrases)
    chunk_scores = dict(store.matches.chunks(terms, "AND", limit, condition, one_per_document=each))
    loose = loosened(words.terms)
    if len(chunk_scores) < limit and len(loose) > 1:
        found = store.matches.any_of(loose, limit, condition, one_per_document=each)
        chunk_scores |= {key: score for key, score in found if key not in chunk_scores}
    if len(chunk_scores) < limit and words.terms and words.phrases:
        # What must hold is enough by itself.
        found = store.matches.chunks(words.phrases, "AND", limit, condition, one_per_document=each)
        chunk_scores |= {key: score for key, score in found if key not in chunk_scores}
    passages = store.matches.passages(chunk_scores)
    by_text = [passages[chunk_id] for chunk_id in chunk_scores if chunk_id in passages]
    best_of_file = {passage.file_id: passage for passage in reversed(by_text)}
    by_name = [best_of_file.get(each.file_id, each) for each in _named_files(store, query, words)]
    named = {passage.file_id for passage in by_name}
    scores = {id(passage): chunk_scores.get(passage.chunk_id or 0, 0.0) for passage in by_text}
    ordered = list({passage_key(passage): passage for passage in (*by_name, *by_text)}.values())
    return [
        Candidate(
            passage,
            Why(
                keyword_rank=rank,
                keyword_score=scores.get(id(passage)),
                name_match=passage.file_id in named,
            ),
            # Rank decides here: scores of names and of texts aren't on one scale.
            1.0 / rank,
        )
        for rank, passage in enumerate(ordered, start=1)
    ]


def _most_by_word(query: Query) -> int:
    return max(KEYWORD_CANDIDATES, query.limit)


def still_stand(store: Store, candidates: Sequence[Candidate]) -> bool:
    """Whether the passages of these are what they were when they were found."""
    found = [each.passage for each in candidates]
    now = store.matches.passages(each.chunk_id for each in found if each.chunk_id is not None)
    nameless = store.matches.names_only(each.file_id for each in found if each.chunk_id is None)
    return all(
        each == (nameless.get(each.file_id) if each.chunk_id is None else now.get(each.chunk_id))
        for each in found
    )


def passage_key(passage: Passage) -> tuple[int | None, int]:
    """What tells passages apart: the chunk, or the file where it has no text."""
    return passage.chunk_id, passage.file_id


def has_filters(query: Query) -> bool:
    """Whether the text of a query says more than words, so that files can be listed by it."""
    return query.filters != type(query.filters)(within=query.filters.within)


def _by_date(store: Store, query: Query, words: QueryWords) -> list[Candidate]:
    """What the filters alone say, latest first; no rank by words where some were asked for."""
    condition = listing_condition(query.filters, store.files.roots(), words.excluded)
    file_ids = store.matches.recent_files(_most_by_word(query), condition)
    found = _first_passages(store, query, words, file_ids)
    return [
        Candidate(passage, Why(keyword_rank=None if query.wanted else rank), 1.0 / rank)
        for rank, passage in enumerate(found, start=1)
    ]


def _named_files(store: Store, query: Query, words: QueryWords) -> list[Passage]:
    condition = file_condition(query.filters, store.files.roots(), words.excluded)
    terms = (*words.terms, *words.phrases)
    named = store.matches.file_names(terms, _most_by_word(query), condition)
    return _first_passages(store, query, words, [file_id for file_id, _ in named])


def _first_passages(
    store: Store, query: Query, words: QueryWords, file_ids: Sequence[int]
) -> list[Passage]:
    """The first passage of each file that may be shown; its name alone where it has no text."""
    # The other filters are of the file, which the kind of a member needn't share.
    filters = Filters(languages=query.filters.languages)
    condition = passage_condition(filters, store.files.roots(), (), words.excluded)
    first = store.matches.first_chunks(file_ids, condition)
    passages = store.matches.passages(first.values())
    # A name is in no language.
    bare = [] if filters.languages else [each for each in file_ids if each not in first]
    nameless = store.matches.names_only(bare)
    found = []
    for file_id in file_ids:
        passage = passages.get(first.get(file_id, 0)) or nameless.get(file_id)
        if passage is not None:
            found.append(passage)
    return found


def vector_candidates(
    store: Store, model_id: int, query: Query, words: QueryWords, vector: FloatVector
) -> list[Candidate]:
    """The passages nearest in meaning, best first."""
    roots = store.files.roots()
    condition = passage_condition(query.filters, roots, words.phrases, words.excluded)

    def nearest(limit: int) -> list[Candidate]:
        found = store.vectors.nearest(
            model_id, vector, limit, condition, one_per_document=not query.passages
        )
        passages = store.matches.passages(chunk_id for chunk_id, _ in found)
        return [
            Candidate(passages[chunk_id], Why(vector_rank=rank, vector_score=cosine), cosine)
            for rank, (chunk_id, cosine) in enumerate(found, start=1)
            if chunk_id in passages
        ]

    return _distinct_enough(nearest, max(VECTOR_CANDIDATES, query.limit), query)


def _distinct_enough(
    fetch: Callable[[int], list[Candidate]], limit: int, query: Query
) -> list[Candidate]:
    """What `fetch` gives, or more of it where copies of a few texts fill that.

    They're listed once, and would leave no room for others; so only the first of each comes along
    then, and ranks count no others.
    """
    wanted = max(_DISTINCT_WANTED, query.limit)
    found = fetch(limit)
    if not _is_full_of_copies(found, limit, wanted):
        return found
    while _is_full_of_copies(found, limit, wanted) and limit < _MOST_FETCHED:
        limit *= _FETCHED_MORE
        found = fetch(limit)
    return [_ranked(each, rank) for rank, each in enumerate(without_copies(found), start=1)]


def _ranked(candidate: Candidate, rank: int) -> Candidate:
    if candidate.why.keyword_rank is None:
        return replace(candidate, why=replace(candidate.why, vector_rank=rank))
    return replace(candidate, why=replace(candidate.why, keyword_rank=rank), score=1.0 / rank)


def _is_full_of_copies(found: Sequence[Candidate], limit: int, wanted: int) -> bool:
    return len(found) >= limit and len({each.passage.text for each in found}) < wanted


def one_per_file(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best passage of each file or member, in order."""
    best: dict[tuple[str, str], Candidate] = {}
    for each in candidates:
        best.setdefault(each.identity, each)
    return list(best.values())
