"""The weights and the vocabulary of a GGUF file: loading it, and telling texts as tokens."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import TYPE_CHECKING, Any, Self

from localsearch.engine.huge_pages import move_to_huge_pages
from localsearch.engine.mapped_memory import large_regions, let_go_of_file
from localsearch.engine.native import last_words, library
from localsearch.types import ModelError

if TYPE_CHECKING:
    from pathlib import Path


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
        repacks = extra_buffers and not vocabulary_only
        there_before = large_regions() if repacks else frozenset()
        self.handle: Any = llama.llama_model_load_from_file(os.fsencode(path), parameters)
        if not self.handle:
            raise ModelError(
                f"llama.cpp can't load the model {path}: {last_words()}",
                "The file may be damaged or too new for this version; add or pull it again.",
            )
        self._repacked = large_regions() - there_before if repacks else frozenset()
        if self._repacked:
            let_go_of_file(path)
        self._closes = threading.Event()
        self._settling: threading.Thread | None = None
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
        """Token ids of a text, which should be NFC; from any thread."""
        if not self.handle:
            raise ModelError(f"the model {self.path.name} is closed", "Load it again.")
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

    def settle(self) -> None:
        """Make long work faster, in the background: takes a core for seconds, once."""
        if self._settling is None and self._repacked:
            self._settling = threading.Thread(
                target=move_to_huge_pages, args=(self._repacked, self._closes), daemon=True
            )
            self._settling.start()

    def close(self) -> None:
        """Free the weights; the contexts must have been closed."""
        self._closes.set()
        if self._settling is not None:
            self._settling.join()
        if self.handle:
            library().llama_model_free(self.handle)
            self.handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
