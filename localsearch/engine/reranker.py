"""How likely is it that a passage answers a query? Asked of a Qwen3-Reranker, by its own template.

What comes before the document is decoded once per query; all candidates begin with a copy of it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from localsearch.engine import prompts
from localsearch.engine.gguf import sample_weights
from localsearch.engine.kernels import repacks
from localsearch.engine.plain_text import PlainText
from localsearch.engine.rank_head import RankHead, load_rank_head, refuse_unfit
from localsearch.engine.runtime import Context, Model, Span
from localsearch.engine.turns import Candidate, take_batch
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from localsearch.config import ModelSettings, Paths
    from localsearch.types import FloatMatrix

# The model card scores at most so many tokens of template, query and document together.
_MAX_TOKENS = 8192
# Of these, a query gets at most this share; the rest stays for the document.
_QUERY_SHARE = 0.5
_UBATCH_TOKENS = 512
# Short passages that share a batch; each takes a sequence of the context.
_MAX_PACKED = 32
_PREFIX = 0


def load_reranker(
    path: Path,
    *,
    name: str,
    settings: ModelSettings,
    paths: Paths,
    task: str = prompts.RERANK_TASK,
    repacked: bool | None = None,
) -> GgufReranker:
    """Load a Qwen3-Reranker GGUF, with a classification head or without.

    `task` is the template's instruction; `repacked` says which kernels the weights are for, None
    to have the faster ones chosen. Raises ModelError when the file can't give P(yes).
    """
    info = refuse_unfit(path)
    model = Model(
        path,
        extra_buffers=repacks(paths, info.quantisation, repacked),
        gpu_layers=settings.gpu_layers,
    )
    try:
        return GgufReranker(model, name=name, threads=settings.threads, task=task)
    except BaseException:
        model.close()
        raise


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A query that is being answered; compared by identity, as two calls may ask the same."""

    prefix: list[int]
    batch_tokens: int


class GgufReranker:
    """One reranking model, loaded; several threads may use it, and take turns by batches."""

    def __init__(self, model: Model, *, name: str, threads: int, task: str) -> None:
        self.name = name
        self._model = model
        self._threads = threads
        self._task = task
        self._head: RankHead = load_rank_head(model.path, model)
        self._text = PlainText(model)
        self._suffix = model.tokenize(prompts.RERANK_SUFFIX, parse_special=True)
        self._max_tokens = min(_MAX_TOKENS, model.trained_context)
        parts = (sample_weights(model.path), self._start(""), prompts.RERANK_SUFFIX, "P(yes)")
        self.fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        self._lock = threading.Lock()
        self._context: Context | None = None
        # Whose prefix the context holds.
        self._holds: _Asked | None = None

    @property
    def score_kind(self) -> Literal["rerank", "likelihood"]:
        """Scores are P(yes), 0…1."""
        return "rerank"

    def score(
        self, query: str, passages: Sequence[str], *, cancel: threading.Event | None = None
    ) -> Iterator[tuple[int, float]]:
        """Yield (index into passages, P(yes)) batch by batch, the first passages first.

        Raises CancelledError soon after `cancel` is set; the next call works as ever.
        """
        with self._lock:
            # Also of the vocabulary: once it's freed, looking at it would end the process.
            self._require_open()
            prefix = self._prefix_tokens(query)
            waiting = self._candidates(passages, len(prefix), cancel)
        longest = max((len(each.tokens) for each in waiting), default=0)
        asked = _Asked(prefix, max(longest, _UBATCH_TOKENS))
        while waiting:
            batch = take_batch(waiting, _UBATCH_TOKENS, _MAX_PACKED)
            hidden = self._decode(asked, batch, cancel)
            scores = self._head.probabilities(hidden)
            for candidate, score in zip(batch, scores, strict=True):
                yield candidate.index, score

    def close(self) -> None:
        """Free the weights."""
        with self._lock:
            self._drop_context()
            self._model.close()

    def _require_open(self) -> None:
        if not self._model.handle:
            raise ModelError(f"the model {self.name} is closed", "Load it again.")

    # The template

    def _start(self, query: str) -> str:
        return (
            prompts.RERANK_INSTRUCT
            + self._task
            + prompts.RERANK_QUERY
            + query
            + prompts.RERANK_DOCUMENT
        )

    def _prefix_tokens(self, query: str) -> list[int]:
        """The template up to the document; an overlong query is cut, the template stays whole."""
        opening = self._model.tokenize(prompts.RERANK_PREFIX, parse_special=True)
        tokens = opening + self._text.tokens(self._start(query))
        limit = int((self._max_tokens - len(self._suffix)) * _QUERY_SHARE)
        surplus = len(tokens) - max(limit, len(opening) + 1)
        if surplus <= 0:
            return tokens
        before = prompts.RERANK_INSTRUCT + self._task + prompts.RERANK_QUERY
        kept = len(opening) + len(self._text.tokens(before))
        after = self._text.tokens(prompts.RERANK_DOCUMENT)
        return tokens[: max(kept, limit - len(after))] + after

    def _candidates(
        self, passages: Sequence[str], prefix: int, cancel: threading.Event | None
    ) -> list[Candidate]:
        """The passages as tokens, cut to what fits between the prefix and the suffix."""
        room = self._max_tokens - prefix - len(self._suffix)
        candidates = []
        for index, passage in enumerate(passages):
            if cancel is not None and cancel.is_set():
                raise CancelledError
            tokens = self._text.tokens(" " + passage)[:room] + self._suffix
            candidates.append(Candidate(index, tokens))
        return candidates

    # Decoding

    def _decode(
        self, asked: _Asked, batch: list[Candidate], cancel: threading.Event | None
    ) -> FloatMatrix:
        with self._lock:
            self._require_open()
            context = self._context_for(asked)
            try:
                with context.abort_on(cancel):
                    if self._holds is not asked:
                        self._hold(context, asked)
                    hidden = self._run(context, asked, batch)
            except BaseException:
                context.clear()
                self._holds = None
                raise
            finally:
                if context.batch_tokens > _UBATCH_TOKENS:
                    # Room for passages this long is too dear to keep: 112 KiB a token at 0.6B.
                    self._drop_context()
        if cancel is not None and cancel.is_set():
            raise CancelledError
        return hidden

    def _run(self, context: Context, asked: _Asked, batch: list[Candidate]) -> FloatMatrix:
        start = len(asked.prefix)
        spans = []
        for sequence, candidate in enumerate(batch, start=_PREFIX + 1):
            context.copy_sequence(_PREFIX, sequence)
            spans.append(Span(sequence, candidate.tokens, start))
        hidden = context.decode(spans)
        for span in spans:
            context.remove_sequence(span.sequence)
        return hidden

    def _hold(self, context: Context, asked: _Asked) -> None:
        context.clear()
        self._holds = None
        for start in range(0, len(asked.prefix), context.batch_tokens):
            piece = asked.prefix[start : start + context.batch_tokens]
            context.decode([Span(_PREFIX, piece, start, output=False)])
        self._holds = asked

    def _context_for(self, asked: _Asked) -> Context:
        needed = len(asked.prefix) + asked.batch_tokens
        context = self._context
        if (
            context is not None
            and context.batch_tokens >= asked.batch_tokens
            and context.context_tokens >= needed
        ):
            return context
        self._drop_context()
        self._context = Context(
            self._model,
            output="hidden",
            batch_tokens=asked.batch_tokens,
            max_sequences=1 + _MAX_PACKED,
            # Room for a longer query, so that the next one seldom needs a new context.
            context_tokens=max(needed, 2 * _UBATCH_TOKENS),
            ubatch_tokens=_UBATCH_TOKENS,
            threads=self._threads,
        )
        return self._context

    def _drop_context(self) -> None:
        self._holds = None
        if self._context is not None:
            self._context.close()
            self._context = None
