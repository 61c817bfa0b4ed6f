"""The index as programs use it: what the TUI, the command line and scripts call."""

from __future__ import annotations

import contextlib
import datetime
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from localsearch import config
from localsearch.indexing.indexed_paths import (
    as_indexed,
    readings,
    require_in_root,
    require_searchable,
)
from localsearch.search.remembering import Remembering
from localsearch.types import (
    FileCounts,
    LocalsearchError,
    ModelStatus,
    NoIndexError,
    RootStatus,
    Status,
    StoreError,
)
from localsearch.writing import Writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localsearch.config import Paths
    from localsearch.store import Store
    from localsearch.store.matches import Passage
    from localsearch.types import (
        Hit,
        Mode,
        Query,
        QueryProblem,
        Remark,
        Stage,
        WriterState,
    )


def open_index(paths: Paths | None = None) -> Index:
    """Open this user's index; it need not exist yet. Raises ConfigError for bad settings."""
    paths = paths or config.find_paths()
    return Index(paths, config.load_settings(paths.settings_file))


class Index(Remembering, Writing):
    """One user's index. May be used from any number of threads; models are loaded when needed."""

    # Searching

    def parse(
        self,
        text: str,
        *,
        limit: int | None = None,
        mode: Mode = "hybrid",
        rerank: bool = True,
        budget_s: float | None = None,
        passages: bool = False,
        within: Sequence[str] = (),
        prefix_last: bool = False,
    ) -> Query:
        """Turn what a user typed into a query; never raises, whatever the text."""
        from localsearch.query import parse_query

        paths, names = list[str](), list[str]()
        # What's wrong with the index is for the search to say.
        with contextlib.suppress(NoIndexError, StoreError):
            paths, names = self.root_paths(), self._root_names()
        return parse_query(
            text,
            now=datetime.datetime.now().astimezone(),
            limit=self.settings.search.limit if limit is None else limit,
            mode=mode,
            rerank=rerank,
            budget_s=self.settings.search.budget_s if budget_s is None else budget_s,
            passages=passages,
            within=tuple(as_indexed(each, paths) for each in within),
            prefix_last=prefix_last,
            roots=names,
        )

    def search(self, query: Query, *, cancel: threading.Event | None = None) -> Iterator[Stage]:
        """Yield stages of the answer, each a complete ranked list; it blocks.

        Raises NoIndexError, SemanticUnavailableError (mode semantic only), StoreError,
        CancelledError.
        """
        from localsearch.search.stages import Searcher

        searcher = Searcher(
            self._reader(), self._embedder_for, self._open_reranker, self._open_state
        )
        for stage in searcher.stages(query, cancel=cancel):
            yield self._with_problems(stage, query) if stage.final else stage

    def mark_nearest(
        self, query: Query, hits: Sequence[Hit], *, cancel: threading.Event | None = None
    ) -> Iterator[Hit]:
        """Yield the hits of which no word is marked, with their sentence nearest to the query.

        Takes about as long as embedding their passages. Raises CancelledError, and
        LocalsearchError where there's no model for it.
        """
        from localsearch.search.nearest import mark_nearest

        serving = self._reader().vectors.serving_model()
        if serving is not None:
            yield from mark_nearest(self._embedder_for(serving), query.wanted, hits, cancel=cancel)

    def _with_problems(self, stage: Stage, query: Query) -> Stage:
        said = [
            each.explanation
            for each in self.problems(query.raw)
            # The last word may be one that's still typed.
            if not (query.prefix_last and query.raw.endswith(each.text))
        ]
        return replace(stage, notice=" ".join([*said, stage.notice]).strip()) if said else stage

    def require_indexed(self, paths: Sequence[str]) -> None:
        """Raise NoIndexError for a path that no indexed folder holds, and that holds none."""
        for given in paths:
            require_searchable(given, self.root_paths())

    def problems(self, text: str) -> tuple[QueryProblem, ...]:
        """What of a query isn't understood as it was probably meant."""
        from localsearch.query import problems

        return problems(
            text, roots=self._root_names(), folder_named=self._reader().matches.folder_named
        )

    def similar(
        self,
        path: str,
        *,
        place: int | None = None,
        limit: int | None = None,
        passages: bool = False,
        within: Sequence[str] = (),
        cancel: threading.Event | None = None,
    ) -> Stage:
        """What else says what a file says, or its passage at `place` (a line, page or slide).

        `path` may name a file in an archive: `PATH!/MEMBER`. No model is loaded. Raises
        NoIndexError for a file that isn't indexed, UsageError for a place that isn't in it,
        SemanticUnavailableError while it isn't embedded.
        """
        from localsearch.search.similar import SimilarRequest, find_similar

        roots, matches = self.root_paths(), self._reader().matches
        named = ((as_indexed(file, roots), member) for file, member in readings(path))
        indexed = (each for each in named if matches.of_file(each[0], each[1] or None))
        file, member = next(indexed, (path, ""))
        request = SimilarRequest(
            path=require_in_root(file, roots),
            member=member,
            place=place,
            limit=self.settings.search.limit if limit is None else limit,
            passages=passages,
            within=tuple(as_indexed(each, roots) for each in within),
        )
        return find_similar(self._reader(), request, cancel=cancel)

    def passages_of(self, path: str, member: str = "") -> list[Passage]:
        """All indexed passages of a file, or of a member of it, in order."""
        return self._reader().matches.of_file(path, member)

    def offline_roots(self) -> list[tuple[str, str]]:
        """Path and name of each indexed folder that can't be found now."""
        roots = self._reader().files.roots()
        return [(path, name) for path, name, online in roots if not online]

    def unknown_roots(self) -> list[tuple[str, str]]:
        """Path and name of each indexed folder of which no file is known yet."""
        return self._reader().files.roots_without_files()

    def files(self) -> list[str]:
        """The paths of all files that are known."""
        return list(self._reader().files.known())

    def unread_files(self) -> int:
        """How many files are known that are still to be read."""
        return self._reader().files.pending_count()

    def writer(self) -> WriterState | None:
        """The process that writes the index, if one does and has said so."""
        from localsearch.lock import read_writer

        return read_writer(self.paths.lock_file)

    def reranker_name(self) -> str:
        """The name of the reranker that searches use, "" for none; nothing is loaded."""
        from localsearch.models.choose import chosen_reranker

        return chosen_reranker(self.paths, self.settings)

    # Looking at it

    def status(self) -> Status:
        """What the index holds and how well it is; raises NoIndexError before the first folder."""
        from localsearch.model_change import change as model_change
        from localsearch.service.state import read_state

        store = self._reader()
        counts = store.files.counts()
        return Status(
            roots=tuple(
                RootStatus(path, name, store.files.count_below(path), online)
                for path, name, online in store.files.roots()
            ),
            files=FileCounts(
                total=sum(counts.values()),
                indexed=counts.get("indexed", 0),
                failed=counts.get("failed", 0),
                skipped=counts.get("name_only", 0),
            ),
            chunks=store.documents.chunk_count(),
            coverage=store.coverage(),
            failures=store.files.failures(),
            model=self._model_status(store),
            db_path=str(self.paths.index_file),
            db_bytes=store.file_bytes(),
            service=read_state(self.paths.service_file),
            log_path=str(self.paths.log_file),
            model_change=model_change.status(self.paths),
            writer=self.writer(),
        )

    def remarks(self) -> tuple[Remark, ...]:
        """What's to know of files that were read, in part maybe; each text once for a file."""
        return self._reader().files.remarks()

    def _model_status(self, store: Store) -> ModelStatus | None:
        from localsearch.models import resolve_embedder

        serving = store.vectors.serving_model()
        if serving is None:
            return None
        problem = remedy = ""
        try:
            resolve_embedder(self.paths, self.settings, self._wanted(serving))
        except LocalsearchError as error:
            problem, remedy = error.cause, error.remedy
        return ModelStatus(
            name=serving.name,
            fingerprint=serving.fingerprint,
            dimension=serving.dimension,
            usable=not problem,
            problem=problem,
            remedy=remedy,
        )
