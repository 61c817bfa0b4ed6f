"""The index as programs use it: what the TUI, the command line and scripts call."""

from __future__ import annotations

import contextlib
import datetime
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from localsearch import config
from localsearch.types import (
    FileCounts,
    LocalsearchError,
    ModelError,
    ModelStatus,
    NoIndexError,
    RootStatus,
    Status,
    StoreError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from localsearch.config import Paths, Settings
    from localsearch.store import Store
    from localsearch.store.matches import Passage
    from localsearch.store.state import State
    from localsearch.store.vectors import ServingModel
    from localsearch.types import (
        Embedder,
        IndexReport,
        Mode,
        Progress,
        Query,
        QueryProblem,
        Reranker,
        Stage,
    )


def open_index(paths: Paths | None = None) -> Index:
    """Open this user's index; it need not exist yet. Raises ConfigError for bad settings."""
    paths = paths or config.find_paths()
    return Index(paths, config.load_settings(paths.settings_file))


class Index:
    """One user's index. May be used from any number of threads; models are loaded when needed."""

    def __init__(self, paths: Paths, settings: Settings) -> None:
        self.paths = paths
        self.settings = settings
        self._local = threading.local()
        self._stores: list[Store] = []
        self._embedders: dict[str, Embedder] = {}
        # Holds the reranker, or None, once it was looked for.
        self._rerankers: list[Reranker | None] = []
        self._stores_lock = threading.Lock()
        # Loading a model takes a while, during which other threads may look at the tables.
        self._models_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the models and close the database; searches of other threads must have ended."""
        with self._models_lock:
            for model in (*self._embedders.values(), *self._rerankers):
                if model is not None:
                    model.close()
            self._embedders.clear()
            self._rerankers.clear()
        with self._stores_lock:
            for store in self._stores:
                store.close()
            self._stores.clear()
        self._local = threading.local()

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

        return parse_query(
            text,
            now=datetime.datetime.now().astimezone(),
            limit=self.settings.search.limit if limit is None else limit,
            mode=mode,
            rerank=rerank,
            budget_s=self.settings.search.budget_s if budget_s is None else budget_s,
            passages=passages,
            within=tuple(os.path.abspath(os.path.expanduser(each)) for each in within),
            prefix_last=prefix_last,
        )

    def search(self, query: Query, *, cancel: threading.Event | None = None) -> Iterator[Stage]:
        """Yield stages of the answer, each a complete ranked list; it blocks.

        Raises NoIndexError, SemanticUnavailableError (mode semantic only), StoreError,
        CancelledError.
        """
        from localsearch.search import Searcher

        searcher = Searcher(
            self._reader(), self._embedder_for, self._open_reranker, self._open_state
        )
        for stage in searcher.stages(query, cancel=cancel):
            yield self._with_problems(stage, query) if stage.final else stage

    def _with_problems(self, stage: Stage, query: Query) -> Stage:
        said = [
            each.explanation
            for each in self.problems(query.raw)
            # The last word may be one that's still typed.
            if not (query.prefix_last and query.raw.endswith(each.text))
        ]
        return replace(stage, notice=" ".join([stage.notice, *said]).strip()) if said else stage

    def require_indexed(self, paths: Sequence[str]) -> None:
        """Raise NoIndexError for a path that no indexed folder holds, and that holds none."""
        roots = [root for root, _, _ in self._reader().files.roots()]
        for given in paths:
            path = os.path.abspath(os.path.expanduser(given))
            if not any(root.startswith(path.rstrip(os.sep) + os.sep) for root in roots):
                self._path_in_roots(given)

    def problems(self, text: str) -> tuple[QueryProblem, ...]:
        """What of a query isn't understood as it was probably meant."""
        from localsearch.query import problems

        return problems(text, roots=[name for _, name, _ in self._reader().files.roots()])

    def passages_of(self, path: str, member: str = "") -> list[Passage]:
        """All indexed passages of a file, or of a member of it, in order."""
        return self._reader().matches.of_document(path, member)

    def _reader(self) -> Store:
        store: Store | None = getattr(self._local, "store", None)
        if store is None:
            from localsearch.store import Store

            store = Store(self.paths.index_file, readonly=True)
            self._local.store = store
            with self._stores_lock:
                self._stores.append(store)
        return store

    def _embedder_for(self, serving: ServingModel) -> Embedder:
        with self._models_lock:
            for opened in self._embedders.values():
                if opened.fingerprint == serving.fingerprint:
                    return opened
        embedder = self._open_embedder(self._wanted(serving))
        if embedder.fingerprint != serving.fingerprint:
            raise ModelError(
                f"the model {serving.name} isn't the one that the index was made with",
                "Run `localsearch index` to embed everything with it again.",
            )
        return embedder

    def open_embedder(self) -> Embedder:
        """What embeds new passages, one for all; in memory only while it's in use.

        Raises ModelError when there's none, or it's broken.
        """
        return self._open_embedder()

    def _wanted(self, serving: ServingModel) -> str:
        """What to ask for to get the index's model: "" for what the settings name, if that's it."""
        from localsearch.models.choose import chosen_embedder

        # The settings may name it by a path, of which its own name says nothing.
        chosen = chosen_embedder(self.paths, self.settings)
        return "" if chosen == serving.name else serving.name

    def _open_embedder(self, name: str = "") -> Embedder:
        from localsearch.engine.lazy import LazyEmbedder
        from localsearch.models.opening import facts_source

        with self._models_lock:
            embedder = self._embedders.get(name)
            if embedder is None:
                source = facts_source(self.paths, self.settings, name)
                with self._open_state() as state:
                    facts = state.model_facts(source)
                embedder = LazyEmbedder(
                    lambda: self._load_embedder(name, source),
                    idle_s=self.settings.models.idle_unload_s,
                    facts=facts,
                )
                # Loads a model that never was, so that one that's broken is told of here.
                _ = embedder.fingerprint
                self._embedders[name] = embedder
            return embedder

    def _load_embedder(self, name: str, source: str) -> Embedder:
        from localsearch.engine.lazy import facts_of
        from localsearch.models import open_embedder

        embedder = open_embedder(self.paths, self.settings, name)
        # A full disk stops no search.
        with contextlib.suppress(StoreError), self._open_state() as state:
            state.put_model_facts(source, facts_of(embedder))
        return embedder

    def _open_reranker(self) -> Reranker | None:
        from localsearch.models import open_reranker

        with self._models_lock:
            if not self._rerankers:
                self._rerankers.append(open_reranker(self.paths, self.settings))
            return self._rerankers[0]

    # What searches remember

    def _open_state(self) -> State:
        from localsearch.store.state import State

        return State(self.paths.state_file)

    def history(self, limit: int = 100) -> list[str]:
        """Past queries, the latest first; empty where the settings turn the history off."""
        if not self.settings.search.history:
            return []
        with self._open_state() as state:
            return state.history(limit)

    def remember(self, text: str) -> None:
        """Put a query on top of the history, unless the settings turn it off."""
        if self.settings.search.history and text.strip():
            with self._open_state() as state:
                state.remember(text)

    def clear_history(self) -> None:
        """Forget every past query."""
        with self._open_state() as state:
            state.clear_history()

    def saved_searches(self) -> dict[str, str]:
        """Saved searches by name."""
        with self._open_state() as state:
            return state.saved_searches()

    def save_search(self, name: str, text: str) -> None:
        """Save a search under a name."""
        with self._open_state() as state:
            state.save_search(name, text)

    def delete_search(self, name: str) -> None:
        """Forget a saved search."""
        with self._open_state() as state:
            state.delete_search(name)

    # Indexing

    def add_roots(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Add folders to the index, nothing is read yet; gives their absolute paths.

        Raises UsageError for what isn't a folder; then none is added.
        """
        roots = tuple(_root_path(folder) for folder in folders)
        from localsearch.store import Store

        with Store(self.paths.index_file) as store, store.transaction():
            for root in roots:
                store.files.add_root(root)
        return roots

    def remove_root(self, folder: str) -> int:
        """Forget a root and the files that no other root holds; gives their number.

        Raises UsageError when it isn't a root.
        """
        from localsearch.lock import writer_lock
        from localsearch.store import Store

        self._reader()
        path = os.path.abspath(os.path.expanduser(folder))
        with writer_lock(self.paths.lock_file), Store(self.paths.index_file) as store:
            roots = {root for root, _, _ in store.files.roots()}
            if path not in roots and (real := os.path.realpath(path)) in roots:
                path = real
            if path not in roots:
                listed = "\n".join(sorted(roots)) or "(none)"
                raise UsageError(f"{path} is not an indexed folder", f"These are:\n{listed}")
            kept = set(store.files.ids_below([each for each in roots - {path} if each]))
            if any(path == each or path.startswith(each + os.sep) for each in roots - {path}):
                gone: list[int] = []
            else:
                gone = [each for each in store.files.ids_below([path]) if each not in kept]
            with store.transaction():
                store.files.remove_root(path)
                store.documents.remove_files(gone)
            store.tidy()
            return len(gone)

    def update(
        self,
        within: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> IndexReport:
        """Bring the index up to date (of all roots, or of these paths in them); may take long.

        Raises NoIndexError, StoreLockedError when another process is at it, CancelledError when
        stopped (what's done is kept), StoreError.
        """
        from localsearch.indexer import Indexer
        from localsearch.lock import writer_lock
        from localsearch.store import Store

        self._reader()
        inside = [self._path_in_roots(each) for each in within]
        notice = ""
        try:
            embedder: Embedder | None = self._open_embedder()
        except ModelError as error:
            embedder, notice = None, f"search by meaning is off: {error.cause}. {error.remedy}"
        with writer_lock(self.paths.lock_file), Store(self.paths.index_file) as store:
            indexer = Indexer(
                store, self.paths, self.settings, embedder, progress=progress, cancel=cancel
            )
            return indexer.update(inside, notice=notice)

    def _path_in_roots(self, given: str) -> str:
        path = os.path.abspath(os.path.expanduser(given))
        roots = [root for root, _, _ in self._reader().files.roots()]
        for candidate in (path, os.path.realpath(path)):
            if any(candidate == root or candidate.startswith(root + os.sep) for root in roots):
                return candidate
        raise NoIndexError(f"{path} is in no indexed folder", f"Add it: localsearch add {given}")

    # Looking at it

    def status(self) -> Status:
        """What the index holds and how well it is; raises NoIndexError before the first folder."""
        from localsearch.service_state import read_state

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
        )

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


def _root_path(folder: str) -> str:
    path = Path(folder).expanduser()
    try:
        # A root that is a link is indexed under its real name, so that each file is held once.
        real = path.resolve(strict=True)
    except FileNotFoundError as error:
        raise UsageError(f"there is no folder {folder}", "Check the spelling.") from error
    except OSError as error:
        raise UsageError(f"{folder} can't be opened: {error.strerror}") from error
    if not real.is_dir():
        raise UsageError(
            f"{folder} is not a folder", f"Add the folder it's in: localsearch add {real.parent}"
        )
    if not os.access(real, os.R_OK | os.X_OK):
        raise UsageError(f"the folder {folder} can't be read", "Check its permissions.")
    return str(real)
