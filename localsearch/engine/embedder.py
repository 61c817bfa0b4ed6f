"""Texts to unit vectors, by the recipe of each model family, in packed batches."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

from localsearch.engine import prompts
from localsearch.engine.gguf import GgufInfo, inspect_gguf
from localsearch.engine.kernels import repacks
from localsearch.engine.packing import pack
from localsearch.engine.plain_text import PlainText
from localsearch.engine.recipes import recipe_for
from localsearch.engine.runtime import Context, Model, Span
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localsearch.config import ModelSettings, Paths
    from localsearch.types import FloatMatrix, FloatVector, OnVectors

# Where a batch can't stand still while a query runs, it's aborted and run again: so often at most,
# or who asks without pause would keep anything from being indexed. Then both share the machine.
_MOST_RESTARTS = 3
# Half a full batch at once is as fast as all of it or faster, and every operation ends sooner: a
# query, and who cancels, waits for one.
UBATCH_TOKENS = 256
# Contexts for texts beyond a full batch come in steps of this many tokens.
_CONTEXT_STEP = 256


def load_embedder(
    path: Path,
    *,
    name: str,
    settings: ModelSettings,
    paths: Paths,
    weights_sha256: str,
    repacked: bool | None = None,
    cancel: threading.Event | None = None,
) -> GgufEmbedder:
    """Load a GGUF as an embedder; raises ModelError when it isn't one or can't be run.

    `repacked` says which kernels it's for, None to have the faster ones chosen. Raises
    CancelledError when `cancel` was set before the weights are loaded.
    """
    info = _refuse_unfit(path)
    model = Model(
        path,
        extra_buffers=repacks(paths, info.quantisation, repacked, cancel=cancel),
        gpu_layers=settings.gpu_layers,
    )
    try:
        return GgufEmbedder(model, name=name, settings=settings, weights_sha256=weights_sha256)
    except BaseException:
        model.close()
        raise


def _refuse_unfit(path: Path) -> GgufInfo:
    info = inspect_gguf(path)
    if info.has_rank_head or info.pooling == "rank":
        raise ModelError(
            f"{path.name} is a model for reranking, which has no vectors to compare",
            "Use a Qwen3-Embedding model or the starter: localsearch models list",
        )
    return info


class GgufEmbedder:
    """One embedding model, loaded. May be used from several threads; queries go first."""

    def __init__(
        self, model: Model, *, name: str, settings: ModelSettings, weights_sha256: str
    ) -> None:
        self.name = name
        self._model = model
        self._recipe = recipe_for(model)
        self._threads = settings.threads
        self._search_task = settings.search_task or prompts.SEARCH_TASK
        self._code_task = settings.code_task or prompts.CODE_TASK
        self.dimension = self._checked_dimension(settings.dimension)
        self.fingerprint = self._fingerprint(weights_sha256)
        self._text = PlainText(model)
        self._opening, self._closing = self._special_tokens()
        self._room = self._recipe.max_tokens - len(self._opening) - len(self._closing)
        self.max_tokens = self._room - len(self._text.tokens(self._recipe.document))
        # A context each, sharing the weights: a query leaves alone what documents have computed.
        self._documents: Context | None = None
        self._queries: Context | None = None
        self._documents_lock = threading.Lock()
        self._queries_lock = threading.Lock()
        self._no_query = threading.Event()
        self._no_query.set()
        self._gives_way = True

    def _checked_dimension(self, wanted: int) -> int:
        full, smallest = self._model.width, self._recipe.smallest_dimension
        if wanted in (0, full):
            return full
        if smallest is None or not smallest <= wanted < full:
            allowed = f"{full}" if smallest is None else f"{smallest} to {full}"
            raise ModelError(
                f"the model {self.name} has no vectors of {wanted} dimensions",
                f"Set `dimension` in [models] to 0 or to {allowed}.",
            )
        return wanted

    def _fingerprint(self, weights_sha256: str) -> str:
        # Not the task that queries name: documents are embedded without it, and stay comparable.
        recipe, architecture = self._recipe, self._model.architecture
        prompt = (recipe.query, recipe.document, recipe.closing_token)
        parts = (weights_sha256, architecture, self.dimension, recipe.pooling, *prompt)
        return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]

    def _special_tokens(self) -> tuple[list[int], list[int]]:
        """What stands before and after every text, whatever the file says of adding it."""
        spelling = self._recipe.closing_token
        if spelling is None:
            around = self._model.tokenize("", add_special=True)
            return around[:1], around[-1:]
        closing = self._model.token_id(spelling)
        if closing is None:
            raise ModelError(
                f"the model {self.name} lacks the token {spelling}",
                "It isn't a Qwen3-Embedding model; see `localsearch models list`.",
            )
        return [], [closing]

    # Tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone, special tokens and prompts left out."""
        return len(self._text.tokens(text))

    def _tokens(self, text: str) -> list[int]:
        # The content is cut, never the closing token: the vector may be read there.
        return self._opening + self._text.tokens(text)[: self._room] + self._closing

    # Documents

    def embed_documents(
        self,
        texts: Sequence[str],
        *,
        cancel: threading.Event | None = None,
        on_vectors: OnVectors | None = None,
    ) -> FloatMatrix:
        """Vectors of passages, (len(texts), dimension) float32, unit length, in order."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        tokens = [self._document_tokens(text, cancel) for text in texts]
        lengths = [len(each) for each in tokens]
        recipe = self._recipe
        for batch in pack(lengths, recipe.batch_tokens, recipe.max_sequences):
            with self._documents_lock:
                if lengths[batch[0]] > recipe.batch_tokens:
                    rows = self._run_long(tokens[batch[0]], cancel)
                else:
                    rows = self._run_batch([tokens[index] for index in batch], cancel)
            vectors[batch] = self._unit(rows)
            if on_vectors is not None:
                on_vectors(batch, vectors[batch])
        return vectors

    def _document_tokens(self, text: str, cancel: threading.Event | None) -> list[int]:
        if cancel is not None and cancel.is_set():
            raise CancelledError
        return self._tokens(self._recipe.document + text)

    def _run_batch(self, sequences: list[list[int]], cancel: threading.Event | None) -> FloatMatrix:
        if self._documents is None:
            recipe = self._recipe
            # There is more to come, as a rule.
            self._model.settle()
            self._documents = self._context(
                recipe.batch_tokens, sequences=recipe.max_sequences, go_ahead=self._no_query
            )
        self._documents.clear()
        spans = [Span(number, tokens) for number, tokens in enumerate(sequences)]
        return self._decode_after_queries(self._documents, spans, cancel)

    def _run_long(self, tokens: list[int], cancel: threading.Event | None) -> FloatMatrix:
        """A text beyond a full batch, in a context that isn't kept: its memory is too dear."""
        context = self._documents = self._reopened(len(tokens))
        try:
            # Step by step, so that a query in between costs one step, not the whole text.
            for step in _steps(tokens, context.batch_tokens):
                rows = self._decode_after_queries(context, [step], cancel)
        finally:
            self._documents = None
            context.close()
        return rows

    def _reopened(self, tokens: int) -> Context:
        if self._documents is not None:
            self._documents.close()
            self._documents = None
        return self._context(tokens, sequences=1, go_ahead=self._no_query)

    def _decode_after_queries(
        self, context: Context, spans: list[Span], cancel: threading.Event | None
    ) -> FloatMatrix:
        restarts = 0
        while True:
            self._gives_way = restarts < _MOST_RESTARTS
            if self._gives_way:
                # A query that waits has the machine to itself first.
                self._no_query.wait()
            try:
                with context.abort_on(cancel):
                    return context.decode(spans)
            except CancelledError:
                if cancel is not None and cancel.is_set():
                    raise
                # Aborted for a query's sake: the batch runs again.
                restarts += 1

    # Queries

    def embed_query(
        self, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        """The vector of a query, (dimension,) float32, unit length; it goes before documents.

        `code` says that source code is looked for, for models whose prompt names the task.
        """
        task = self._code_task if code else self._search_task
        tokens = self._tokens(self._recipe.query.replace("{task}", task) + text)
        with self._queries_lock:
            self._no_query.clear()
            try:
                running = self._documents
                if running is not None and running.steps is None and self._gives_way:
                    running.abort()
                rows = self._run_query(tokens, cancel)
            finally:
                self._no_query.set()
        vector: FloatVector = self._unit(rows)[0]
        return vector

    def _run_query(self, tokens: list[int], cancel: threading.Event | None) -> FloatMatrix:
        usual = self._recipe.query_tokens
        if len(tokens) > usual:
            with self._context(len(tokens), sequences=1) as context, context.abort_on(cancel):
                for step in _steps(tokens, context.batch_tokens):
                    rows = context.decode([step])
                return rows
        if self._queries is None:
            self._queries = self._context(usual, sequences=1)
        self._queries.clear()
        with self._queries.abort_on(cancel):
            return self._queries.decode([Span(0, tokens)])

    # Both

    def _context(
        self, tokens: int, *, sequences: int, go_ahead: threading.Event | None = None
    ) -> Context:
        """Room for `tokens`, in batches no larger than need be."""
        recipe = self._recipe
        if tokens > recipe.batch_tokens:
            tokens = -(-tokens // _CONTEXT_STEP) * _CONTEXT_STEP
        # Pooling needs all of a text in one batch.
        whole = recipe.output == "pooled"
        return Context(
            self._model,
            output=recipe.output,
            batch_tokens=tokens if whole else min(tokens, recipe.batch_tokens),
            max_sequences=sequences,
            context_tokens=tokens,
            ubatch_tokens=UBATCH_TOKENS,
            threads=self._threads,
            go_ahead=go_ahead,
        )

    def _unit(self, rows: FloatMatrix) -> FloatMatrix:
        import numpy as np

        rows = rows[:, : self.dimension]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise ModelError(
                f"the model {self.name} gave vectors that aren't numbers",
                "Its file may be damaged: `localsearch models verify` checks it.",
            )
        unit: FloatMatrix = rows / lengths
        return unit

    def close(self) -> None:
        """Free the weights; waits for what is running."""
        with self._queries_lock, self._documents_lock:
            for context in (self._documents, self._queries):
                if context is not None:
                    context.close()
            self._documents = self._queries = None
            self._model.close()


def _steps(tokens: list[int], size: int) -> Iterator[Span]:
    """One text in pieces that a batch takes, the vector read at its end."""
    for start in range(0, len(tokens), size):
        piece = tokens[start : start + size]
        yield Span(0, piece, start, output=start + len(piece) == len(tokens))
