"""How likely would a passage make someone ask the query? Asked of any causal language model.

Query likelihood after Ponte and Croft (1998) with a language model in place of word counts, as in
Sachan et al., "Improving Passage Retrieval with Zero-Shot Question Generation" (2022).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from localsearch.engine.gguf import GgufInfo, inspect_gguf, sample_weights
from localsearch.engine.kernels import repacks
from localsearch.engine.native import library
from localsearch.engine.plain_text import PlainText
from localsearch.engine.runtime import Context, Model, Span
from localsearch.engine.turns import Candidate, take_batch
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from localsearch.config import ModelSettings, Paths
    from localsearch.types import FloatMatrix

_BEFORE = ""
_BETWEEN = "\n\nQuestion:"
# A batch is decoded as one; a passage is cut to fit into it with the query.
_UBATCH_TOKENS = 512
_MAX_QUERY_TOKENS = 64
# Each token of a query takes a row of the whole vocabulary: a megabyte with Gemma's.
_MAX_ROWS = 64
_MAX_PACKED = 8


def load_likelihood_reranker(
    path: Path,
    *,
    name: str,
    settings: ModelSettings,
    paths: Paths,
    repacked: bool | None = None,
) -> LikelihoodReranker:
    """Load any GGUF that predicts the next token; raises ModelError for one that doesn't.

    `repacked` says which kernels the weights are for, None to have the faster ones chosen.
    """
    info = _refuse_unfit(path)
    model = Model(
        path,
        extra_buffers=repacks(paths, info.quantisation, repacked),
        gpu_layers=settings.gpu_layers,
    )
    try:
        return LikelihoodReranker(model, name=name, threads=settings.threads)
    except BaseException:
        model.close()
        raise


def _refuse_unfit(path: Path) -> GgufInfo:
    info = inspect_gguf(path)
    if "bert" in info.architecture or info.pooling not in ("", "none") or info.has_rank_head:
        raise ModelError(
            f"{path.name} doesn't predict texts: its architecture is {info.architecture!r}"
            + (f", made for {info.pooling} pooling" if info.pooling else ""),
            "Likelihood needs a causal language model, such as gemma3-270m of "
            "`localsearch models list`.",
        )
    return info


class LikelihoodReranker:
    """One language model, loaded; several threads may use it, and take turns by batches."""

    def __init__(self, model: Model, *, name: str, threads: int) -> None:
        self.name = name
        self._model = model
        self._threads = threads
        self._text = PlainText(model)
        self._opening = _opening(model) + self._text.tokens(_BEFORE)
        self._between = self._text.tokens(_BETWEEN)
        self._limit = min(_UBATCH_TOKENS, model.trained_context)
        parts = (sample_weights(model.path), _BEFORE, _BETWEEN, "mean log P(query | passage)")
        self.fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        self._lock = threading.Lock()
        self._context: Context | None = None

    @property
    def score_kind(self) -> Literal["rerank", "likelihood"]:
        """Scores are mean natural log-probabilities of the query's tokens, at most 0."""
        return "likelihood"

    def score(
        self, query: str, passages: Sequence[str], *, cancel: threading.Event | None = None
    ) -> Iterator[tuple[int, float]]:
        """Yield (index into passages, mean log P(query | passage)), the first passages first.

        All are 0 for an empty query. Raises CancelledError soon after `cancel` is set; the next
        call works as ever.
        """
        if not query.strip():
            yield from ((index, 0.0) for index in range(len(passages)))
            return
        with self._lock:
            # Also of the vocabulary: once it's freed, looking at it would end the process.
            self._require_open()
            asked = self._text.tokens(" " + query.strip())[:_MAX_QUERY_TOKENS]
            waiting = self._candidates(passages, asked, cancel)
        most = max(1, min(_MAX_PACKED, _MAX_ROWS // len(asked)))
        while waiting:
            batch = take_batch(waiting, self._limit, most)
            logits = self._decode(batch, len(asked), cancel)
            for number, candidate in enumerate(batch):
                rows = logits[number * len(asked) : (number + 1) * len(asked)]
                yield candidate.index, _mean_log_probability(rows, asked)

    def close(self) -> None:
        """Free the weights."""
        with self._lock:
            if self._context is not None:
                self._context.close()
                self._context = None
            self._model.close()

    def _require_open(self) -> None:
        if not self._model.handle:
            raise ModelError(f"the model {self.name} is closed", "Load it again.")

    def _candidates(
        self, passages: Sequence[str], asked: list[int], cancel: threading.Event | None
    ) -> list[Candidate]:
        """Passages and query as tokens, the passages cut to what fits into a batch."""
        room = self._limit - len(self._opening) - len(self._between) - len(asked)
        candidates = []
        for index, passage in enumerate(passages):
            if cancel is not None and cancel.is_set():
                raise CancelledError
            content = self._text.tokens(passage)[:room]
            candidates.append(Candidate(index, self._opening + content + self._between + asked))
        return candidates

    def _decode(
        self, batch: list[Candidate], asked: int, cancel: threading.Event | None
    ) -> FloatMatrix:
        """Logits before each of the last `asked` tokens of each candidate, row after row."""
        spans = []
        for sequence, candidate in enumerate(batch):
            start = len(candidate.tokens) - asked
            spans.append(Span(sequence, candidate.tokens[:start]))
            # The last token predicts nothing that is asked for, so it isn't decoded.
            spans += [
                Span(sequence, [token], start + offset)
                for offset, token in enumerate(candidate.tokens[start:-1])
            ]
        with self._lock:
            self._require_open()
            if self._context is None:
                self._context = Context(
                    self._model,
                    output="logits",
                    batch_tokens=self._limit,
                    max_sequences=_MAX_PACKED,
                    ubatch_tokens=self._limit,
                    threads=self._threads,
                )
            self._context.clear()
            with self._context.abort_on(cancel):
                logits = self._context.decode(spans)
        if cancel is not None and cancel.is_set():
            raise CancelledError
        return logits


def _opening(model: Model) -> list[int]:
    llama = library()
    if not llama.llama_vocab_get_add_bos(model.vocabulary):
        return []
    return [int(llama.llama_vocab_bos(model.vocabulary))]


def _mean_log_probability(logits: FloatMatrix, tokens: list[int]) -> float:
    """Mean over the rows of log softmax(row)[token]."""
    import numpy as np

    top = logits.max(axis=1)
    totals = np.log(np.exp(logits - top[:, None]).sum(axis=1, dtype=np.float64)) + top
    return float((logits[np.arange(len(tokens)), tokens] - totals).mean())
