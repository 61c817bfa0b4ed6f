"""What is found, in stages, and why it stands where it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from localsearch.types.documents import Locator
from localsearch.types.queries import Mode

# How a notice begins that says why no vector was asked.
MEANING_IS_OFF = "Search by meaning is off:"

ScoreKind = Literal["rerank", "likelihood", "fusion", "vector", "keyword"]


@dataclass(frozen=True, slots=True)
class Why:
    """Where a hit's place comes from: the rank (from 1), score and weight by each source.

    `coverage` is the share of the query's wording in the passage, of which what exceeds
    `coverage_baseline` counts. `name_match` says that the file's own name holds the query's words.
    """

    keyword_rank: int | None = None
    keyword_score: float | None = None
    vector_rank: int | None = None
    vector_score: float | None = None
    coverage: float | None = None
    coverage_baseline: float | None = None
    fused_rank: int | None = None
    fused_score: float | None = None
    rerank_rank: int | None = None
    rerank_score: float | None = None
    name_match: bool = False
    weights: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; `highlights` are code-point ranges of `snippet`.

    `nearest` is the range of the sentence that means most nearly what was asked, where somebody
    looked for it because no word of the query is there to be highlighted.
    `chunk_id` is None where only the file's name was found. `text` is the whole passage. Where
    passages are compared with each other, `same_text` says that it is nearly word for word the one
    asked about. `copies` are the other files that hold it so.
    """

    path: str
    member: str
    title: str
    kind: str
    language: str | None
    locator: Locator
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    score: float
    score_kind: ScoreKind
    why: Why
    mtime_ns: int
    text: str = ""
    chunk_id: int | None = None
    relevant: bool | None = None
    same_text: bool = False
    copies: tuple[str, ...] = ()
    nearest: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of known, readable files that can be found by word and by meaning, 0…1."""

    keyword: float = 0.0
    semantic: float = 0.0


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds of each part of a search; 0 where it didn't run."""

    keyword: float = 0.0
    embed: float = 0.0
    vector: float = 0.0
    fuse: float = 0.0
    rerank: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A complete ranked list, and how far the search has come; the last one has `final` set.

    `estimated` says that not all of the best were judged by the reranker, for want of time.
    """

    name: Literal["keyword", "hybrid", "reranked"]
    mode: Mode
    hits: tuple[Hit, ...]
    timings_ms: Timings
    coverage: Coverage
    final: bool = False
    reranked: int = 0
    nothing_relevant: bool = False
    notice: str = ""
    estimated: bool = False
