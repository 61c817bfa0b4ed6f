"""Models and contexts of llama.cpp: loading, tokenising, and decoding packed batches.

llama.cpp ends the whole process when it's asked for more than a context holds, so every length is
checked here before it gets there.
"""

from __future__ import annotations

import ctypes
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from localsearch.engine.native import abort_check, ggml, last_words, library, usable_threads
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localsearch.types import FloatMatrix

# What llama_decode returns when the abort callback said so.
_ABORTED = 2


class Model:
    """The weights and the vocabulary of one GGUF file; contexts share it."""

    def __init__(
        self,
        path: Path,
        *,
        extra_buffers: bool = True,
        gpu_layers: int = -1,
        vocabulary_only: bool = False,
    ) -> None:
        self.path = path
        llama = library()
        parameters = llama.llama_model_default_params()
        parameters.use_extra_bufts = extra_buffers
        parameters.n_gpu_layers = gpu_layers
        parameters.vocab_only = vocabulary_only
        self.handle: Any = llama.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.handle:
            raise ModelError(
                f"llama.cpp can't load the model {path}: {last_words()}",
                "The file may be damaged or too new for this version; add or pull it again.",
            )
        self.vocabulary: Any = llama.llama_model_get_vocab(self.handle)
        self.architecture = self.metadata("general.architecture")
        self.width = int(llama.llama_model_n_embd(self.handle))
        self.trained_context = int(llama.llama_model_n_ctx_train(self.handle))
        self.vocabulary_size = int(llama.llama_vocab_n_tokens(self.vocabulary))

    def metadata(self, key: str) -> str:
        """A value of the file's header, "" where it has none."""
        buffer = ctypes.create_string_buffer(4096)
        length = library().llama_model_meta_val_str(self.handle, key.encode(), buffer, 4096)
        return buffer.value.decode("utf-8", "replace") if length >= 0 else ""

    def tokenize(
        self, text: str, *, add_special: bool = False, parse_special: bool = False
    ) -> list[int]:
        """Token ids of a text, which should be NFC."""
        llama = library()
        raw = text.encode("utf-8", "replace")
        room = len(raw) // 2 + 16
        while True:
            tokens = (llama.llama_token * room)()
            count = llama.llama_tokenize(
                self.vocabulary, raw, len(raw), tokens, room, add_special, parse_special
            )
            if count >= 0:
                return list(tokens[:count])
            room = -count

    def token_id(self, spelling: str) -> int | None:
        """The id of the token spelt so, special ones too; None where there's no such token."""
        tokens = self.tokenize(spelling, parse_special=True)
        return tokens[0] if len(tokens) == 1 else None

    def close(self) -> None:
        """Free the weights; the contexts must have been closed."""
        if self.handle:
            library().llama_model_free(self.handle)
            self.handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens of one sequence, from position `start` on; with `output`, the last one is read."""

    sequence: int
    tokens: Sequence[int]
    start: int = 0
    output: bool = True


Output = Literal["hidden", "pooled", "logits"]


class Context:
    """Working memory of a model for batches of up to `batch_tokens` in up to `max_sequences`.

    `output` says what is read of the flagged tokens: `hidden` the last hidden state (the head is
    never computed), `pooled` the model's pooled embedding of each sequence, `logits` the head's
    result. Used by one thread at a time; `abort` may be called from any other.
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
    ) -> None:
        self.model = model
        self.output = output
        self.batch_tokens = batch_tokens
        self.max_sequences = max_sequences
        self.context_tokens = context_tokens or batch_tokens
        llama = library()
        self._stop = ctypes.create_string_buffer(2)
        self._rows: list[FloatMatrix] = []
        # Both are called by llama.cpp for as long as the context lives.
        self._abort_check = ctypes.cast(abort_check(), llama.ggml_abort_callback)
        self._on_tensor = llama.ggml_backend_sched_eval_callback(self._take_hidden)
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = self.context_tokens
        parameters.n_batch = batch_tokens
        parameters.n_ubatch = min(ubatch_tokens, batch_tokens)
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
        self._context: Any = llama.llama_init_from_model(model.handle, parameters)
        if not self._context:
            raise ModelError(
                f"there is no memory to run the model {model.path.name}: {last_words()}",
                "Close other programs, or use a smaller model: localsearch models list",
            )
        self._batch = llama.llama_batch_init(batch_tokens, 0, 1)

    # Memory of past tokens

    def clear(self) -> None:
        """Forget all sequences."""
        llama = library()
        memory = llama.llama_get_memory(self._context)
        if memory:
            llama.llama_memory_clear(memory, True)

    def copy_sequence(self, source: int, target: int) -> None:
        """Let `target` begin with all that `source` holds; nothing is computed again."""
        llama = library()
        llama.llama_memory_seq_cp(llama.llama_get_memory(self._context), source, target, 0, -1)

    def remove_sequence(self, sequence: int, start: int = 0) -> None:
        """Forget a sequence from position `start` on."""
        llama = library()
        llama.llama_memory_seq_rm(llama.llama_get_memory(self._context), sequence, start, -1)

    # Decoding

    @contextmanager
    def abort_on(self, cancel: threading.Event | None) -> Iterator[None]:
        """While inside, a decode ends soon after `cancel` is set."""
        if cancel is None:
            yield
            return
        done = threading.Event()

        def watch() -> None:
            # A thread of its own, as llama.cpp must not need Python's lock to look.
            while not done.is_set():
                if cancel.wait(0.02):
                    self.abort()
                    return

        if cancel.is_set():
            raise CancelledError
        watcher = threading.Thread(target=watch, daemon=True, name="abort-watch")
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            self._stop[0] = b"\0"

    def abort(self) -> None:
        """End the decode that is running, from any thread."""
        self._stop[0] = b"\1"

    def decode(self, spans: Sequence[Span]) -> FloatMatrix:
        """Run the spans as one batch; a row for each span with `output`, in order, float32.

        Rows are `width` wide, or `vocabulary_size` for logits. Raises CancelledError after
        `abort`, and ValueError for more than the context takes.
        """
        import numpy as np

        count = sum(len(span.tokens) for span in spans)
        if not 0 < count <= self.batch_tokens:
            raise ValueError(f"{count} tokens in a batch of at most {self.batch_tokens}")
        self._fill(spans, count)
        self._rows.clear()
        code = library().llama_decode(self._context, self._batch)
        if code == _ABORTED:
            self.clear()
            self._stop[0] = b"\0"
            raise CancelledError
        if code != 0:
            self.clear()
            raise ModelError(
                f"the model {self.model.path.name} failed while it ran ({code}): {last_words()}",
                "Run it again; if that doesn't help, `localsearch models list` shows others.",
            )
        if self.output == "hidden":
            return np.concatenate(self._rows) if self._rows else np.empty((0, 0), np.float32)
        return self._read(spans)

    def _fill(self, spans: Sequence[Span], count: int) -> None:
        batch, at = self._batch, 0
        pooled = self.output == "pooled"
        for span in spans:
            end = len(span.tokens) - 1
            if not 0 <= span.sequence < self.max_sequences:
                raise ValueError(f"sequence {span.sequence} of {self.max_sequences}")
            if span.start + end >= self.context_tokens:
                raise ValueError(f"{span.start + end + 1} tokens in a row are too many")
            for offset, token in enumerate(span.tokens):
                batch.token[at] = token
                batch.pos[at] = span.start + offset
                batch.n_seq_id[at] = 1
                batch.seq_id[at][0] = span.sequence
                batch.logits[at] = pooled or (span.output and offset == end)
                at += 1
        batch.n_tokens = count

    def _take_hidden(self, tensor: int, ask: bool, _data: object) -> bool:
        """llama.cpp asks of each tensor whether we want it, then shows it; False ends the graph."""
        import numpy as np

        native = ggml()
        wanted = native.ggml_get_name(tensor) == b"result_norm"
        if ask or not wanted:
            return bool(wanted) if ask else True
        values = int(native.ggml_nelements(tensor))
        rows = np.empty((values // self.model.width, self.model.width), dtype=np.float32)
        native.ggml_backend_tensor_get(tensor, rows.ctypes.data, 0, values * 4)
        self._rows.append(rows)
        return False

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
            rows.append(np.ctypeslib.as_array(pointer, shape=(width,)).copy())
        return np.stack(rows)

    def close(self) -> None:
        """Free the memory."""
        if self._context:
            llama = library()
            llama.llama_batch_free(self._batch)
            llama.llama_free(self._context)
            self._context = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
