"""Texts to unit vectors, by the recipe of each model family, in packed batches."""

from __future__ import annotations

import hashlib
import threading
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localsearch.engine import prompts
from localsearch.engine.packing import pack
from localsearch.engine.runtime import Context, Model, Span
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localsearch.config import ModelSettings, Paths
    from localsearch.engine.runtime import Output
    from localsearch.types import FloatMatrix, FloatVector

_QWEN3_END = "<|endoftext|>"
# Longer passages than this are cut: no chunk of ours is, and memory grows with it.
_QWEN3_MAX_TOKENS = 8192
# Matryoshka training of Qwen3-Embedding begins here (model card).
_SMALLEST_DIMENSION = 32


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a family of models wants its input, and where its vector is read."""

    pooling: str
    output: Output
    query: str
    document: str
    max_tokens: int
    ubatch_tokens: int
    max_sequences: int
    matryoshka: bool


def recipe_for(model: Model, settings: ModelSettings) -> Recipe:
    """The recipe for a model's architecture; raises ModelError for one that we don't know."""
    if model.architecture == "bert":
        return Recipe(
            pooling="mean",
            output="pooled",
            query=prompts.E5_QUERY + "{query}",
            document=prompts.E5_PASSAGE + "{text}",
            max_tokens=min(512, model.trained_context),
            ubatch_tokens=512,
            max_sequences=32,
            matryoshka=False,
        )
    if model.architecture == "qwen3":
        task = settings.search_task or prompts.SEARCH_TASK
        return Recipe(
            pooling="last",
            output="hidden",
            query=prompts.QWEN3_QUERY.replace("{task}", task),
            document="{text}",
            max_tokens=min(_QWEN3_MAX_TOKENS, model.trained_context),
            ubatch_tokens=512,
            max_sequences=32,
            matryoshka=True,
        )
    raise ModelError(
        f"{model.path.name} is a {model.architecture or 'nameless'} model, which can't embed here",
        "Use a Qwen3-Embedding model or the starter: localsearch models list",
    )


def load_embedder(
    path: Path,
    *,
    name: str,
    settings: ModelSettings,
    paths: Paths,
    weights_sha256: str,
) -> GgufEmbedder:
    """Load a GGUF as an embedder; raises ModelError when it isn't one or can't be run."""
    from localsearch.engine.probe import probe_native

    probe = probe_native(paths)
    model = Model(path, extra_buffers=probe.extra_buffers_ok, gpu_layers=settings.gpu_layers)
    try:
        return GgufEmbedder(model, name=name, settings=settings, weights_sha256=weights_sha256)
    except BaseException:
        model.close()
        raise


class GgufEmbedder:
    """One embedding model, loaded. May be used from several threads; queries go first."""

    def __init__(
        self, model: Model, *, name: str, settings: ModelSettings, weights_sha256: str
    ) -> None:
        self.name = name
        self._model = model
        self._recipe = recipe_for(model, settings)
        self._settings = settings
        self.dimension = self._checked_dimension(settings.dimension)
        self.fingerprint = self._fingerprint(weights_sha256)
        self.max_tokens = self._recipe.max_tokens
        self._end = self._end_token()
        self._begin = self._begin_token()
        # A context each, sharing the weights: a query needn't wait for a batch to clear the way.
        self._documents: Context | None = None
        self._queries: Context | None = None
        self._documents_lock = threading.Lock()
        self._queries_lock = threading.Lock()
        self._query_waits = threading.Event()
        self._query_done = threading.Event()
        self._query_done.set()

    def _checked_dimension(self, wanted: int) -> int:
        full = self._model.width
        if wanted in (0, full):
            return full
        if not self._recipe.matryoshka or not _SMALLEST_DIMENSION <= wanted < full:
            allowed = f"{_SMALLEST_DIMENSION} to {full}" if self._recipe.matryoshka else f"{full}"
            raise ModelError(
                f"the model {self.name} has no vectors of {wanted} dimensions",
                f"Set `dimension` in [models] to 0 or to {allowed}.",
            )
        return wanted

    def _fingerprint(self, weights_sha256: str) -> str:
        recipe = self._recipe
        parts = (weights_sha256, self.dimension, recipe.pooling, recipe.query, recipe.document)
        return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]

    def _end_token(self) -> int:
        if self._recipe.pooling == "last":
            found = self._model.token_id(_QWEN3_END)
            if found is None:
                raise ModelError(
                    f"the model {self.name} lacks the token {_QWEN3_END}",
                    "It isn't a Qwen3-Embedding model; see `localsearch models list`.",
                )
            return found
        return self._model.tokenize("", add_special=True)[-1]

    def _begin_token(self) -> int | None:
        return (
            None
            if self._recipe.pooling == "last"
            else self._model.tokenize("", add_special=True)[0]
        )

    # Tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone, special tokens and prefixes left out."""
        return len(self._model.tokenize(unicodedata.normalize("NFC", text)))

    def _tokens(self, text: str) -> list[int]:
        content = self._model.tokenize(unicodedata.normalize("NFC", text))
        begin = [] if self._begin is None else [self._begin]
        # The content is cut, never the closing token: the vector is read there.
        return begin + content[: self.max_tokens - len(begin) - 1] + [self._end]

    # Embedding

    def embed_documents(
        self, texts: Sequence[str], *, cancel: threading.Event | None = None
    ) -> FloatMatrix:
        """Vectors of passages, (len(texts), dimension) float32, unit length, in order."""
        import numpy as np

        template = self._recipe.document
        sequences = [self._tokens(template.replace("{text}", text, 1)) for text in texts]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        budget = self._recipe.ubatch_tokens
        batches = pack([len(each) for each in sequences], budget, self._recipe.max_sequences)
        with self._documents_lock:
            context = self._context_for(max((len(each) for each in sequences), default=1))
            with context.abort_on(cancel):
                for batch in batches:
                    rows = self._decode_when_free(context, [sequences[i] for i in batch], cancel)
                    vectors[batch] = self._unit(rows)
        return vectors

    def _decode_when_free(
        self, context: Context, sequences: list[list[int]], cancel: threading.Event | None
    ) -> FloatMatrix:
        while True:
            # A query that waits has the machine to itself first.
            self._query_done.wait()
            if cancel is not None and cancel.is_set():
                raise CancelledError
            try:
                return _decode(context, sequences)
            except CancelledError:
                if cancel is not None and cancel.is_set():
                    raise
                # Aborted for a query's sake: the batch runs again.

    def embed_query(self, text: str, *, cancel: threading.Event | None = None) -> FloatVector:
        """The vector of a query, (dimension,) float32, unit length; it goes before documents."""
        tokens = self._tokens(self._recipe.query.replace("{query}", text, 1))
        with self._queries_lock:
            self._query_done.clear()
            try:
                if self._documents is not None and self._documents_lock.locked():
                    self._documents.abort()
                if self._queries is None or self._queries.batch_tokens < len(tokens):
                    self._queries = self._grown(self._queries, len(tokens), sequences=1)
                with self._queries.abort_on(cancel):
                    rows = _decode(self._queries, [tokens])
            finally:
                self._query_done.set()
        vector: FloatVector = self._unit(rows)[0]
        return vector

    def _context_for(self, longest: int) -> Context:
        if self._documents is None or self._documents.batch_tokens < longest:
            self._documents = self._grown(
                self._documents, longest, sequences=self._recipe.max_sequences
            )
        return self._documents

    def _grown(self, old: Context | None, tokens: int, *, sequences: int) -> Context:
        if old is not None:
            old.close()
        return Context(
            self._model,
            output=self._recipe.output,
            batch_tokens=max(tokens, self._recipe.ubatch_tokens),
            max_sequences=sequences,
            ubatch_tokens=self._recipe.ubatch_tokens,
            threads=self._settings.threads,
        )

    def _unit(self, rows: FloatMatrix) -> FloatMatrix:
        import numpy as np

        rows = rows[:, : self.dimension]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: FloatMatrix = rows / np.maximum(lengths, 1e-12)
        return unit

    def close(self) -> None:
        """Free the weights."""
        with self._queries_lock, self._documents_lock:
            for context in (self._documents, self._queries):
                if context is not None:
                    context.close()
            self._documents = self._queries = None
            self._model.close()


def _decode(context: Context, sequences: list[list[int]]) -> FloatMatrix:
    context.clear()
    return context.decode([Span(number, tokens) for number, tokens in enumerate(sequences)])
