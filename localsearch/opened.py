"""What of an index is open: its settings, a store for each thread, and the models in memory."""

from __future__ import annotations

import contextlib
import threading
import weakref
from typing import TYPE_CHECKING, Self

from localsearch.types import ModelError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from localsearch.config import Paths, Settings
    from localsearch.engine.vocabulary import Vocabulary
    from localsearch.store import Store
    from localsearch.store.code_matrix import CodeMatrix
    from localsearch.store.state import State
    from localsearch.store.vectors import ServingModel
    from localsearch.types import Embedder, Reranker


class Opened:
    """Opens what an index needs when it's first asked for, and closes all of it at the end."""

    def __init__(self, paths: Paths, settings: Settings) -> None:
        self.paths = paths
        self.settings = settings
        self._local = threading.local()
        # A thread that ends lets go of its store, and that closes it.
        self._stores: weakref.WeakSet[Store] = weakref.WeakSet()
        self._matrix: CodeMatrix | None = None
        self._embedders: dict[str, Embedder] = {}
        # What each was made of when it was opened; its file may hold another one by now.
        self._sources: dict[str, str] = {}
        self._reranker_source = ""
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
            if self._matrix is not None:
                self._matrix.close()
        self._local = threading.local()

    def _root_names(self) -> list[str]:
        return [name for _, name, _ in self._reader().files.roots()]

    def root_paths(self) -> list[str]:
        """The indexed folders."""
        return [path for path, _, _ in self._reader().files.roots()]

    def _reader(self) -> Store:
        store: Store | None = getattr(self._local, "store", None)
        if store is not None and not store.is_in_place():
            # The index was rebuilt, and what's open here is the old one.
            with self._stores_lock:
                self._stores.discard(store)
            store.close()
            store = None
        if store is None:
            from localsearch.store import Store

            store = Store(self.paths.index_file, readonly=True, matrix=self._code_matrix())
            self._local.store = store
            with self._stores_lock:
                self._stores.add(store)
        return store

    def _code_matrix(self) -> CodeMatrix:
        from localsearch.store.code_matrix import CodeMatrix

        with self._stores_lock:
            if self._matrix is None:
                self._matrix = CodeMatrix()
            return self._matrix

    def _embedder_for(self, serving: ServingModel) -> Embedder:
        with self._models_lock:
            for opened in self._embedders.values():
                if opened.fingerprint == serving.fingerprint:
                    return opened
        problem: ModelError | None = None
        for name in self._files_of(serving):
            try:
                embedder = self._open_embedder(name)
            except ModelError as error:
                problem = problem or error
                continue
            if embedder.fingerprint == serving.fingerprint:
                return embedder
        raise problem or ModelError(
            f"the model {serving.name} isn't the one that the index was made with",
            "Run `localsearch index` to embed everything with it again.",
        )

    def _files_of(self, serving: ServingModel) -> Iterator[str]:
        """What to ask for, to get the index's model: several files may have its name."""
        from localsearch.models import resolve_embedder
        from localsearch.models.installed import models_used_before

        wanted = self._wanted(serving)
        yield wanted
        tried = set()
        with contextlib.suppress(ModelError):
            tried.add(resolve_embedder(self.paths, self.settings, wanted).path)
        for model in models_used_before(self.paths, serving.name):
            if model.path not in tried:
                yield str(model.path)

    def open_embedder(self) -> Embedder:
        """What embeds new passages, one for all; in memory only while it's in use.

        Raises ModelError when there's none, or it's broken.
        """
        return self._open_embedder()

    def embedder_made_of(self, source: str) -> Embedder | None:
        """The embedder whose `facts_source` that is, if it's one of those in use here."""
        # Opened first, so that it's there; it isn't loaded by that.
        self._open_embedder()
        for name, opened in list(self._embedders.items()):
            if self._sources.get(name) == source:
                return opened
        return None

    def reranker_made_of(self, source: str) -> Reranker | None:
        """The reranker whose `reranker_source` that is, if it's the one in use here."""
        from localsearch.models.opening import reranker_source

        if not self._rerankers and reranker_source(self.paths, self.settings) != source:
            # Opening it would load it.
            return None
        reranker = self._open_reranker()
        return reranker if self._reranker_source == source else None

    def serving_embedder(self, store: Store) -> Embedder | None:
        """The model whose vectors serve searches; None when there's none, or it's gone."""
        serving = store.vectors.serving_model()
        if serving is None:
            return None
        try:
            return self._embedder_for(serving)
        except ModelError:
            return None

    def _wanted(self, serving: ServingModel) -> str:
        """What to ask for to get the index's model: "" for what the settings name, if that's it."""
        from localsearch.models.choose import chosen_embedder

        # The settings may name it by a path, of which its own name says nothing.
        chosen = chosen_embedder(self.paths, self.settings)
        return "" if chosen == serving.name else serving.name

    @property
    def has_exchanged_model(self) -> bool:
        """Whether a model's file holds another one now; who opens the index anew gets that one."""
        # Without the lock, which is held as long as a model takes to load.
        opened = list(self._embedders.values())
        return any(getattr(each, "is_exchanged", False) for each in opened)

    def _open_embedder(self, name: str = "", *, cancel: threading.Event | None = None) -> Embedder:
        from localsearch.engine.lazy import LazyEmbedder
        from localsearch.models.opening import facts_source

        with self._models_lock:
            embedder = self._embedders.get(name)
            if embedder is None:
                source = facts_source(self.paths, self.settings, name)
                # This one's `cancel` isn't that of who has it loaded again later.
                opening = [cancel]
                with self._open_state() as state:
                    facts = state.model_facts(source)
                embedder = LazyEmbedder(
                    lambda: self._load_embedder(name, opening[0]),
                    idle_s=self.settings.models.idle_unload_s,
                    facts=facts,
                    load_vocabulary=lambda: self._load_vocabulary(name),
                )
                # Loads a model that never was, so that one that's broken is told of here.
                _ = embedder.fingerprint
                opening[0] = None
                self._embedders[name] = embedder
                self._sources[name] = source
            return embedder

    def _load_embedder(self, name: str, cancel: threading.Event | None = None) -> Embedder:
        from localsearch.engine.lazy import facts_of
        from localsearch.models import open_embedder
        from localsearch.models.opening import facts_source

        # Another file may lie there than the last time.
        source = facts_source(self.paths, self.settings, name)
        embedder = open_embedder(self.paths, self.settings, name, cancel=cancel)
        # A full disk stops no search.
        with contextlib.suppress(StoreError), self._open_state() as state:
            state.put_model_facts(source, facts_of(embedder))
        return embedder

    def _load_vocabulary(self, name: str) -> Vocabulary:
        from localsearch.engine.vocabulary import Vocabulary
        from localsearch.models import resolve_embedder

        return Vocabulary(resolve_embedder(self.paths, self.settings, name).path)

    def _open_reranker(self) -> Reranker | None:
        from localsearch.engine.lazy import LazyReranker
        from localsearch.models.choose import resolve_reranker
        from localsearch.models.opening import reranker_source

        with self._models_lock:
            if not self._rerankers:
                self._reranker_source = reranker_source(self.paths, self.settings)
                found = resolve_reranker(self.paths, self.settings)
                idle_s = self.settings.models.idle_unload_s
                self._rerankers.append(
                    None if found is None else LazyReranker(self._load_reranker, idle_s=idle_s)
                )
            return self._rerankers[0]

    def _load_reranker(self) -> Reranker:
        from localsearch.models import open_reranker

        reranker = open_reranker(self.paths, self.settings)
        if reranker is None:
            raise ModelError(
                "the reranker was removed while it was in use",
                "`localsearch models list` shows which ones are here.",
            )
        return reranker

    def _open_state(self) -> State:
        from localsearch.store.state import State

        return State(self.paths.state_file)
