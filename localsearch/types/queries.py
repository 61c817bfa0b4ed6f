"""What is asked: a query as it was typed, parsed and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["hybrid", "semantic", "keyword"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit's file must be; empty means anything. Times are ns since 1970, sizes bytes."""

    path_globs: tuple[str, ...] = ()
    not_path_globs: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    after_ns: int | None = None
    before_ns: int | None = None
    size_min: int | None = None
    size_max: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: what was typed, the free text of it, and what must hold."""

    raw: str
    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    filters: Filters = Filters()
    limit: int = 10
    mode: Mode = "hybrid"
    rerank: bool = True
    budget_s: float = 2.0
    passages: bool = False
    prefix_last: bool = False

    @property
    def wanted(self) -> str:
        """What's asked for, as a model reads it: phrases included; "" where files are listed."""
        return " ".join((self.text, *self.phrases)).strip()


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query as `api.Index.parse` takes it; None means what the settings say.

    `rerank` is True where the user asked for it, None where it's done if there's a reranker.
    """

    query: str
    limit: int | None = None
    mode: Mode = "hybrid"
    rerank: bool | None = None
    budget_s: float | None = None
    passages: bool = False
    within: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryProblem:
    """A part of a query that doesn't do what it was probably meant to.

    `text` is the part, `cause` a sentence without its stop, `suggestion` what to write instead;
    "" where there's no telling.
    """

    text: str
    cause: str
    suggestion: str = ""

    @property
    def explanation(self) -> str:
        """The problem in a sentence or two."""
        meant = f" Did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.text} was searched for as it stands: {self.cause}.{meant}"
