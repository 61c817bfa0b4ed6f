"""Contexts of llama.cpp: decoding packed batches with a model's weights.

llama.cpp ends the whole process when it's asked for more than a context holds, so every length is
checked here before it gets there.
"""

from __future__ import annotations

import ctypes
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

from localsearch.engine.batch import Batch, Span
from localsearch.engine.native import abort_check, ggml, last_words, library
from localsearch.engine.steps import Steps
from localsearch.engine.threads import usable_threads
from localsearch.engine.weights import Model
from localsearch.meanwhile import as_soon_as
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localsearch.types import FloatMatrix

__all__ = ["Context", "Model", "Output", "Span"]

# What llama_decode returns when the abort callback said so.
_ABORTED = 2
# llama.cpp lays tensors out in steps of 32 bytes, the head's result for all outputs among them.
# After a vocabulary of an odd size, all straddle cache lines, unless the outputs are a multiple of
# this: where they aren't, a CPU with AMX has 0.7 times the speed (0.6B, Q8_0).
_OUTPUTS_STEP = 16
# How often a caller's event is looked at while a decode runs.
_CANCEL_POLL_S = 0.01

Output = Literal["hidden", "pooled", "logits"]


class Context:
    """Working memory of a model for batches of up to `batch_tokens` in up to `max_sequences`.

    `output` says what is read of the flagged tokens: `hidden` the last hidden state (the head is
    never computed), `pooled` the model's pooled embedding of each sequence, `logits` the head's
    result. Sequences longer than `ubatch_tokens` are computed in steps of that many, unless the
    model sees all of a text at once (`pooled`), for which it's raised to `batch_tokens`.
    While `go_ahead` isn't set, a decode of `hidden` states stands still between two of its steps.
    Used by one thread at a time; `abort` may be called from any other.
    """

    def __init__(
        self,
        model: Model,
        *,
        output: Output,
        batch_tokens: int,
        max_sequences: int,
        context_tokens: int | None = None,
        ubatch_tokens: int = 512,
        threads: int = 0,
        go_ahead: threading.Event | None = None,
    ) -> None:
        if output == "pooled":
            # llama.cpp shares a batch out evenly when it plans, and ends the process if it can't.
            batch_tokens = -(-batch_tokens // max_sequences) * max_sequences
        self.model = model
        self.output = output
        self.batch_tokens = batch_tokens
        self.max_sequences = max_sequences
        self.context_tokens = max(context_tokens or 0, batch_tokens)
        # Positions past these have no embedding, or one that was never trained.
        self.max_position = min(self.context_tokens, model.trained_context or self.context_tokens)
        llama = library()
        # A string of one byte or none, for `abort_check`.
        self._stop = ctypes.create_string_buffer(2)
        self._rows: list[FloatMatrix] = []
        self._callback_error: BaseException | None = None
        self.steps: Steps | None = None
        if go_ahead is not None and output == "hidden":
            self.steps = Steps(go_ahead, lambda: self._stop[0] != b"\0")
        # Both are called by llama.cpp for as long as the context lives.
        self._abort_check = ctypes.cast(abort_check(), llama.ggml_abort_callback)
        self._on_tensor = llama.ggml_backend_sched_eval_callback(self._look_at_tensor)
        parameters = llama.llama_context_default_params()
        # llama.cpp plans for batches with as many tokens of each sequence, and ends the process
        # where that doesn't come out even or leaves a sequence without any.
        even = -(-batch_tokens // max_sequences) * max_sequences
        parameters.n_ctx = max(self.context_tokens, even)
        parameters.n_batch = even
        parameters.n_ubatch = even if output == "pooled" else min(ubatch_tokens, even)
        parameters.n_seq_max = max_sequences
        parameters.n_threads = parameters.n_threads_batch = threads or usable_threads()
        parameters.flash_attn_type = -1
        # One pool of cells, so that a prefix can be shared and outputs keep the batch's order.
        parameters.kv_unified = True
        parameters.abort_callback = self._abort_check
        parameters.abort_callback_data = ctypes.cast(self._stop, ctypes.c_void_p)
        parameters.embeddings = output == "pooled"
        if output == "hidden":
            parameters.cb_eval = self._on_tensor
            # Else llama.cpp keeps room for the whole vocabulary's logits of every token.
            parameters.n_outputs_max = -(-max_sequences // _OUTPUTS_STEP) * _OUTPUTS_STEP
        self._context: Any = llama.llama_init_from_model(model.handle, parameters)
        if not self._context:
            raise ModelError(
                f"there is no memory to run the model {model.path.name}: {last_words()}",
                "Close other programs, or use a smaller model: localsearch models list",
            )
        self._batch = Batch(batch_tokens)

    # Memory of past tokens

    def clear(self) -> None:
        """Forget all sequences."""
        llama = library()
        memory = llama.llama_get_memory(self._context)
        # Models that see all of a text at once remember none.
        if memory:
            llama.llama_memory_clear(memory, True)

    def copy_sequence(self, source: int, target: int) -> None:
        """Let `target` begin with all that `source` holds; nothing is computed again."""
        llama = library()
        llama.llama_memory_seq_cp(llama.llama_get_memory(self._context), source, target, 0, -1)

    def remove_sequence(self, sequence: int, start: int = 0) -> None:
        """Forget a sequence from position `start` on."""
        llama = library()
        memory = llama.llama_get_memory(self._context)
        if memory:
            llama.llama_memory_seq_rm(memory, sequence, start, -1)

    # Decoding

    @contextmanager
    def abort_on(self, cancel: threading.Event | None) -> Iterator[None]:
        """While inside, a decode ends soon after `cancel` is set."""
        if cancel is None:
            yield
            return
        if cancel.is_set():
            raise CancelledError
        try:
            with as_soon_as(cancel.is_set, self.abort, poll_s=_CANCEL_POLL_S):
                yield
        finally:
            self._stop[0] = b"\0"

    def abort(self) -> None:
        """End the decode that is running, from any thread."""
        self._stop[0] = b"\1"

    def decode(self, spans: Sequence[Span]) -> FloatMatrix:
        """Run the spans as one batch; a row for each span with `output`, in order, float32.

        Rows are `width` wide, or `vocabulary_size` for logits. Raises ValueError for more than the
        context takes; CancelledError after `abort`, and the context then holds what it held before.
        """
        self._check(spans)
        self._batch.fill(spans, all_outputs=self.output == "pooled")
        self._rows.clear()
        self._callback_error = None
        if self.steps is not None:
            self.steps.begin()
        code = library().llama_decode(self._context, self._batch.struct)
        if code == 0 and self._callback_error is None:
            return self._hidden(spans) if self.output == "hidden" else self._read(spans)
        for span in spans:
            self.remove_sequence(span.sequence, span.start)
        if code == _ABORTED or self._callback_error is not None:
            self._stop[0] = b"\0"
            raise self._callback_error or CancelledError
        raise ModelError(
            f"the model {self.model.path.name} failed while it ran ({code}): {last_words()}",
            "Run it again; if that doesn't help, `localsearch models list` shows others.",
        )

    def _check(self, spans: Sequence[Span]) -> None:
        """What llama.cpp would end the process for, or answer with nonsense."""
        count = sum(len(span.tokens) for span in spans)
        if not self._context:
            raise ModelError(f"the model {self.model.path.name} is closed", "Load it again.")
        if not 0 < count <= self.batch_tokens:
            raise ValueError(f"{count} tokens in a batch of at most {self.batch_tokens}")
        for span in spans:
            if not span.tokens:
                raise ValueError("a sequence without tokens")
            if not 0 <= span.sequence < self.max_sequences:
                raise ValueError(f"sequence {span.sequence} of {self.max_sequences}")
            if span.start < 0 or span.start + len(span.tokens) > self.max_position:
                raise ValueError(f"{span.start + len(span.tokens)} tokens in a row are too many")
        outputs = [span.sequence for span in spans if span.output]
        if self.output == "pooled" and len(set(outputs)) < len(spans):
            raise ValueError("each text needs a sequence of its own")
        if self.output == "hidden" and len(outputs) > self.max_sequences:
            raise ValueError(f"{len(outputs)} outputs of {self.max_sequences}")

    def _look_at_tensor(self, tensor: int, ask: bool, _data: object) -> bool:
        """llama.cpp asks of each tensor whether we want it, then shows it; False ends the graph."""
        try:
            wanted = bool(ggml().ggml_get_name(tensor) == b"result_norm")
            steps = self.steps
            if ask:
                return (steps is not None and steps.ends_here()) or wanted
            if wanted:
                self._keep_rows(tensor)
            elif steps is not None:
                steps.rest()
        except BaseException as error:  # noqa: BLE001 (nothing can pass through C)
            # A KeyboardInterrupt, for one, comes up wherever Python runs; `decode` raises it.
            self._callback_error = error
            self.abort()
            return False
        return not wanted

    def _keep_rows(self, tensor: int) -> None:
        import numpy as np

        native = ggml()
        values = int(native.ggml_nelements(tensor))
        rows = np.empty((values // self.model.width, self.model.width), dtype=np.float32)
        native.ggml_backend_tensor_get(tensor, rows.ctypes.data, 0, values * 4)
        self._rows.append(rows)

    def _hidden(self, spans: Sequence[Span]) -> FloatMatrix:
        import numpy as np

        wanted = sum(span.output for span in spans)
        if not wanted:
            return np.empty((0, self.model.width), np.float32)
        # A ubatch in which no text ends gives rows that nobody asked for, or none.
        rows = np.concatenate(self._rows) if self._rows else np.empty((0, 0), np.float32)
        if len(rows) != wanted:
            raise ModelError(
                f"the model {self.model.path.name} gave {len(rows)} vectors for {wanted} texts",
                "This version of llama.cpp isn't the one that localsearch was made for.",
            )
        return rows

    def _read(self, spans: Sequence[Span]) -> FloatMatrix:
        import numpy as np

        llama = library()
        pooled = self.output == "pooled"
        width = self.model.width if pooled else self.model.vocabulary_size
        rows, at = [], 0
        for span in spans:
            at += len(span.tokens)
            if not span.output:
                continue
            pointer = (
                llama.llama_get_embeddings_seq(self._context, span.sequence)
                if pooled
                else llama.llama_get_logits_ith(self._context, at - 1)
            )
            if not pointer:
                raise ModelError(f"the model {self.model.path.name} gave no result: {last_words()}")
            rows.append(np.ctypeslib.as_array(pointer, shape=(width,)).copy())
        return np.stack(rows) if rows else np.empty((0, width), np.float32)

    def close(self) -> None:
        """Free the memory."""
        if self._context:
            library().llama_free(self._context)
            self._context = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
